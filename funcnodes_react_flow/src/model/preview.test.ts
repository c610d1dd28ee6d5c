// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { Json } from "../wire/generated";
import type { Preview } from "./feed";
import { numberText } from "./numberText";
import { lineOf, shown, tableOf } from "./preview";

function json(value: Json, more: Partial<Preview> = {}): Preview {
  return { mime: "application/json", value, cut: false, type: "", ...more };
}

const table = {
  columns: ["x", "y"],
  index: [0, 1],
  data: [
    [1, 2.5],
    ["a", null],
  ],
};

describe("what is shown of a value", () => {
  it.each<[Preview | null | undefined, string, string]>([
    [undefined, "nothing", ""],
    [null, "nothing", ""],
    [json(null), "scalar", "None"],
    [json(true), "scalar", "True"],
    [json(0.1 + 0.2), "scalar", "0.3"],
    [json("two\nlines"), "text", "two\nlines"],
    [json([1, { a: 2 }]), "tree", '[1,{"a":2}]'],
    [json(table), "table", "2 × 2 table"],
    [json("data:image/png;base64,AAAA"), "image", "image"],
    [{ mime: "image/png", data: "AAAA", cut: false, type: "" }, "image", "image"],
    [
      { mime: "application/octet-stream", data: "AAAAAAAA", cut: true, type: "bytes" },
      "bytes",
      "6 bytes (beginning) of application/octet-stream",
    ],
    [
      { mime: "application/octet-stream", data: "AAAAAA==", cut: false, type: "bytes" },
      "bytes",
      "4 bytes of application/octet-stream",
    ],
    [json(null, { type: "float", summary: "-inf" }), "scalar", "-inf"],
    [json([0, 1], { cut: true, summary: "1,000 items" }), "tree", "1,000 items: [0,1…"],
    [json(table, { cut: true, summary: "250,000 × 2" }), "table", "250,000 × 2 table"],
    [json(table, { cut: true, summary: "3 keys" }), "table", "table"],
    [{ mime: "text/plain", cut: false, type: "Big", tooSlow: true }, "bytes", "Big: shown on request"],
    [{ mime: "text/plain", cut: false, type: "" }, "nothing", ""],
  ])("%j is %s", (preview, kind, line) => {
    expect([shown(preview).kind, lineOf(preview)]).toEqual([kind, line]);
  });

  it("never makes a picture of text that only speaks of one", () => {
    expect(shown(json("data:text/html;base64,AAAA")).kind).toBe("text");
  });

  it("says that there is more", () => {
    expect(shown(json([1], { cut: true }))).toEqual({ kind: "tree", value: [1], cut: true });
  });
});

describe("a table", () => {
  it("is read from its split form, with row numbers where it has no index", () => {
    expect(tableOf({ columns: ["x"], data: [[1], [2]] })).toEqual({
      columns: ["x"],
      index: ["0", "1"],
      rows: [[1], [2]],
    });
  });

  it.each<Json>([{ columns: ["x"] }, { columns: ["x"], data: [1] }, [[1]], "x"])("is none: %j", (value) => {
    expect(tableOf(value)).toBeNull();
  });
});

it.each([
  [7, "7"],
  [-0.5, "-0.5"],
  [1 / 3, "0.3333333333"],
  [1e21, "1e+21"],
])("writes %d as %s", (value, text) => {
  expect(numberText(value)).toBe(text);
});
