/** The manager and its workers: the list, wishes for it, progress. Only this file speaks to the manager. */
import { create } from "zustand";
import { isUp, type Notice, toNotice, toWorkers, type WorkerStatus } from "../model/fleet";
import { Channel, type ChannelState } from "../rpc/channel";
import { messageOf } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { askSession, managerPath, openSocket } from "../rpc/origin";
import { newId, read, write } from "./identity";
import { setManagerLine } from "./line";
import { heardLog } from "./log";
import { heardFigures, isWatchingFigures } from "./machine";
import { heardProgress } from "./modules";
import { toast } from "./view";

interface Fleet {
  /** null: not asked yet. */
  session: { session: boolean } | null;
  state: ChannelState;
  /** null: not heard yet. */
  workers: readonly WorkerStatus[] | null;
  chosen: string | null;
  /** Newest progress per worker; the key "" is for what concerns no single worker. */
  notices: Readonly<Record<string, Notice>>;
  /** What was told on the way, oldest first, by the same keys. */
  told: Readonly<Record<string, readonly string[]>>;
  /** Workers that a wish of ours is under way for. */
  busy: readonly string[];
}

const CHOSEN_KEY = "funcnodes__active_worker";
const LONGEST_PAUSE_MS = 2000;
const MOST_LINES = 40;

export const useFleet = create<Fleet>(() => ({
  session: null,
  state: "connecting",
  workers: null,
  chosen: read(localStorage, CHOSEN_KEY) || null,
  notices: {},
  told: {},
  busy: [],
}));

const { setState } = useFleet;
let channel: Channel | null = null;

/** Asks for the session and, when there is one, opens the conversation with the manager. */
export async function startFleet(): Promise<void> {
  try {
    const session = await askSession();
    setState({ session });
    if (session.session) openChannel();
  } catch {
    setState({ session: { session: false }, state: "lost" });
    setTimeout(startFleet, LONGEST_PAUSE_MS);
  }
}

function openChannel(): void {
  channel?.close();
  channel = setManagerLine(
    new Channel({
      open: () => openSocket(managerPath()),
      greet: async (call) => {
        const answer = await call("watch", {});
        setWorkers(isObject(answer) && Array.isArray(answer.workers) ? answer : await call("status", {}));
        if (isWatchingFigures()) await call("watch_figures", { on: true });
      },
      onNotification: heard,
      onState: (state) => {
        setState({ state });
        // 4401: the session was revoked or has run out. Ask again, so that the page can say what to do.
        if (state === "unauthorized") void startFleet();
      },
      longestPause_ms: LONGEST_PAUSE_MS,
      newId,
    }),
  );
  channel.start();
}

function heard(method: string, params: unknown): void {
  if (method === "status") setWorkers(params);
  if (method === "figures") heardFigures(params);
  if (method === "log") heardLog(params);
  if (method === "progress") {
    setNotice(params);
    heardProgress(params);
  }
}

function setWorkers(answer: unknown): void {
  const workers = toWorkers(answer);
  setState(({ chosen }) => ({ workers, chosen: chooseAmong(workers, chosen) }));
}

/** The remembered worker while it exists; without one, the only one that runs. */
function chooseAmong(workers: readonly WorkerStatus[], chosen: string | null): string | null {
  if (chosen !== null && workers.some((worker) => worker.uuid === chosen)) return chosen;
  const [only, ...others] = workers.filter(isUp);
  return chosen === null && only && others.length === 0 ? only.uuid : null;
}

function setNotice(params: unknown): void {
  const notice = toNotice(params);
  const about = isObject(params) && typeof params.workerid === "string" ? params.workerid : "";
  setState(({ notices, told }) => {
    const { [about]: _old, ...others } = notices;
    if (!notice) return { notices: others };
    const before = told[about] ?? [];
    const lines =
      before.at(-1) === notice.message ? before : [...before.slice(1 - MOST_LINES), notice.message];
    return { notices: { ...others, [about]: notice }, told: { ...told, [about]: lines } };
  });
}

export function hurryFleet(): void {
  channel?.hurry();
}

export function choose(uuid: string | null): void {
  write(localStorage, CHOSEN_KEY, uuid ?? "");
  setState({ chosen: uuid });
}

export interface NewWorker {
  readonly name: string;
  readonly inVenv: boolean;
  readonly autostart: string;
  /** Like "3.12"; null: the manager's own. */
  readonly python: string | null;
}

