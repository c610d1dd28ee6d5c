import { describe, expect, it } from "vitest";
import { toHistoryPage } from "./history";

describe("the worker's history", () => {
  it("is read with what is understood of it", () => {
    const step = {
      revision: 5,
      first: 2,
      time: 12.5,
      author: "me",
      title: "moved Add",
      kind: "edit",
      undone: true,
    };
    const line = { epoch: "e", begun: 1, reason: "new", first: 0, last: 5, current: true };

    expect(
      toHistoryPage({ epoch: "e", steps: [step, 7, { title: "x" }], more: true, epochs: [line] }),
    ).toEqual({
      epoch: "e",
      steps: [{ revision: 5, time: 12.5, author: "me", title: "Moved Add", kind: "edit", undone: true }],
      more: true,
      lines: [{ epoch: "e", begun: 1, last: 5, current: true }],
    });
    expect(toHistoryPage(null)).toEqual({ epoch: "", steps: [], more: false, lines: [] });
  });

  it("calls a change of an older journal something", () => {
    const [step] = toHistoryPage({ steps: [{ revision: 1, title: "" }] }).steps;
    expect(step?.title).toBe("Changed the graph");
  });
});
