/** Actions that turn what a person does with nodes into edits. */

import { type End, wire } from "../model/connect";
import { type Area, CARD, freePlace } from "../model/freePlace";
import { edgeKey, nodeOf, portOf, positionOf } from "../model/graph";
import { addNode, copyText, newNodeId, type Point, pasteEdits } from "../model/newNode";
import type { Edge, Edit, Json } from "../wire/generated";
import { edit, shownGraph, useGraph } from "./graph";
import { type Toast, toast, useView } from "./view";

/** The part of the graph that is seen, and what of it is taken. */
interface Seen {
  readonly area: Area;
  readonly taken: readonly Area[];
}

let seen: () => Seen = () => ({ area: { x: 0, y: 0, width: 0, height: 0 }, taken: [] });

export function middleOfView(): Point {
  const { area } = seen();
  return { x: area.x + area.width / 2, y: area.y + area.height / 2 };
}

/** The canvas says how to find the part of the graph that is seen. */
export function setSeen(find: () => Seen): void {
  seen = find;
}

/** Asked by the canvas: which nodes, notes and groups are to be selected once they are there. */
export const wanted = { selection: new Set<string>(), groups: new Set<string>() };

/** Puts a node of a class at a place, or beside the others in what is seen. Returns its id. */
export function addNodeOf(classId: string, at: Point | null = null): string | null {
  if (!useGraph.getState().classes.some((known) => known.id === classId)) {
    toast("error", `There is no node class “${classId}” in this worker's library`);
    return null;
  }
  const id = newNodeId();
  wanted.selection = new Set([id]);
  void edit([addNode(id, classId, at ?? placeBesideOthers())]);
  return id;
}

/** Returns where a new thing stands beside the others, in what is seen. */
export function placeBesideOthers(): Point {
  const { area, taken } = seen();
  const drawn = new Set(taken.map(({ x, y }) => `${x} ${y}`));
  // One that was added a moment ago is in the document and not drawn yet: it counts as large as they come.
  const fresh = Object.values(shownGraph(useGraph.getState()).nodes).flatMap((node) => {
    const place = positionOf(node);
    return place === null || drawn.has(`${place.x} ${place.y}`) ? [] : [{ ...place, ...CARD }];
  });
  return freePlace(area, [...taken, ...fresh]);
}

export function connectPorts(from: End, to: End, at: Toast["at"]): void {
  const wiring = wire(shownGraph(useGraph.getState()), from, to);
  if (wiring.ok) void edit(wiring.edits, at);
  else toast("error", wiring.why, { at });
}

/** Puts one end of a wire elsewhere, as one step. */
export function reconnect(old: Edge, from: End, to: End, at: Toast["at"]): void {
  const graph = shownGraph(useGraph.getState());
  const without = { ...graph, edges: graph.edges.filter((edge) => edgeKey(edge) !== edgeKey(old)) };
  const wiring = wire(without, from, to);
  if (!wiring.ok) toast("error", wiring.why, { at });
  else if (edgeKey(wiring.edge) !== edgeKey(old)) {
    void edit([{ kind: "remove_edge", edge: old }, ...wiring.edits], at);
  }
}

export function removeAll(nodes: readonly string[], edges: readonly Edge[]): void {
  const gone = new Set(nodes);
  const loose = edges.filter((edge) => !gone.has(edge[0]) && !gone.has(edge[2]));
  void edit([
    ...loose.map((edge): Edit => ({ kind: "remove_edge", edge })),
    ...nodes.map((id): Edit => ({ kind: "remove_node", id })),
  ]);
}

export function setValue(node: string, port: string, value: Json | undefined): void {
  const record = nodeOf(shownGraph(useGraph.getState()), node);
  if (!record || !portOf(record, port)) return;
  void edit([{ kind: "set_value", node, port, ...(value === undefined ? {} : { value }) }]);
}

export function rename(node: string, name: string): void {
  const trimmed = name.trim();
  void edit([{ kind: "rename_node", node, ...(trimmed === "" ? {} : { name: trimmed }) }]);
}

export function setNodeOption(node: string, key: string, value: Json | undefined): void {
  void edit([{ kind: "set_node_option", node, key, ...(value === undefined ? {} : { value }) }]);
}

export function setPortOption(node: string, port: string, key: string, value: Json | undefined): void {
  void edit([{ kind: "set_port_option", node, port, key, ...(value === undefined ? {} : { value }) }]);
}

/** The selected nodes as text for the clipboard; null when nothing is selected. */
export function copySelection(): string | null {
  const { selected } = useView.getState();
  return selected.length === 0 ? null : copyText(shownGraph(useGraph.getState()), selected);
}

/** Recreates copied nodes around the middle of what is seen. Returns false for text that is none of ours. */
export function paste(text: string): boolean {
  const pasted = pasteEdits(text, middleOfView(), newNodeId);
  if (!pasted) return false;
  wanted.selection = new Set(pasted.nodes);
  void edit(pasted.edits);
  return true;
}
