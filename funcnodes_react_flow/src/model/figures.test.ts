// @vitest-environment node
import { describe, expect, it } from "vitest";
import { duration, NO_RUNS, sentenceOf, toFigures } from "./figures";

describe("what is said of a node's runs", () => {
  it.each([
    [12, 0.0031, "input `b` changed", "Ran 12 times, last 3.1 ms, because input `b` changed"],
    [1, 0, "asked by user", "Ran once, last 0 µs, because it was asked by user"],
    [1200, 75.2, "", "Ran 1,200 times, last 1 min 15 s"],
    [1, 1.5, "made with all it needs", "Ran once, last 1.5 s, because it was made with all it needs"],
    [1, 1.5, "the graph was opened", "Ran once, last 1.5 s, because the graph was opened"],
  ])("%d runs of %d s: %s", (runs, last, reason, said) => {
    expect(sentenceOf({ ...NO_RUNS, runs, last, reason })).toBe(said);
  });

  it("is nothing before the first run", () => expect(sentenceOf(NO_RUNS)).toBe(""));

  it("is read from the feed, and what is no figure is none", () => {
    const told = { runs: 2, last_s: 0.5, total_s: 1, queue_s: 0.1, reason: "asked by user" };
    expect(toFigures(told)).toEqual({ runs: 2, last: 0.5, total: 1, queue: 0.1, reason: "asked by user" });
    expect(toFigures({ runs: "2", reason: 7 })).toEqual(NO_RUNS);
    expect(toFigures(null)).toEqual(NO_RUNS);
  });
});

describe("a time", () => {
  it.each([
    [0.00001234, "12 µs"],
    [0.0000042, "4.2 µs"],
    [0.0999, "100 ms"],
    [9.96, "10 s"],
    [59.7, "60 s"],
    [119.9, "2 min 0 s"],
  ])("of %d s is %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});
