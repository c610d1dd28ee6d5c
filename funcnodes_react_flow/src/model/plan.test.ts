// @vitest-environment node
import { describe, expect, it } from "vitest";
import { titleOf, toPlan } from "./plan";
import { splitVersion } from "./requirement";

describe("a plan for an environment", () => {
  it("is read line by line", () => {
    const told = {
      added: [{ name: "numpy", version: "2.1", size: 1000 }, { version: "nameless" }],
      changed: [{ name: "scipy", before: "1.0", after: "1.1", size: null }],
      removed: [{ name: "old", version: "0.1" }],
      download: 1000,
      live: true,
      modules: ["numpy"],
      conflicts: [],
    };
    expect(toPlan(told)).toEqual({
      lines: [
        { kind: "added", name: "numpy", version: "2.1", size: 1000 },
        { kind: "changed", name: "scipy", version: "1.0 → 1.1", size: null },
        { kind: "removed", name: "old", version: "0.1", size: null },
      ],
      download: 1000,
      live: true,
      modules: ["numpy"],
      conflicts: [],
    });
    expect(toPlan(null)).toEqual({ lines: [], download: 0, live: false, modules: [], conflicts: [] });
  });

  it.each([
    [{ install: [{ package: "a" }] }, "Add a"],
    [{ install: [{ package: "a", version: "<2" }] }, "Add a<2"],
    [{ remove: ["a"] }, "Remove a"],
    [{ upgrade: ["a", "b"] }, "Upgrade a, b"],
    [{ upgrade: true as const }, "Upgrade everything"],
  ])("of %o is called %s", (change, title) => {
    expect(titleOf(change)).toBe(title);
  });
});

describe("what is typed to name a package", () => {
  it.each([
    ["funcnodes-numpy", { name: "funcnodes-numpy", version: null }],
    [" a >= 1.2 ", { name: "a", version: ">=1.2" }],
    [" /data/funcnodes bench ", { name: "/data/funcnodes bench", version: null }],
    ["C:\\bench", { name: "C:\\bench", version: null }],
    ["a b", null],
    ["", null],
  ])("“%s”", (text, meant) => {
    expect(splitVersion(text)).toEqual(meant);
  });
});
