/** Actions on groups and notes: what commands, keys and the menu of the canvas do. */

import { nodeOf } from "../model/graph";
import {
  dissolve,
  groupTogether,
  homeOf,
  membersOf,
  putInto,
  renameGroup,
  takeOut,
  tintGroup,
} from "../model/grouping";
import { newNodeId, type Point } from "../model/newNode";
import { newNote, noteOf, removeNote, writeNote } from "../model/notes";
import type { Tint } from "../model/tint";
import type { Edge, Edit } from "../wire/generated";
import { edit, shownGraph, useGraph } from "./graph";
import { placeBesideOthers, wanted } from "./nodes";
import { startWriting, toast, useView } from "./view";

function graphNow() {
  return shownGraph(useGraph.getState());
}

/** Puts a frame around what is selected: nodes, and groups whole. */
export function groupSelection(): void {
  const { selected, selectedGroups } = useView.getState();
  const name = newNodeId();
  const edits = groupTogether(graphNow().groups, selected, selectedGroups, name);
  if (edits.length === 0) {
    toast("info", "Select the nodes to group first");
    return;
  }
  wanted.groups = new Set([name]);
  void edit(edits);
}

/** Takes the selected frames away, or, when only nodes are selected, the frames these nodes are in. */
export function ungroupSelection(): void {
  const { selected, selectedGroups } = useView.getState();
  const { groups } = graphNow();
  const around = selected.flatMap((node) => homeOf(groups, node) ?? []);
  ungroup(selectedGroups.length > 0 ? selectedGroups : [...new Set(around)]);
}

export function ungroup(names: readonly string[]): void {
  if (names.length === 0) toast("info", "Select a group to dissolve first");
  else void edit(dissolve(graphNow().groups, names));
}

export function nameGroup(name: string, text: string): void {
  void edit(renameGroup(graphNow().groups, name, text));
}

export function colourGroup(name: string, tint: Tint): void {
  void edit(tintGroup(graphNow().groups, name, tint));
}

export function putIn(name: string, nodes: readonly string[]): void {
  void edit(putInto(graphNow().groups, name, nodes));
}

export function takeSelectionOut(): void {
  void edit(takeOut(graphNow().groups, useView.getState().selected));
}

/** Puts an empty note on the canvas, ready to be written. */
export function addNote(at: Point | null = null): void {
  const id = newNodeId();
  wanted.selection = new Set([id]);
  startWriting(id);
  void edit([writeNote(newNote(id, at ?? placeBesideOthers()))]);
}

/** Writes a note's text; one that never had any and is left empty goes away again. */
export function writeText(id: string, text: string): void {
  const note = noteOf(graphNow().properties, id);
  if (!note) return;
  if (text.trim() === "" && note.text === "") void edit([removeNote(id)]);
  else if (text !== note.text) void edit([writeNote({ ...note, text })]);
}

export function colourNote(id: string, tint: Tint): void {
  const note = noteOf(graphNow().properties, id);
  if (note) void edit([writeNote({ ...note, tint })]);
}

/** What is selected, of every kind. */
export interface Selection {
  readonly nodes: readonly string[];
  readonly edges: readonly Edge[];
  readonly notes: readonly string[];
  readonly groups: readonly string[];
}

/** Takes all of it away in one step. Of groups only the frames go: what is in them stays. */
export function removeSelected({ nodes, edges, notes, groups }: Selection): void {
  const gone = new Set(nodes);
  const loose = edges.filter((edge) => !gone.has(edge[0]) && !gone.has(edge[2]));
  void edit([
    ...dissolve(graphNow().groups, groups),
    ...loose.map((edge): Edit => ({ kind: "remove_edge", edge })),
    ...nodes.map((id): Edit => ({ kind: "remove_node", id })),
    ...notes.map(removeNote),
  ]);
}

/** The selected nodes, and those in selected groups. */
export function nodesInSelection(): readonly string[] {
  const { selected, selectedGroups } = useView.getState();
  const graph = graphNow();
  const inGroups = selectedGroups.flatMap((name) => membersOf(graph.groups, name));
  return [...new Set([...selected, ...inGroups])].filter((id) => nodeOf(graph, id));
}
