/**
 * The chosen worker's graph: the document with our pending edits, the feed, the library.
 *
 * Only this file sends to a worker. Components read by selector and call the actions below.
 */
import { create } from "zustand";
import { EMPTY_FEED, type Feed, mergeFeed, type Preview, toFeed, toPreview } from "../model/feed";
import { EMPTY_GRAPH, type Graph, toGraph } from "../model/graph";
import { type Shelf, toClasses, toShelves } from "../model/library";
import { acknowledge, begin, catchUp, commit, drop, type History, propose, restart } from "../model/pending";
import { EditRejected } from "../model/rejected";
import { type Call, Channel, type ChannelState } from "../rpc/channel";
import { is, isListOf } from "../rpc/check";
import { messageOf, REFUSED_EDIT, RpcError } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { openSocket, workerPath } from "../rpc/origin";
import type { ClassRecord, Edit } from "../wire/generated";
import { authorId, newId } from "./identity";
import { ask, setLine } from "./line";
import { heardProgress, resetModules } from "./modules";
import { select, type Toast, toast } from "./view";

interface GraphState {
  worker: string | null;
  state: ChannelState;
  reason: string;
  /** False until the first document of this worker is here. */
  ready: boolean;
  epoch: string;
  history: History;
  feed: Feed;
  shelves: readonly Shelf[] | null;
  classes: Readonly<Record<string, ClassRecord>>;
}

const NOTHING: GraphState = {
  worker: null,
  state: "closed",
  reason: "",
  ready: false,
  epoch: "",
  history: begin(EMPTY_GRAPH, -1),
  feed: EMPTY_FEED,
  shelves: null,
  classes: {},
};

const LONGEST_PAUSE_MS = 3000;

export const useGraph = create<GraphState>(() => NOTHING);

const { setState, getState } = useGraph;
let channel: Channel | null = null;
const author = authorId();

export const shownGraph = (state: GraphState): Graph => state.history.shown;

/** Opens the conversation with a worker; another one that was open is closed. */
export function connect(uuid: string): void {
  if (getState().worker === uuid && channel) return;
  disconnect();
  setState({ ...NOTHING, worker: uuid, state: "connecting" });
  channel = setLine(
    new Channel({
      open: () => openSocket(workerPath(uuid)),
      greet: subscribe,
      onNotification: heard,
      onState: (state, reason) => {
        setState({ state, reason });
        if (state === "open") void loadLibrary();
      },
      longestPause_ms: LONGEST_PAUSE_MS,
      newId,
    }),
  );
  channel.start();
}

export function disconnect(): void {
  const old = channel;
  channel = setLine(null);
  old?.close();
  setState(NOTHING);
  select([]);
  resetModules();
}

export function hurryGraph(): void {
  channel?.hurry();
}

async function subscribe(call: Call): Promise<void> {
  const { ready, epoch, history } = getState();
  const since = ready ? { since: { epoch, revision: history.revision } } : {};
  const answer = await call("subscribe", { author, ...since });
  if (!isObject(answer) || typeof answer.revision !== "number") {
    throw new TypeError("The worker's answer to the subscription was not understood.");
  }
  const classes = answer.classes === undefined ? {} : { classes: toClasses(answer.classes) };
  setState({
    ready: true,
    epoch: String(answer.epoch),
    history: afterSubscription(history, answer, answer.revision),
    feed: toFeed(answer.feed),
    ...classes,
  });
}

function afterSubscription(history: History, answer: Record<string, unknown>, revision: number): History {
  if (is("Document", answer.document)) return restart(history, toGraph(answer.document), revision);
  return catchUp(history, committedIn(answer.edits), author);
}

function committedIn(value: unknown) {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => committed(item) ?? []);
}

function committed(value: unknown) {
  if (!isObject(value) || typeof value.revision !== "number" || !isListOf("Edit", value.edits)) return null;
  return { revision: value.revision, author: String(value.author), edits: value.edits };
}

function heard(method: string, params: unknown): void {
  switch (method) {
    case "edit": {
      const event = committed(params);
      if (event) setState(({ history }) => ({ history: commit(history, event) }));
      return;
    }
    case "feed":
      setState(({ feed }) => ({ feed: mergeFeed(feed, toFeed(params)) }));
      return;
    case "library":
      void loadLibrary();
      return;
    case "progress":
      heardProgress(params);
      return;
  }
}

async function loadLibrary(): Promise<void> {
  try {
    const answer = await ask("get_library", {});
    const classes =
      isObject(answer) && answer.classes !== undefined ? { classes: toClasses(answer.classes) } : {};
    setState({ shelves: toShelves(answer), ...classes });
  } catch (error) {
    if (getState().state === "open")
      toast("error", "The library could not be read", { detail: messageOf(error) });
  }
}

/**
 * Shows the edits at once and sends them. What the document's rules refuse is not sent; what the worker refuses
 * is taken back. Both say why, near `at` when it is given.
 */
export async function edit(edits: readonly Edit[], at: Toast["at"] = null): Promise<boolean> {
  if (!channel || edits.length === 0) return false;
  const id = newId();
  try {
    setState(({ history }) => ({ history: propose(history, id, edits) }));
    const answer = await channel.call("edit", { edits }, { repeatable: true, id });
    if (isObject(answer) && typeof answer.revision === "number") settle(id, answer.revision);
    return true;
  } catch (error) {
    setState(({ history }) => ({ history: drop(history, id) }));
    const refused =
      error instanceof EditRejected || (error instanceof RpcError && error.code === REFUSED_EDIT);
    toast("error", refused ? sentence(messageOf(error)) : "This change was not saved", {
      detail: refused ? null : messageOf(error),
      at,
    });
    return false;
  }
}

function settle(id: string, revision: number): void {
  setState(({ history }) => ({ history: acknowledge(history, id, revision) }));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Ends the running function of a node, or of whichever runs. */
export async function interrupt(node: string | null): Promise<void> {
  try {
    const said = await ask("interrupt", node === null ? {} : { node });
    if (typeof said === "string" && said !== "") toast("info", sentence(said));
  } catch (error) {
    toast("error", "The node could not be interrupted", { detail: messageOf(error) });
  }
}

export async function runNode(node: string): Promise<void> {
  try {
    await ask("trigger_node", { nid: node });
  } catch (error) {
    toast("error", "The node could not be started", { detail: messageOf(error) });
  }
}

/** Returns the whole value of a port, not only its beginning. */
export async function fullValue(node: string, port: string): Promise<Preview | null> {
  return toPreview(await ask("get_io_full_value", { nid: node, ioid: port })) ?? null;
}
