/** The worker's history as it is told: what was done, by whom, whether it is undone. Pure. */
import { isObject } from "../rpc/json";

export interface HistoryStep {
  /** The graph after this step is that of this revision. */
  readonly revision: number;
  readonly time: number;
  readonly author: string;
  readonly title: string;
  readonly kind: "edit" | "restore" | "undo" | "redo";
  readonly undone: boolean;
}

/** A line of history: one that a replaced file has ended, or the current one. */
export interface HistoryLine {
  readonly epoch: string;
  readonly begun: number;
  readonly last: number;
  readonly current: boolean;
}

export interface HistoryPage {
  readonly epoch: string;
  readonly steps: readonly HistoryStep[];
  readonly more: boolean;
  readonly lines: readonly HistoryLine[];
}

/** Reads the answer to `history`; lines it does not understand are left out. */
export function toHistoryPage(answer: unknown): HistoryPage {
  const page = isObject(answer) ? answer : {};
  return {
    epoch: String(page.epoch ?? ""),
    steps: listOf(page.steps, toStep),
    more: page.more === true,
    lines: listOf(page.epochs, toLine),
  };
}

function listOf<Item>(value: unknown, read: (item: unknown) => Item | null): readonly Item[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => read(item) ?? []);
}

const KINDS: readonly HistoryStep["kind"][] = ["edit", "restore", "undo", "redo"];

function toStep(value: unknown): HistoryStep | null {
  if (!isObject(value) || typeof value.revision !== "number") return null;
  const title = typeof value.title === "string" && value.title !== "" ? value.title : "changed the graph";
  return {
    revision: value.revision,
    time: typeof value.time === "number" ? value.time : 0,
    author: String(value.author),
    title: title.charAt(0).toUpperCase() + title.slice(1),
    kind: KINDS.find((kind) => kind === value.kind) ?? "edit",
    undone: value.undone === true,
  };
}

function toLine(value: unknown): HistoryLine | null {
  if (!isObject(value) || typeof value.epoch !== "string") return null;
  return {
    epoch: value.epoch,
    begun: typeof value.begun === "number" ? value.begun : 0,
    last: typeof value.last === "number" ? value.last : 0,
    current: value.current === true,
  };
}
