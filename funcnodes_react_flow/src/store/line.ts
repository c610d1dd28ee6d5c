/** The line to the chosen worker, for the stores that ask it something. */
import type { Channel } from "../rpc/channel";

let line: Channel | null = null;

/** Called by the graph store, which opens and closes the conversation. */
export function setLine<Line extends Channel | null>(channel: Line): Line {
  line = channel;
  return channel;
}

/** Asks the worker something that changes no document. */
export function ask(method: string, params: object, repeatable = false): Promise<unknown> {
  return line ? line.call(method, params, { repeatable }) : Promise.reject(new Error("No worker is open."));
}
