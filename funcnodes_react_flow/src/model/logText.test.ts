// @vitest-environment node
import { describe, expect, it } from "vitest";
import { MOST_LINES, toLines, withLines } from "./logText";

describe("a worker's log", () => {
  it("is read line by line, that of another worker not", () => {
    expect(toLines({ lines: ["a", 1, "b"] })).toEqual(["a", "b"]);
    expect(toLines({ workerid: "w", lines: ["a"] }, "w")).toEqual(["a"]);
    expect(toLines({ workerid: "v", lines: ["a"] }, "w")).toEqual([]);
    expect(toLines(null)).toEqual([]);
  });

  it("keeps its end", () => {
    const many = Array.from({ length: MOST_LINES }, (_, place) => String(place));
    expect(withLines(many, ["last"])).toHaveLength(MOST_LINES);
    expect(withLines(many, ["last"]).at(-1)).toBe("last");
    expect(withLines(many, [])).toBe(many);
  });
});
