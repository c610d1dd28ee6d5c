/** What workers use of their machine, while somebody looks; their limits, ends, and the settings of the open one. */
import { create } from "zustand";
import {
  type End,
  type LimitName,
  type Limits,
  type MachineFigures,
  type Policy,
  toEnds,
  toLimits,
  toMachineFigures,
} from "../model/machine";
import { messageOf } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { ask, askManager } from "./line";
import { toast } from "./view";

interface Machine {
  /** By worker, the newest last. */
  figures: Readonly<Record<string, readonly MachineFigures[]>>;
}

export const useMachine = create<Machine>(() => ({ figures: {} }));
const { setState } = useMachine;

/** A minute, at one reading a second. */
const MOST_READINGS = 60;
let watchers = 0;

export function isWatchingFigures(): boolean {
  return watchers > 0;
}

/** From now on figures come once a second, until what is returned is called. */
export function watchFigures(): () => void {
  watchers += 1;
  if (watchers === 1) tellWish(true);
  return () => {
    watchers -= 1;
    if (watchers > 0) return;
    tellWish(false);
    setState({ figures: {} });
  };
}

function tellWish(on: boolean): void {
  // Without a connection the manager is told with the next one.
  askManager("watch_figures", { on }).catch(() => {});
}

/** Called by the fleet store, which hears the manager. */
export function heardFigures(params: unknown): void {
  if (!isWatchingFigures()) return;
  const read = toMachineFigures(params);
  setState(({ figures }) => ({
    figures: Object.fromEntries(
      Object.entries(read).map(([uuid, newest]) => [
        uuid,
        [...(figures[uuid] ?? []), newest].slice(-MOST_READINGS),
      ]),
    ),
  }));
}

export async function readEnds(uuid: string): Promise<readonly End[] | null> {
  try {
    return toEnds(await askManager("ends", { workerid: uuid }));
  } catch (error) {
    toast("error", "The history of this worker could not be read", { detail: messageOf(error) });
    return null;
  }
}

export async function readLimits(uuid: string): Promise<Limits | null> {
  try {
    return toLimits(await askManager("limits", { workerid: uuid }));
  } catch (error) {
    toast("error", "The limits could not be read", { detail: messageOf(error) });
    return null;
  }
}

/** Returns why the limits are not those of the worker now; null when they are. */
export async function setLimits(
  uuid: string,
  limits: Readonly<Record<LimitName, number | string | null>>,
): Promise<string | null> {
  try {
    await askManager("set_limits", { workerid: uuid, limits });
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The Pythons a new worker can have, the manager's own first. */
export async function readPythons(): Promise<readonly string[]> {
  try {
    const answer = await askManager("pythons", {});
    const found = isObject(answer) && Array.isArray(answer.pythons) ? answer.pythons : [];
    const minors = found.flatMap((python: unknown) =>
      isObject(python) && typeof python.minor === "string" ? python.minor : [],
    );
    return [...new Set(minors)];
  } catch {
    // Without the list a new worker gets the manager's own, as the field says.
    return [];
  }
}

/** Changes name or policy of the open worker. */
export async function configure(changes: { name?: string; autostart?: Policy }): Promise<void> {
  try {
    await ask("update_worker_config", changes);
  } catch (error) {
    toast("error", "The setting was not changed", { detail: messageOf(error) });
  }
}
