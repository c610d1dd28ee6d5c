/** A new node of a class, as an edit; and copies of nodes. Pure but for the ids that are handed in. */

import { isListOf } from "../rpc/check";
import { isObject, parseObject } from "../rpc/json";
import type { Edge, Edit, NodeRecord } from "../wire/generated";
import { type Graph, keyedPorts, nodeOf, POSITION, positionOf } from "./graph";
import type { LibraryNode } from "./library";

export interface Point {
  x: number;
  y: number;
}

/** Returns the edit that puts a node of this class at a place. The worker fills in what the class says. */
export function addNode(id: string, classId: string, at: Point): Edit {
  const node: NodeRecord = {
    id,
    class_id: classId,
    properties: { [POSITION]: [Math.round(at.x), Math.round(at.y)] },
  };
  return { kind: "add_node", node };
}

/** Returns the edits as they are shown until the worker has completed them: a new node with its class's ports. */
export function withPorts(edits: readonly Edit[], library: readonly LibraryNode[]): readonly Edit[] {
  return edits.map((edit) => {
    if (edit.kind !== "add_node" || edit.node.ports) return edit;
    const kind = library.find((node) => node.id === edit.node.class_id);
    if (!kind) return edit;
    const ports = keyedPorts([...kind.inputs, ...kind.outputs]);
    return { ...edit, node: { ...edit.node, class_name: kind.name, ports } };
  });
}

export function newNodeId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

const CLIPBOARD = "funcnodes/clipboard";

/** Returns the nodes and the edges between them as text for the clipboard, values and names included. */
export function copyText(graph: Graph, ids: readonly string[]): string {
  const wanted = new Set(ids);
  return JSON.stringify({
    type: CLIPBOARD,
    nodes: ids.flatMap((id) => nodeOf(graph, id) ?? []),
    edges: graph.edges.filter((edge) => wanted.has(edge[0]) && wanted.has(edge[2])),
  });
}

export interface Paste {
  edits: readonly Edit[];
  nodes: readonly string[];
}

/** Returns the edits that recreate copied nodes around a point, under new ids; null for any other text. */
export function pasteEdits(text: string, around: Point, newId: () => string): Paste | null {
  const copied = parseObject(text);
  if (!isObject(copied) || copied.type !== CLIPBOARD) return null;
  if (!isListOf("NodeRecord", copied.nodes) || !isListOf("Edge", copied.edges) || copied.nodes.length === 0)
    return null;
  const ids = new Map(copied.nodes.map((node) => [node.id, newId()]));
  const shift = shiftTo(copied.nodes, around);
  const nodes = copied.nodes.map(
    (node): Edit => ({ kind: "add_node", node: copyOf(node, ids.get(node.id) ?? "", shift) }),
  );
  const edges = copied.edges.map((edge): Edit => ({ kind: "add_edge", edge: renamed(edge, ids) }));
  return { edits: [...nodes, ...edges], nodes: [...ids.values()] };
}

function copyOf(node: NodeRecord, id: string, shift: Point): NodeRecord {
  const at = positionOf(node) ?? { x: 0, y: 0 };
  const properties = {
    ...node.properties,
    [POSITION]: [Math.round(at.x + shift.x), Math.round(at.y + shift.y)],
  };
  return { ...node, id, properties };
}

function shiftTo(nodes: readonly NodeRecord[], around: Point): Point {
  const places = nodes.map((node) => positionOf(node) ?? { x: 0, y: 0 });
  const left = Math.min(...places.map((place) => place.x));
  const right = Math.max(...places.map((place) => place.x));
  const top = Math.min(...places.map((place) => place.y));
  const bottom = Math.max(...places.map((place) => place.y));
  return { x: around.x - (left + right) / 2, y: around.y - (top + bottom) / 2 };
}

function renamed(edge: Edge, ids: ReadonlyMap<string, string>): Edge {
  return [ids.get(edge[0]) ?? edge[0], edge[1], ids.get(edge[2]) ?? edge[2], edge[3]];
}
