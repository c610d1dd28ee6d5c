/** What a node's runs have cost and why it ran last, in words. Pure. */
import { isObject } from "../rpc/json";

/** Seconds, as the worker counts them. */
export interface Figures {
  runs: number;
  last: number;
  total: number;
  queue: number;
  /** "input `b` changed", "asked by user", …; empty before any run. */
  reason: string;
}

export const NO_RUNS: Figures = { runs: 0, last: 0, total: 0, queue: 0, reason: "" };

export function toFigures(value: unknown): Figures {
  if (!isObject(value)) return NO_RUNS;
  const number = (found: unknown) => (typeof found === "number" ? found : 0);
  return {
    runs: number(value.runs),
    last: number(value.last_s),
    total: number(value.total_s),
    queue: number(value.queue_s),
    reason: typeof value.reason === "string" ? value.reason : "",
  };
}

/** "Ran 12 times, last 3.1 ms, because input `b` changed"; empty before any run. */
export function sentenceOf({ runs, last, reason }: Figures): string {
  if (runs === 0) return "";
  const times = runs === 1 ? "once" : `${runs.toLocaleString("en")} times`;
  const because = reason === "" ? "" : `, because ${asCause(reason)}`;
  return `Ran ${times}, last ${duration(last)}${because}`;
}

/** The worker says what happened; "asked by user" and "made with all it needs" need a subject to follow "because". */
function asCause(reason: string): string {
  return /^(asked|made) /.test(reason) ? `it was ${reason}` : reason;
}

const STEPS: readonly (readonly [number, number, string])[] = [
  [1e-3, 1e6, "µs"],
  [1, 1e3, "ms"],
  [60, 1, "s"],
];

/** Two digits that count: "3.1 ms", "45 s", "2 min 5 s". */
export function duration(seconds: number): string {
  for (const [below, factor, unit] of STEPS) {
    if (seconds < below) {
      const amount = seconds * factor;
      return `${amount < 10 ? Number(amount.toFixed(1)) : Math.round(amount)} ${unit}`;
    }
  }
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
