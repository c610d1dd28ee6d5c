/** The end of a worker's log, as the manager tells it. Pure. */
import { isObject } from "../rpc/json";

/** How much of a log a window keeps. */
export const MOST_LINES = 2000;

/** Reads lines of a log; of another worker, or what is none: nothing. */
export function toLines(told: unknown, worker: string | null = null): readonly string[] {
  if (!isObject(told) || !Array.isArray(told.lines)) return [];
  if (worker !== null && told.workerid !== worker) return [];
  return told.lines.filter((line: unknown) => typeof line === "string");
}

export function withLines(before: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? before : [...before, ...more].slice(-MOST_LINES);
}