/**
 * Makes a worker, chooses it and starts it. Returns true as soon as the manager lists it, so that the building of
 * its environment can be watched; false when the manager refused.
 */
export async function createWorker(wanted: NewWorker): Promise<boolean> {
  const { name } = wanted;
  const known = new Set((useFleet.getState().workers ?? []).map((worker) => worker.uuid));
  return new Promise((resolve) => {
    const stop = useFleet.subscribe(({ workers }) => {
      const listed = workers?.find((worker) => worker.name === name && !known.has(worker.uuid));
      if (!listed) return;
      stop();
      choose(listed.uuid);
      resolve(true);
    });
    void makeWorker(wanted).then((made) => {
      stop();
      resolve(made);
    });
  });
}

async function makeWorker({ name, inVenv, autostart, python }: NewWorker): Promise<boolean> {
  const params = { name, in_venv: inVenv, autostart, ...(python === null ? {} : { python }) };
  const answer = await wish("", "new_worker", params, "The worker could not be created");
  if (!isObject(answer) || typeof answer.uuid !== "string") return false;
  const uuid = answer.uuid;
  // The list with the new worker may come after the answer; until then it stands in for itself.
  setState(({ workers }) => ({ workers: withNew(workers ?? [], uuid, name) }));
  void askToStart(uuid);
  return true;
}

function withNew(workers: readonly WorkerStatus[], uuid: string, name: string): readonly WorkerStatus[] {
  if (workers.some((worker) => worker.uuid === uuid)) return workers;
  const made: WorkerStatus = {
    uuid,
    name,
    phase: "created",
    reason: "",
    envPath: null,
    runningNode: null,
    deaf: false,
    held: [],
    safe: false,
    autostart: "on-failure",
  };
  return [...workers, made];
}

function forgetTold(uuid: string): void {
  setState(({ told }) => ({ told: { ...told, [uuid]: [] } }));
}

/** `safe`: its graph is opened, and nothing in it runs. */
export async function startWorker(uuid: string, safe = false): Promise<void> {
  forgetTold(uuid);
  await askToStart(uuid, safe);
}

async function askToStart(uuid: string, safe = false): Promise<void> {
  await wish(uuid, "start_worker", { workerid: uuid, safe }, "The worker could not be started");
}

export async function stopWorker(uuid: string): Promise<void> {
  await wish(uuid, "stop_worker", { workerid: uuid }, "The worker could not be stopped");
}

/** `safe`: its graph is opened, and nothing in it runs. */
export async function restartWorker(uuid: string, safe = false): Promise<void> {
  await wish(uuid, "restart_worker", { workerid: uuid, safe }, "The worker could not be restarted");
}

/** Makes a worker with the graph, history and environment of another. Returns whether it is there. */
export async function cloneWorker(uuid: string, name: string, withFiles: boolean): Promise<boolean> {
  const params = { workerid: uuid, name, with_files: withFiles };
  const answer = await wish(uuid, "clone_worker", params, "The worker could not be cloned");
  if (!isObject(answer) || typeof answer.uuid !== "string") return false;
  choose(answer.uuid);
  void askToStart(answer.uuid);
  return true;
}

/** Ends a worker that does not answer and starts it again with its graph. */
export async function killWorker(uuid: string): Promise<void> {
  await wish(uuid, "kill_worker", { workerid: uuid }, "The worker could not be killed");
}

export async function deleteWorker(uuid: string): Promise<void> {
  await wish(uuid, "delete_worker", { workerid: uuid }, "The worker could not be deleted");
}

async function wish(uuid: string, method: string, params: object, failure: string): Promise<unknown> {
  if (!channel) return null;
  setState(({ busy }) => ({ busy: [...busy, uuid] }));
  try {
    return await channel.call(method, params);
  } catch (error) {
    toast("error", failure, { detail: messageOf(error) });
    return null;
  } finally {
    setState(({ busy }) => ({ busy: without(busy, uuid) }));
  }
}

function without(list: readonly string[], item: string): readonly string[] {
  const at = list.indexOf(item);
  return at < 0 ? list : [...list.slice(0, at), ...list.slice(at + 1)];
}

export function chosenWorker(fleet: Fleet): WorkerStatus | null {
  return fleet.workers?.find((worker) => worker.uuid === fleet.chosen) ?? null;
}
