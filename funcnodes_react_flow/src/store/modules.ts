/** The environment of a worker: its modules, and changes of it that are planned, shown, and then made or not. */
import { create } from "zustand";
import { type Catalog, toCatalog } from "../model/catalog";
import { toNotice } from "../model/fleet";
import { type Change, type Plan, titleOf, toPlan } from "../model/plan";
import { messageOf } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { askManager } from "./line";

/** A change on its way: first what it would do, then, when the user says so, how it goes. */
export interface Job {
  readonly worker: string;
  readonly title: string;
  /** null: the environment is built once more, as it is. */
  readonly change: Change | null;
  readonly phase: "planning" | "planned" | "running" | "ready" | "failed";
  readonly plan: Plan | null;
  /** Every line the manager said, the newest last. */
  readonly lines: readonly string[];
  readonly fraction: number;
}

interface Modules {
  /** null: not read yet. */
  catalog: Catalog | null;
  /** Why the list of modules is not the newest one; empty when it is. */
  statement: string;
  job: Job | null;
}

export const useModules = create<Modules>(() => ({ catalog: null, statement: "", job: null }));

const { setState, getState } = useModules;

/** Reads the modules of a worker anew. A job of another worker is not shown here; one that runs, runs on. */
export function openModules(worker: string): void {
  setState(({ job }) => ({ catalog: null, statement: "", job: job?.worker === worker ? job : null }));
  void loadCatalog(worker);
}

export async function loadCatalog(worker: string): Promise<void> {
  try {
    const answer = await askManager("catalog", { workerid: worker });
    const statement = isObject(answer) && typeof answer.statement === "string" ? answer.statement : "";
    setState({ catalog: toCatalog(answer), statement });
  } catch (error) {
    setState({ catalog: { installed: [], asked: [], available: [] }, statement: messageOf(error) });
  }
}

/** Works out what a change would do. Nothing is changed. */
export async function planChange(worker: string, change: Change): Promise<void> {
  if (getState().job?.phase === "running") return;
  const job: Job = { ...begun(worker, titleOf(change)), change };
  setState({ job });
  try {
    const plan = toPlan(await askManager("plan", { workerid: worker, ...change }));
    if (getState().job?.change === change) advance({ phase: "planned", plan });
  } catch (error) {
    if (getState().job?.change === change) finish("failed", messageOf(error));
  }
}

/** Makes the planned change: all of it or nothing. */
export async function applyPlan(): Promise<void> {
  const { job } = getState();
  if (job?.phase !== "planned" || !job.change) return;
  advance({ phase: "running", lines: [], fraction: 0 });
  await carryOut(job.worker, "apply", { ...job.change });
}

/** Builds the environment once more from its lock, and says what was damaged. */
export async function repair(worker: string): Promise<void> {
  if (getState().job?.phase === "running") return;
  setState({ job: { ...begun(worker, "Repair the environment"), phase: "running" } });
  await carryOut(worker, "repair", {});
}

function begun(worker: string, title: string): Job {
  return { worker, title, change: null, phase: "planning", plan: null, lines: [], fraction: 0 };
}

async function carryOut(worker: string, method: "apply" | "repair", params: object): Promise<void> {
  try {
    const answer = await askManager(method, { workerid: worker, ...params });
    finish("ready", method === "repair" ? damageOf(answer) : "Done.");
  } catch (error) {
    finish("failed", messageOf(error));
  }
  await loadCatalog(worker);
}

function damageOf(answer: unknown): string {
  const damaged = isObject(answer) && isObject(answer.damaged) ? Object.keys(answer.damaged) : [];
  return damaged.length === 0
    ? "Nothing was damaged; the environment was built once more."
    : `Damaged files were found in ${damaged.join(", ")} and replaced.`;
}

function advance(change: Partial<Job>): void {
  setState(({ job }) => ({ job: job && { ...job, ...change } }));
}

function finish(phase: "ready" | "failed", line: string): void {
  setState(({ job }) => ({ job: job && { ...job, phase, fraction: 1, lines: withLine(job.lines, line) } }));
}

/** Called by the fleet store for every progress message of the manager. */
export function heardProgress(params: unknown): void {
  const notice = toNotice(params);
  if (!notice) return;
  setState(({ job }) => {
    if (!job || job.worker !== notice.workerid || !["planning", "running"].includes(job.phase)) return {};
    const fraction = Math.max(job.fraction, notice.progress);
    return { job: { ...job, lines: withLine(job.lines, notice.message), fraction } };
  });
}

const MOST_LINES = 200;

function withLine(lines: readonly string[], line: string): readonly string[] {
  return lines.at(-1) === line ? lines : [...lines, line].slice(-MOST_LINES);
}

export function forgetJob(): void {
  setState(({ job }) => (job?.phase === "running" ? {} : { job: null }));
}
