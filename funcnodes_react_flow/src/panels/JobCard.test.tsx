import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { Plan } from "../model/plan";
import type { Job } from "../store/modules";
import { JobCard } from "./JobCard";

const PLAN: Plan = {
  lines: [
    { kind: "added", name: "funcnodes-numpy", version: "0.3", size: 2_000_000 },
    { kind: "changed", name: "scipy", version: "1.0 → 1.1", size: null },
    { kind: "removed", name: "old", version: "0.1", size: null },
  ],
  download: 2_000_000,
  live: false,
  modules: ["funcnodes-numpy"],
  conflicts: [],
};

function job(change: Partial<Job>): Job {
  return {
    worker: "w",
    title: "Add funcnodes-numpy",
    change: { install: [{ package: "funcnodes-numpy" }] },
    phase: "planned",
    plan: PLAN,
    lines: [],
    fraction: 0,
    ...change,
  };
}

function shown(change: Partial<Job>): string {
  render(<JobCard job={job(change)} />);
  return screen.getByTestId("module-progress").textContent ?? "";
}

afterEach(cleanup);

describe("a planned change", () => {
  it("shows what comes, changes and goes, what is to download, and what becomes of the worker", () => {
    const text = shown({});
    for (const said of ["funcnodes-numpy0.3nodes2.0 MB", "1.0 → 1.1", "old0.1", "2.0 MB to download"])
      expect(text).toContain(said);
    expect(text).toContain("starts again with its graph");
    expect(screen.getByLabelText("comes")).toBeDefined();
    expect(screen.getByTestId("module-apply")).toBeDefined();
  });

  it("that cannot be says why and offers nothing to apply", () => {
    const why = "a needs numpy<2, b needs numpy>=2: they cannot share one worker; make a second";
    expect(shown({ plan: { ...PLAN, lines: [], conflicts: [why] } })).toContain(why);
    expect(screen.queryByTestId("module-apply")).toBeNull();
  });

  it("that changes nothing says so", () => {
    expect(shown({ plan: { ...PLAN, lines: [] } })).toContain("nothing would change");
    expect(screen.queryByTestId("module-apply")).toBeNull();
  });

  it("that upgrades everything says what stays", () => {
    const text = shown({ change: { upgrade: true }, plan: { ...PLAN, lines: [] } });
    expect(text).toContain("asked for at an exact version keeps it");
  });

  it("that could not be done says that nothing has changed, and why", () => {
    const text = shown({ phase: "failed", plan: null, lines: ["Resolving", "there is no such package"] });
    expect(text).toContain("this could not be done. Nothing has changed.");
    expect(text).toContain("there is no such package");
  });

  it("on its way shows its lines", () => {
    expect(shown({ phase: "running", lines: ["Downloading numpy"] })).toContain("Downloading numpy");
    expect(screen.getByRole("progressbar")).toBeDefined();
  });
});
