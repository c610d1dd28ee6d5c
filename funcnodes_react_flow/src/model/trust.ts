/** Whether the chosen worker's flow may run, as the worker says it. Pure. */
import { isObject } from "../rpc/json";

export interface Trust {
  /** True while the flow is shown and not run. */
  held: boolean;
  /** Why, in the worker's words; empty when it is not held. */
  reason: string;
  /** What would be installed and loaded. */
  packages: readonly string[];
}

export const TRUSTED: Trust = { held: false, reason: "", packages: [] };

/** Reads the worker's answer. One that is not understood holds nothing back: the worker itself does. */
export function toTrust(answer: unknown): Trust {
  if (!isObject(answer) || answer.held !== true) return TRUSTED;
  const listed = Array.isArray(answer.packages) ? answer.packages : [];
  return {
    held: true,
    reason: typeof answer.reason === "string" ? answer.reason : "",
    packages: listed.filter((name) => typeof name === "string"),
  };
}
