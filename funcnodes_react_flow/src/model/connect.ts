/** Whether a wire drawn with the mouse may be, and the edits it means. Pure. */
import type { Edge, Edit, PortRecord } from "../wire/generated";
import { applyEdits } from "./applyEdits";
import { edgesInto, type Graph, isInput, nodeOf, portOf } from "./graph";
import { EditRejected } from "./rejected";
import { bareTrigger } from "./rules";

export interface End {
  node: string;
  /** The key of the port in its node. */
  port: string;
}

export type Wiring = { ok: true; edge: Edge; edits: readonly Edit[] } | { ok: false; why: string };

/**
 * Returns the edits for a wire between two ports, drawn in either direction. An input that is fed already gives
 * up its old wire; input to input forwards the first one's value.
 */
export function wire(graph: Graph, from: End, to: End): Wiring {
  const start = portAt(graph, from);
  const end = portAt(graph, to);
  if (!start || !end) return { ok: false, why: "One of these ports is gone." };
  if (!isInput(start) && !isInput(end)) {
    return { ok: false, why: "Two outputs cannot be connected. Draw the wire to an input." };
  }
  return isInput(start) && !isInput(end) ? between(graph, to, from) : between(graph, from, to);
}

function between(graph: Graph, source: End, target: End): Wiring {
  const output = portAt(graph, source);
  const input = portAt(graph, target);
  const edge: Edge = [source.node, output?.id ?? source.port, target.node, target.port];
  const known = graph.edges.some((other) => edge.every((part, index) => part === other[index]));
  const old = known || input?.allow_multiple === true ? [] : edgesInto(graph, target.node, target.port);
  const edits: Edit[] = [
    ...old.map((item): Edit => ({ kind: "remove_edge", edge: item })),
    { kind: "add_edge", edge },
  ];
  try {
    applyEdits(graph, edits);
    return { ok: true, edge, edits };
  } catch (error) {
    if (error instanceof EditRejected) return { ok: false, why: sentence(error.message) };
    throw error;
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function portAt(graph: Graph, end: End): PortRecord | undefined {
  const node = nodeOf(graph, end.node);
  return node && (portOf(node, end.port) ?? bareTrigger(end.port));
}
