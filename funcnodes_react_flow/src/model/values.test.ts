// @vitest-environment node
import { describe, expect, it } from "vitest";
import { controlOf } from "./control";
import { isPathType, matching, sizeText, toFiles, uploadMetadata } from "./files";
import { fileNameOf, hasWindow, missingPages, summaryOf, toInfo, toWindow } from "./values";

const FRAME = {
  generation: "g-1",
  kind: "table",
  type: "DataFrame",
  rows: 2000000,
  total_columns: 3,
  columns: [{ name: "a", dtype: "int64" }],
  formats: ["json", "csv", 5],
};

describe("what a worker says about a value", () => {
  it("is read part by part, and odd parts are left out", () => {
    const info = toInfo(FRAME);
    expect(info && hasWindow(info)).toBe(true);
    expect(info?.formats).toEqual(["json", "csv"]);
    expect(info && summaryOf(info)).toBe("DataFrame · 2,000,000 × 3");
    expect(toInfo({ kind: "table" })).toBeNull();
    expect(toInfo(null)).toBeNull();
  });

  it("tells a picture and a plain text from a table", () => {
    const picture = toInfo({
      generation: "g",
      kind: "array",
      rows: 4,
      shape: [4, 4, 3],
      dtype: "uint8",
      image: true,
    });
    expect(picture?.isImage).toBe(true);
    const text = toInfo({ generation: "g", kind: "text", type: "str", length: 3 });
    expect(text && hasWindow(text)).toBe(false);
  });

  it("gives windows their place among the rows", () => {
    const window = toWindow({
      generation: "g",
      rows: [400, 402],
      places: [1],
      index: ["r400", "r401"],
      columns: [{ name: "b", dtype: "", values: [1, null] }, "odd"],
    });
    expect(window).toEqual({
      generation: "g",
      start: 400,
      places: [1],
      index: ["r400", "r401"],
      columns: [{ name: "b", dtype: "", values: [1, null] }],
    });
    expect(toWindow({ rows: "x" })).toBeNull();
  });

  it("asks for each page once", () => {
    expect(missingPages(150, 450, new Set([1]))).toEqual([0, 2]);
    expect(missingPages(0, -1, new Set())).toEqual([0]);
  });

  it("names a download after node and port", () => {
    expect(fileNameOf("My node/1", "out", "text")).toBe("My-node-1-out.txt");
  });
});

describe("files", () => {
  it("are chosen for inputs that take a path", () => {
    for (const type of ["pathlib.Path", "Path", "PosixPath", { anyOf: ["None", "pathlib.PurePath"] }]) {
      expect(isPathType(type)).toBe(true);
    }
    for (const type of ["str", "datapath", "PathLike", { type: "array", items: "pathlib.Path" }]) {
      expect(isPathType(type)).toBe(false);
    }
    expect(controlOf({ id: "p", is_input: true, type: "pathlib.Path" })).toEqual({ kind: "file" });
  });

  it("are listed without their folders and found by the words typed", () => {
    const files = toFiles({
      files: [
        { path: "a", size: 0, modified: 1, folder: true },
        { path: "a/Data one.csv", size: 5, modified: 1 },
        { path: "b.txt", size: 5, modified: 1 },
      ],
    });
    expect(matching(files, "csv data").map((file) => file.path)).toEqual(["a/Data one.csv"]);
    expect(matching(files, "")).toHaveLength(2);
  });

  it("have sizes a person reads", () => {
    expect([0, 999, 1500, 2_500_000, 3e12].map(sizeText)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.5 KB",
      "2.5 MB",
      "3.0 TB",
    ]);
  });

  it("carry names of any language in the headers of an upload", () => {
    expect(uploadMetadata({ path: "é.txt", replace: "no" })).toBe("path w6kudHh0,replace bm8=");
  });
});
