/** A new node of a class, as an edit; and copies of nodes. Pure but for the ids that are handed in. */

import { expectWire, is, isListOf } from "../rpc/check";
import { isObject, parseObject } from "../rpc/json";
import type { ClassRecord, Edge, Edit, NodeRecord, PortRecord } from "../wire/generated";
import { type Graph, nodeOf, POSITION, positionOf } from "./graph";
import type { LibraryNode } from "./library";

export interface Point {
  x: number;
  y: number;
}

/** Returns the edit that puts a node of this class at a place. */
export function addNode(id: string, kind: ClassRecord, at: Point): Edit {
  const node: NodeRecord = {
    id,
    class_id: kind.class_id,
    ...(kind.class_name ? { class_name: kind.class_name } : {}),
    ports: Object.fromEntries((kind.ports ?? []).map((port) => [port.id, port])),
    properties: { [POSITION]: [Math.round(at.x), Math.round(at.y)] },
  };
  return { kind: "add_node", node };
}

/** The class as the library lists it, for a worker that sent no class records. */
export function classOf(node: LibraryNode): ClassRecord {
  return {
    class_id: node.id,
    class_name: node.name,
    description: node.description,
    ports: [...node.inputs, ...node.outputs],
  };
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

/** The ports of a node as they are now: those the running node reported, else those of the document. */
export function livePorts(
  node: NodeRecord,
  reported: readonly PortRecord[] | undefined,
): readonly PortRecord[] {
  const saved = Object.values(node.ports ?? {});
  if (!reported || reported.length === 0) return saved;
  return reported.map((port) => {
    const own = node.ports?.[port.id];
    return own === undefined ? port : expectWire("PortRecord", { ...port, ...userParts(own) });
  });
}

/** What the user decides about a port wins over a report that may be older. */
function userParts(port: PortRecord): Partial<PortRecord> {
  const { value, default: ownDefault, name, hidden } = port;
  return Object.fromEntries(
    Object.entries({ value, default: ownDefault, name, hidden }).filter(([, part]) => part !== undefined),
  );
}

export function isNodeRecord(value: unknown): value is NodeRecord {
  return is("NodeRecord", value);
}
