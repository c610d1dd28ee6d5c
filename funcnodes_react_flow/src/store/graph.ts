/**
 * The chosen worker's graph: the document with our pending edits, the feed, the library.
 *
 * Only this file opens a conversation with a worker and sends edits. Components read by selector and call the
 * actions below.
 */
import { create } from "zustand";
import {
  EMPTY_FEED,
  type Feed,
  mergeFeed,
  type Preview,
  toFeed,
  toFullValue,
  toSurroundings,
  withoutRenewed,
} from "../model/feed";
import { EMPTY_GRAPH, type Graph, nodeOf, titleOf, toGraph } from "../model/graph";
import { allNodes, type LibraryNode, type Shelf, toShelves } from "../model/library";
import { withPorts } from "../model/newNode";
import {
  acknowledge,
  begin,
  type Committed,
  catchUp,
  commit,
  drop,
  type History,
  isDone,
  observe,
  propose,
  restart,
} from "../model/pending";
import { EditRejected } from "../model/rejected";
import { type Call, Channel, type ChannelState } from "../rpc/channel";
import { is, isListOf } from "../rpc/check";
import { messageOf, REFUSED_EDIT, RpcError } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { openSocket, workerPath } from "../rpc/origin";
import type { Edit } from "../wire/generated";
import { heardFiles } from "./fileChanges";
import { authorId, newId } from "./identity";
import { ask, setLine } from "./line";
import { heardTrust } from "./trust";
import { dismissPlaced, select, type Toast, toast } from "./view";

interface GraphState {
  worker: string | null;
  state: ChannelState;
  reason: string;
  /** False until the first document of this worker is here. */
  ready: boolean;
  epoch: string;
  history: History;
  feed: Feed;
  /** null: not read yet. */
  shelves: readonly Shelf[] | null;
  /** Every node class of the library, flat. */
  classes: readonly LibraryNode[];
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
  classes: [],
};

const LONGEST_PAUSE_MS = 3000;

export const useGraph = create<GraphState>(() => NOTHING);

const { setState, getState } = useGraph;
let channel: Channel | null = null;
const author = authorId();

export const shownGraph = (state: GraphState): Graph => state.history.shown;

/** Opens the conversation with a worker; another one that was open is closed. */
export function connect(uuid: string): void {
  if (getState().worker === uuid && channel) {
    channel.hurry();
    return;
  }
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
}

export function hurryGraph(): void {
  channel?.hurry();
}

async function subscribe(call: Call): Promise<void> {
  const { ready, epoch, history: before } = getState();
  const since = ready ? { since: { epoch, revision: before.revision } } : {};
  const answer = await call("subscribe", { author, ...since });
  if (!isObject(answer) || typeof answer.revision !== "number") {
    throw new TypeError("The worker's answer to the subscription was not understood.");
  }
  const history = is("Document", answer.document)
    ? restart(before, toGraph(answer.document), answer.revision)
    : catchUp(before, committedIn(answer.edits), author);
  settleSeen(before, history);
  setState({ ready: true, epoch: String(answer.epoch), history, feed: toFeed(answer.feed) });
}

/** What arrived although its answer got lost must not be sent a second time. */
function settleSeen(before: History, after: History): void {
  const open = new Set(after.pending.filter((item) => item.revision === null).map((item) => item.id));
  for (const { id } of before.pending) {
    if (!open.has(id)) channel?.settle(id, { revision: after.revision });
  }
}

function committedIn(value: unknown): readonly Committed[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => committed(item) ?? []);
}

function committed(value: unknown): Committed | null {
  if (!isObject(value) || typeof value.revision !== "number" || !isListOf("Edit", value.edits)) return null;
  return { revision: value.revision, author: String(value.author), edits: value.edits };
}

function heard(method: string, params: unknown): void {
  switch (method) {
    case "edit": {
      const event = committed(params);
      if (event) {
        setState(({ history, feed }) => ({
          history: commit(history, event),
          feed: withoutRenewed(feed, event.edits),
        }));
      }
      return;
    }
    case "feed": {
      const news = toFeed(params);
      setState(({ feed, history }) => ({
        feed: mergeFeed(feed, news),
        history: observe(history, news.ports, toSurroundings(params)),
      }));
      return;
    }
    case "library":
      void loadLibrary();
      return;
    case "worker":
      heardTrust(params);
      heardFiles(params);
      return;
  }
}

async function loadLibrary(): Promise<void> {
  try {
    const shelves = toShelves(await ask("get_library", {}));
    setState({ shelves, classes: allNodes(shelves) });
  } catch (error) {
    // A lost connection is said elsewhere, and the library is read again with the next one.
    if (error instanceof RpcError)
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
  dismissPlaced();
  try {
    setState(({ history, classes }) => ({ history: propose(history, id, withPorts(edits, classes)) }));
    const answer = await channel.call("edit", { edits }, { repeatable: true, id });
    const revision = isObject(answer) && typeof answer.revision === "number" ? answer.revision : 0;
    setState(({ history }) => ({ history: acknowledge(history, id, revision) }));
    return true;
  } catch (error) {
    setState(({ history }) => ({ history: drop(history, id) }));
    // A repeated transaction may be refused because its first copy arrived after all.
    if (error instanceof RpcError && isDone(getState().history.committed, edits)) return true;
    refuse(error, at);
    return false;
  }
}

function refuse(error: unknown, at: Toast["at"]): void {
  const isRule = error instanceof EditRejected || (error instanceof RpcError && error.code === REFUSED_EDIT);
  if (isRule) toast("error", sentence(messageOf(error)), { at });
  else toast("error", "This change was not saved", { detail: messageOf(error), at });
}

/** How the worker names a node: its class and its id. */
const LONG_NAME = /\b\w+\(([0-9a-f]{32})\)/g;

function named(text: string, id: string): string {
  const node = nodeOf(shownGraph(getState()), id);
  return node ? `“${titleOf(node)}”` : text;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Ends the running function of a node, or of whichever runs. */
export async function interrupt(node: string | null): Promise<void> {
  try {
    const said = await ask("interrupt", node === null ? {} : { node });
    if (isObject(said) && typeof said.message === "string")
      toast("info", sentence(said.message.replaceAll(LONG_NAME, named)));
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
  return toFullValue(await ask("get_io_full_value", { nid: node, ioid: port }));
}
