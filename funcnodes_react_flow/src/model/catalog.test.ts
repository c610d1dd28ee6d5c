// @vitest-environment node
import { describe, expect, it } from "vitest";
import { isNewer, offeredOf, ownedOf, toCatalog } from "./catalog";

describe("the catalog", () => {
  it("is read with its lists, and only web pages become links", () => {
    const catalog = toCatalog({
      installed: [{ name: "one", version: "1.0", homepage: "javascript:alert(1)" }],
      active: ["one", 7],
      available: [
        { nameless: true },
        { name: "two", summary: "short", description: "long", source: "https://example.org/two" },
        { name: "three", description: "a\\nb" },
      ],
    });
    expect(catalog).toEqual({
      installed: [{ name: "one", description: "", version: "1.0", homepage: "" }],
      asked: ["one"],
      available: [
        { name: "two", description: "short", version: "", homepage: "https://example.org/two" },
        { name: "three", description: "a\nb", version: "", homepage: "" },
      ],
    });
  });

  const catalog = toCatalog({
    installed: [
      { name: "b", version: "1.9.0" },
      { name: "along", version: "2.0" },
    ],
    active: ["b", "lost"],
    available: [{ name: "b", version: "1.10.0" }, { name: "c", summary: "for spectra" }, { name: "d" }],
  });

  it("tells what was asked for, what came along, what is missing, and what could be newer", () => {
    expect(ownedOf(catalog).map(({ name, asked, missing, newer }) => [name, asked, missing, newer])).toEqual([
      ["along", false, false, ""],
      ["b", true, false, "1.10.0"],
      ["lost", true, true, ""],
    ]);
  });

  it("offers what is not here and matches what was typed", () => {
    expect(offeredOf(catalog, "").map(({ name }) => name)).toEqual(["c", "d"]);
    expect(offeredOf(catalog, "SPECTRA").map(({ name }) => name)).toEqual(["c"]);
  });

  it.each([
    ["1.10", "1.9", true],
    ["1.0", "1", false],
    ["1.0", "1.0.1", false],
    ["2.0rc1", "1.0", false],
  ])("takes %s for newer than %s: %s", (version, than, newer) => {
    expect(isNewer(version, than)).toBe(newer);
  });
});
