/**
 * Edits on their way: shown at once, and given up when the worker has them, or will not have them. Pure.
 *
 * The reply with a revision comes before the event with the edits. Between the two a transaction is
 * *acknowledged*: still laid over the committed document, and dropped when that revision arrives.
 */
import { sameJson } from "../rpc/json";
import type { Edit, PortRecord } from "../wire/generated";
import { apply, applyEdits } from "./applyEdits";
import { type Graph, keyedPorts, sameEdge } from "./graph";
import { EditRejected } from "./rejected";

export interface Transaction {
  id: string;
  edits: readonly Edit[];
  /** The revision that holds it, once the worker has said so. */
  revision: number | null;
}

export interface Committed {
  revision: number;
  author: string;
  edits: readonly Edit[];
}

export interface History {
  committed: Graph;
  revision: number;
  pending: readonly Transaction[];
  /** What is shown: the committed document with the pending edits laid over. */
  shown: Graph;
}

export function begin(committed: Graph, revision: number): History {
  return { committed, revision, pending: [], shown: committed };
}

/** Lays a transaction of our own over the document; raises `EditRejected` when it cannot be. */
export function propose(history: History, id: string, edits: readonly Edit[]): History {
  const shown = applyEdits(history.shown, edits);
  return { ...history, shown, pending: [...history.pending, { id, edits, revision: null }] };
}

/** The worker has it: keep it laid over until its event is here. */
export function acknowledge(history: History, id: string, revision: number): History {
  if (revision <= history.revision) return drop(history, id);
  return {
    ...history,
    pending: history.pending.map((item) => (item.id === id ? { ...item, revision } : item)),
  };
}

/** The worker refused it, or the call came to nothing. */
export function drop(history: History, id: string): History {
  return rebase({ ...history, pending: history.pending.filter((item) => item.id !== id) });
}

/** One committed transaction of anybody, ourselves included. */
export function commit(history: History, event: Committed): History {
  if (event.revision <= history.revision) return history;
  const mine = history.pending.find((item) => item.revision === event.revision);
  const pending = history.pending.filter((item) => item.revision === null || item.revision > event.revision);
  const committed = event.edits.reduce(apply, history.committed);
  const next = { ...history, committed, revision: event.revision, pending };
  // Usual case: our own first pending edit comes back; what is shown already holds it, identities included.
  if (mine && mine === history.pending[0] && pending.length === history.pending.length - 1) {
    return sameJson(mine.edits, event.edits) ? next : rebase(next);
  }
  return rebase(next);
}

/**
 * After a reconnect: what was missed is applied, and a pending transaction found among it is not sent again.
 * Returns the history and the transactions that still have to be sent.
 */
export function catchUp(history: History, missed: readonly Committed[], author: string): History {
  return missed.reduce((current, event) => {
    const mine =
      event.author === author &&
      current.pending.find((item) => item.revision === null && sameTransaction(item.edits, event.edits));
    return commit(mine ? acknowledge(current, mine.id, event.revision) : current, event);
  }, history);
}

/** The worker completes what it is sent (a new node gets its ports), so a node is known by its id. */
function sameTransaction(sent: readonly Edit[], committed: readonly Edit[]): boolean {
  return (
    sent.length === committed.length &&
    sent.every((edit, index) => {
      const other = committed[index];
      return edit.kind === "add_node" && other?.kind === "add_node"
        ? edit.node.id === other.node.id
        : sameJson(edit, other);
    })
  );
}

/** True when the document already is as the edits want it: a repeated transaction may be refused for that. */
export function isDone(graph: Graph, edits: readonly Edit[]): boolean {
  return edits.every((edit) => {
    switch (edit.kind) {
      case "add_node":
        return Object.hasOwn(graph.nodes, edit.node.id);
      case "remove_node":
        return !Object.hasOwn(graph.nodes, edit.id);
      case "add_edge":
        return graph.edges.some((edge) => sameEdge(edge, edit.edge));
      case "remove_edge":
        return !graph.edges.some((edge) => sameEdge(edge, edit.edge));
      default:
        return false;
    }
  });
}

/**
 * What node code changed on the ports of its node, and what is around the graph since external workers came or
 * went: no edit of anybody, but part of the document.
 */
export function observe(
  history: History,
  ports: Readonly<Record<string, readonly PortRecord[]>>,
  surroundings = history.committed.surroundings,
): History {
  const seen = Object.entries(ports).filter(([id]) => Object.hasOwn(history.committed.nodes, id));
  if (seen.length === 0 && surroundings === history.committed.surroundings) return history;
  const nodes = { ...history.committed.nodes };
  for (const [id, list] of seen) {
    const node = nodes[id];
    if (node) nodes[id] = { ...node, ports: keyedPorts(list) };
  }
  return rebase({ ...history, committed: { ...history.committed, nodes, surroundings } });
}

/** A whole document came instead of what was missed: lay the still pending edits over it. */
export function restart(history: History, committed: Graph, revision: number): History {
  const pending = history.pending.filter((item) => item.revision === null);
  return rebase({ committed, revision, pending, shown: committed });
}

/** Lays the pending edits over the committed document again; those that no longer fit are left to the worker. */
function rebase(history: History): History {
  const shown = history.pending.reduce((graph, item) => {
    try {
      return applyEdits(graph, item.edits);
    } catch (error) {
      if (error instanceof EditRejected) return graph;
      throw error;
    }
  }, history.committed);
  return { ...history, shown };
}
