/** Documents become React Flow's nodes and edges. What did not change keeps its object, so that it is not drawn again. */
import type { Edge as FlowEdgeOf, Node as FlowNodeOf } from "@xyflow/react";
import type { CSSProperties } from "react";
import { edgeKey, type Graph, keyOf, nodeOf, positionOf, sourcePortOf } from "../model/graph";
import { familyOf } from "../model/portType";
import { familyColour } from "../parts/familyColour";
import type { Edge, NodeRecord } from "../wire/generated";

export type FlowNode = FlowNodeOf<Record<string, never>, "card">;
export type FlowEdge = FlowEdgeOf<{ edge: Edge; colour: string }>;

const COLUMN = 300;
const ROW = 220;
const PER_ROW = 4;

export function toFlowNodes(
  graph: Graph,
  before: readonly FlowNode[],
  toSelect: ReadonlySet<string>,
): readonly FlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const selectsNew = [...toSelect].some((id) => !known.has(id) && nodeOf(graph, id));
  const nodes = Object.values(graph.nodes).map((record, index) => {
    const old = known.get(record.id);
    const selected = selectsNew ? toSelect.has(record.id) : (old?.selected ?? false);
    return old ? follow(old, record, selected) : fresh(record, index, selected);
  });
  return nodes.length === before.length && nodes.every((node, index) => node === before[index])
    ? before
    : nodes;
}

/** While a node is dragged, its place is where the hand is; the document learns of it at the end. */
function follow(old: FlowNode, record: NodeRecord, selected: boolean): FlowNode {
  const place = positionOf(record);
  const moved =
    place &&
    !old.dragging &&
    (place.x !== Math.round(old.position.x) || place.y !== Math.round(old.position.y));
  if (!moved && old.selected === selected) return old;
  return { ...old, selected, position: moved ? place : old.position };
}

function fresh(record: NodeRecord, index: number, selected: boolean): FlowNode {
  const grid = { x: (index % PER_ROW) * COLUMN, y: Math.floor(index / PER_ROW) * ROW };
  return {
    id: record.id,
    type: "card",
    position: positionOf(record) ?? grid,
    data: {},
    selected,
  };
}

export function toFlowEdges(graph: Graph, before: readonly FlowEdge[]): readonly FlowEdge[] {
  const known = new Map(before.map((edge) => [edge.id, edge]));
  const edges = graph.edges.map((edge) => {
    const stroke = colourOf(graph, edge);
    const old = known.get(edgeKey(edge));
    const handle = sourceHandleOf(graph, edge);
    return old && old.data?.colour === stroke && old.sourceHandle === handle
      ? old
      : toFlowEdge(edge, handle, stroke, old?.selected ?? false);
  });
  return edges.length === before.length && edges.every((edge, index) => edge === before[index])
    ? before
    : edges;
}

function toFlowEdge(edge: Edge, sourceHandle: string, colour: string, selected: boolean): FlowEdge {
  const [source, , target, targetHandle] = edge;
  return {
    id: edgeKey(edge),
    source,
    sourceHandle,
    target,
    targetHandle,
    data: { edge, colour },
    style: edgeStyle(colour),
    selected,
    interactionWidth: 18,
  };
}

function edgeStyle(colour: string): CSSProperties {
  const style: CSSProperties & { "--edge": string } = { "--edge": colour };
  return style;
}

/** A handle is called by the key of its port: an output may share its id with an input. */
function sourceHandleOf(graph: Graph, edge: Edge): string {
  const node = nodeOf(graph, edge[0]);
  const port = node && sourcePortOf(node, edge[1]);
  return node && port ? keyOf(node, port) : edge[1];
}

/** A wire has the colour of what flows through it. */
function colourOf(graph: Graph, edge: Edge): string {
  const node = nodeOf(graph, edge[0]);
  const port = node && sourcePortOf(node, edge[1]);
  return familyColour(port ? familyOf(port.type) : "trigger");
}
