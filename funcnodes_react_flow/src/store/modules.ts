/** Modules of the chosen worker: what there is, what is being added, and how that went. */
import { create } from "zustand";
import { type Catalog, EMPTY_CATALOG, toCatalog } from "../model/catalog";
import { toNotice } from "../model/fleet";
import { messageOf } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { ask, askManager } from "./line";

export interface Installing {
  name: string;
  action: "add" | "remove";
  phase: "running" | "ready" | "failed";
  /** Every line the worker said, the newest last. */
  lines: readonly string[];
  fraction: number;
}

interface Modules {
  catalog: Catalog | null;
  /** Why the list of modules is not the newest one; empty when it is. */
  statement: string;
  installing: Installing | null;
}

export const useModules = create<Modules>(() => ({ catalog: null, statement: "", installing: null }));

const { setState, getState } = useModules;

export function resetModules(): void {
  setState({ catalog: null, statement: "", installing: null });
}

export async function loadCatalog(): Promise<void> {
  await Promise.all([loadOwn(), loadOffered()]);
}

async function loadOwn(): Promise<void> {
  try {
    const { installed, active, available } = toCatalog(await ask("get_available_modules", {}));
    setState(({ catalog }) => ({ catalog: { ...EMPTY_CATALOG, available, ...catalog, installed, active } }));
  } catch (error) {
    setState(({ catalog }) => ({ catalog: catalog ?? EMPTY_CATALOG, statement: messageOf(error) }));
  }
}

/** The manager knows the published list; without a network it says so, and names can still be typed. */
async function loadOffered(): Promise<void> {
  try {
    const answer = await askManager("catalog", {});
    const { available } = toCatalog(answer);
    const statement = isObject(answer) && typeof answer.statement === "string" ? answer.statement : "";
    setState(({ catalog }) => ({ catalog: { ...EMPTY_CATALOG, ...catalog, available }, statement }));
  } catch (error) {
    setState({ statement: messageOf(error) });
  }
}

export function addModule(name: string, version: string | null = null): Promise<void> {
  const params = version === null ? { name } : { name, version };
  return change("add", name, "add_package_dependency", params);
}

export function removeModule(name: string): Promise<void> {
  return change("remove", name, "remove_package_dependency", { name });
}

async function change(
  action: Installing["action"],
  name: string,
  method: string,
  params: object,
): Promise<void> {
  if (getState().installing?.phase === "running") return;
  setState({ installing: { name, action, phase: "running", lines: [], fraction: 0 } });
  try {
    // Adding again what is there already changes nothing, so a lost socket may repeat it.
    await ask(method, params, true);
    finish("ready", action === "add" ? `${name} is ready` : `${name} was removed`);
  } catch (error) {
    finish("failed", messageOf(error));
  }
  await loadCatalog();
}

function finish(phase: Installing["phase"], line: string): void {
  setState(({ installing }) => ({
    installing: installing && { ...installing, phase, fraction: 1, lines: withLine(installing.lines, line) },
  }));
}

/** Called by the graph store for every progress message of the worker. */
export function heardProgress(params: unknown): void {
  const notice = toNotice(params);
  if (!notice) return;
  setState(({ installing }) =>
    installing?.phase === "running"
      ? {
          installing: {
            ...installing,
            lines: withLine(installing.lines, notice.message),
            fraction: Math.max(installing.fraction, notice.progress),
          },
        }
      : {},
  );
}

const MOST_LINES = 200;

function withLine(lines: readonly string[], line: string): readonly string[] {
  return lines.at(-1) === line ? lines : [...lines, line].slice(-MOST_LINES);
}

export function forgetInstalling(): void {
  setState({ installing: null });
}
