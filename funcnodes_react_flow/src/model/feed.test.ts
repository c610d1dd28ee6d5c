// @vitest-environment node
import { describe, expect, it } from "vitest";
import {
  EMPTY_FEED,
  failureText,
  heldText,
  IDLE,
  isHeld,
  mergeFeed,
  toFeed,
  toFullValue,
  toPreview,
  toProgress,
} from "./feed";

describe("a feed message", () => {
  it("is read whole", () => {
    const feed = toFeed({
      states: {
        a: {
          status: "failed",
          run: 3,
          error: { message: "no", traceback: ["one", "two"], kind: "ValueError" },
          progress: null,
          blocked_by: "b",
          notice: "it ran in a thread",
          figures: { runs: 3, last_s: 0.5, total_s: 2, queue_s: 0.1, reason: "asked by user" },
          kept: true,
        },
      },
      values: { a: { out: { mime: "application/json", value: [1], cut: true, type: "list" }, none: null } },
      ports: { a: [{ id: "x", is_input: true }] },
    });
    expect(feed).toEqual({
      states: {
        a: {
          status: "failed",
          run: 3,
          error: { message: "no", traceback: ["one", "two"], kind: "ValueError" },
          progress: null,
          blockedBy: "b",
          notice: "it ran in a thread",
          figures: { runs: 3, last: 0.5, total: 2, queue: 0.1, reason: "asked by user" },
          kept: true,
        },
      },
      values: { a: { out: { mime: "application/json", value: [1], cut: true, type: "list" }, none: null } },
      ports: { a: [{ id: "x", is_input: true }] },
    });
  });

  it("loses only what is odd in it, and no other node", () => {
    const feed = toFeed({
      states: { a: 7, b: { status: "unheard of", error: {} } },
      values: { a: "x", b: { odd: { value: 1 }, fine: null } },
      ports: { a: [{ no: "id" }], b: [] },
    });
    expect(feed.states).toEqual({
      b: { ...IDLE, error: { message: "The node failed.", traceback: [], kind: "" } },
    });
    expect(feed.values).toEqual({ a: {}, b: { fine: null } });
    expect(feed.ports).toEqual({ b: [] });
  });

  it.each([null, undefined, 3, "text", []])("is empty when it is none: %j", (message) => {
    expect(toFeed(message)).toEqual(EMPTY_FEED);
  });
});

describe("the newest of two feeds", () => {
  const older = toFeed({
    states: { a: { status: "running" }, b: { status: "idle" } },
    values: { a: { x: null, y: { mime: "text/plain", value: "old" } }, b: { x: null } },
  });

  it("wins per node and per port, and what it does not name keeps its identity", () => {
    const merged = mergeFeed(older, toFeed({ values: { a: { y: { mime: "text/plain", value: "new" } } } }));
    expect(merged.values.a).toEqual({
      x: null,
      y: { mime: "text/plain", value: "new", cut: false, type: "" },
    });
    expect(merged.values.b).toBe(older.values.b);
    expect(merged.states).toBe(older.states);
  });

  it("takes a value away with null", () => {
    const merged = mergeFeed(older, toFeed({ values: { a: { y: null } } }));
    expect(merged.values.a).toEqual({ x: null, y: null });
  });

  it("changes only the states it names", () => {
    const merged = mergeFeed(older, toFeed({ states: { a: { status: "idle", run: 2 } } }));
    expect(merged.states.a?.run).toBe(2);
    expect(merged.states.b).toBe(older.states.b);
    expect(merged.values).toBe(older.values);
  });
});

describe("progress of a run", () => {
  it.each([
    [
      { n: 3, total: 12, prefix: "Reading" },
      { text: "Reading 3 / 12", fraction: 0.25 },
    ],
    [
      { n: 3, total: null, unit: "rows" },
      { text: "3 rows", fraction: null },
    ],
    [
      { n: 9, total: 3, prefix: "" },
      { text: "9 / 3", fraction: 1 },
    ],
    [{ n: 0, total: 1, prefix: "idle" }, null],
    [{ total: 4 }, null],
    [null, null],
  ])("%j", (sent, read) => {
    expect(toProgress(sent)).toEqual(read);
  });
});

describe("values", () => {
  it("say when they are shown on request only", () => {
    expect(toPreview({ mime: "text/plain", too_slow: true, type: "Big" })).toEqual({
      mime: "text/plain",
      cut: false,
      type: "Big",
      tooSlow: true,
    });
  });

  it("come whole as JSON, as text in any script, as bytes", () => {
    const encoded = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    const whole = { cut: false, type: "" };
    expect(toFullValue({ mime: "application/json", data: encoded('{"ä": [1]}') })).toEqual({
      ...whole,
      mime: "application/json",
      value: { ä: [1] },
    });
    expect(toFullValue({ mime: "text/plain", data: encoded("Grüße 値") })).toEqual({
      ...whole,
      mime: "text/plain",
      value: "Grüße 値",
    });
    expect(toFullValue({ mime: "image/png", data: "AAAA" })).toEqual({
      ...whole,
      mime: "image/png",
      data: "AAAA",
    });
  });

  it("are none when the port has none", () => {
    expect(toFullValue({ mime: "application/json", data: btoa('"<NoValue>"') })).toBeNull();
    expect(toFullValue({ mime: "application/json" })).toBeNull();
    expect(toFullValue(null)).toBeNull();
  });
});

describe("a held node", () => {
  const error = { message: "held: it ran 2 times; change the node", traceback: [], kind: "Held" };

  it("is none that failed", () => {
    expect([isHeld({ status: "failed", error }), isHeld({ status: "failed", error: null })]).toEqual([
      true,
      false,
    ]);
    expect(isHeld({ status: "idle", error })).toBe(false);
  });

  it("says why in few words", () => {
    expect(heldText(error.message)).toBe("Held: it ran 2 times; change the node");
    expect(heldText("held: the worker was started in safe mode, which runs nothing; change it")).toBe(
      "Held: safe mode runs nothing",
    );
  });
});

describe("a failure", () => {
  it.each([
    ["division by zero", "ZeroDivisionError", "division by zero"],
    ["'what'", "KeyError", "KeyError: 'what'"],
    ["", "AssertionError", "AssertionError"],
    [" ", "", "It failed without a word"],
  ])("“%s” of %s reads “%s”", (message, kind, text) => {
    expect(failureText({ message, kind })).toBe(text);
  });
});
