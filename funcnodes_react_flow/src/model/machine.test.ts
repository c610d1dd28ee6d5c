// @vitest-environment node
import { describe, expect, it } from "vitest";
import {
  bytesText,
  limitText,
  readLimit,
  spanText,
  toEnds,
  toLimits,
  toMachineFigures,
  toPolicy,
} from "./machine";

describe("what a worker uses", () => {
  it("is read for the workers it is told of", () => {
    const told = { workers: { w: { cpu: 12.5, memory: 2048, threads: 7, uptime: 3.5 }, broken: null } };
    expect(toMachineFigures(told)).toEqual({ w: { cpu: 12.5, memory: 2048, threads: 7, uptime: 3.5 } });
    expect(toMachineFigures(null)).toEqual({});
  });

  it.each([
    [512, "0.5 KiB"],
    [50 * 1024 ** 2, "50 MiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
    [312.4 * 1024 ** 2, "312 MiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0.4, "0 s"],
    [59, "59 s"],
    [3600, "1 h"],
    [3725, "1 h 2 min"],
    [200_000, "2 d 7 h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });
});

describe("limits", () => {
  it("are read with what is not set", () => {
    expect(toLimits({ limits: { cpu: 1.5, memory_hard: "?" } })).toEqual({
      memory_soft: null,
      memory_hard: null,
      cpu: 1.5,
      open_files: null,
    });
  });

  it.each([
    [4 * 1024 ** 3, "4 GiB"],
    [2 * 10 ** 9, "2 GB"],
    [512 * 1024 ** 2, "512 MiB"],
    [12345, "12345"],
  ])("of %d bytes are written %s, which means the same", (bytes, text) => {
    expect(limitText("memory_hard", bytes)).toBe(text);
  });

  it.each([
    ["memory_soft", " 2 GB ", "2 GB"],
    ["memory_soft", "1048576", 1048576],
    ["memory_soft", "", null],
    ["cpu", "1,5", 1.5],
    ["open_files", "many", "many"],
  ] as const)("%s of “%s” is %s", (name, text, meant) => {
    expect(readLimit(name, text)).toBe(meant);
  });
});

describe("ends and policies", () => {
  it("are read with what is understood of them", () => {
    const end = { at: 5, sentence: "killed by signal 9", followed: "started again", node: "n" };
    expect(toEnds({ ends: [end, { at: 1 }, { sentence: "ended" }] })).toEqual([
      end,
      { at: 0, sentence: "ended", followed: "", node: null },
    ]);
    expect([toPolicy("always"), toPolicy("sometimes")]).toEqual(["always", "never"]);
  });
});
