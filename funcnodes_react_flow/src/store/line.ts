/** The lines to the manager and to the chosen worker, for the stores that ask them something. */
import type { Channel } from "../rpc/channel";

let line: Channel | null = null;
let managerLine: Channel | null = null;

/** Called by the graph store, which opens and closes the conversation. */
export function setLine<Line extends Channel | null>(channel: Line): Line {
  line = channel;
  return channel;
}

/** Called by the fleet store, which opens and closes the conversation. */
export function setManagerLine(channel: Channel): Channel {
  managerLine = channel;
  return channel;
}

/** Asks the worker something that changes no document. */
export function ask(method: string, params: object, repeatable = false): Promise<unknown> {
  return line ? line.call(method, params, { repeatable }) : Promise.reject(new Error("No worker is open."));
}

export function askManager(method: string, params: object): Promise<unknown> {
  return managerLine
    ? managerLine.call(method, params)
    : Promise.reject(new Error("There is no connection to the manager."));
}
