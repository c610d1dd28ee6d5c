/** The document as the editor holds it: every mapping present, so that nobody asks twice. Reading only. */
import type { Document, Edge, Edit, NodeRecord, PortRecord } from "../wire/generated";

export type Graph = Required<Document>;
export type EdgeKey = string;

export const POSITION = "frontend:pos";
export const SIZE = "frontend:size";
export const TRIGGER_INPUT = "_triggerinput";
export const TRIGGER_OUTPUT = "_triggeroutput";

export const EMPTY_GRAPH: Graph = {
  nodes: {},
  edges: [],
  properties: {},
  groups: {},
  extra: {},
  surroundings: {},
};

export function toGraph(document: Document): Graph {
  return { ...EMPTY_GRAPH, ...document };
}

/** One text per edge; ids may hold any character, so the four parts are joined as JSON. */
export function edgeKey(edge: Edge): EdgeKey {
  return JSON.stringify(edge);
}

export function sameEdge(left: Edge, right: Edge): boolean {
  return left.every((part, index) => part === right[index]);
}

export function nodeOf(graph: Graph, id: string): NodeRecord | undefined {
  return Object.hasOwn(graph.nodes, id) ? graph.nodes[id] : undefined;
}

export function portsOf(node: NodeRecord): readonly PortRecord[] {
  return Object.values(node.ports ?? {});
}

export function portOf(node: NodeRecord, id: string): PortRecord | undefined {
  const ports = node.ports ?? {};
  return Object.hasOwn(ports, id) ? ports[id] : undefined;
}

/** The key of an output beside an input of the same id; `document/keys.py` says the same. */
export function outputKey(id: string): string {
  return `${id}@output`;
}

/** Ports under their keys: their ids, but for an output beside an input of the same id. */
export function keyedPorts(ports: readonly PortRecord[]): Readonly<Record<string, PortRecord>> {
  const inputs = new Set(ports.filter(isInput).map((port) => port.id));
  const key = (port: PortRecord) => (isInput(port) || !inputs.has(port.id) ? port.id : outputKey(port.id));
  return Object.fromEntries(ports.map((port) => [key(port), port]));
}

/** The key of one port among the ports of its node. */
export function keyOf(node: NodeRecord, port: PortRecord): string {
  const beside = isInput(port) ? undefined : portOf(node, port.id);
  return beside && isInput(beside) ? outputKey(port.id) : port.id;
}

/** What an edge from this id begins at: the output, or the input that forwards. */
export function sourcePortOf(node: NodeRecord, id: string): PortRecord | undefined {
  const output = portOf(node, outputKey(id));
  return output?.id === id ? output : portOf(node, id);
}

export function isInput(port: PortRecord): boolean {
  return port.is_input !== false;
}

export function edgesInto(graph: Graph, node: string, port: string): readonly Edge[] {
  return graph.edges.filter((edge) => edge[2] === node && edge[3] === port);
}

export function positionOf(node: NodeRecord): { x: number; y: number } | null {
  const place = node.properties?.[POSITION];
  if (!Array.isArray(place)) return null;
  const [x, y] = place;
  return typeof x === "number" && typeof y === "number" ? { x, y } : null;
}

export function moveNode(node: string, at: { x: number; y: number }): Edit {
  return { kind: "set_property", node, key: POSITION, value: [Math.round(at.x), Math.round(at.y)] };
}

/** What a person calls the node: its own name, else that of its class. `Class(id)` is no name anybody chose. */
export function titleOf(node: NodeRecord): string {
  const kind = node.class_name || node.class_id;
  return !node.name || node.name === `${kind}(${node.id})` ? kind : node.name;
}
