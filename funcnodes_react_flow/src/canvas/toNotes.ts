/** Notes of the document become nodes of the canvas. One that did not change keeps its object. */
import type { Node as FlowNodeOf } from "@xyflow/react";
import type { Graph } from "../model/graph";
import { type Note, notesOf } from "../model/notes";

export type NoteNode = FlowNodeOf<Record<string, never>, "note">;

const PREFIX = "note:";
/** Above frames, below wires and cards; the canvas lifts what is selected by 1000. */
const LEVEL = -1500;

export function noteNodeId(note: string): string {
  return PREFIX + note;
}

/** The note that something on the canvas is; null for everything else. */
export function noteIdOf(id: string): string | null {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : null;
}

export function toNoteNodes(
  properties: Graph["properties"],
  before: readonly NoteNode[],
  toSelect: ReadonlySet<string>,
): readonly NoteNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const notes = notesOf(properties);
  const selectsNew = notes.some(({ id }) => toSelect.has(id) && !known.has(noteNodeId(id)));
  const nodes = notes.map((note) => {
    const old = known.get(noteNodeId(note.id));
    const selected = selectsNew ? toSelect.has(note.id) : (old?.selected ?? false);
    return old ? follow(old, note, selected) : { ...fresh(note), selected };
  });
  return nodes.length === before.length && nodes.every((node, index) => node === before[index])
    ? before
    : nodes;
}

/** While a note is moved or resized it is where the hand is; the document learns of it at the end. */
function follow(old: NoteNode, note: Note, selected: boolean): NoteNode {
  const inHand = old.dragging === true || old.resizing === true;
  const stays =
    inHand ||
    (note.x === Math.round(old.position.x) &&
      note.y === Math.round(old.position.y) &&
      note.width === Math.round(old.width ?? 0) &&
      note.height === Math.round(old.height ?? 0));
  if (stays && old.selected === selected) return old;
  return stays ? { ...old, selected } : { ...old, ...placeOf(note), selected };
}

function fresh(note: Note): NoteNode {
  return { id: noteNodeId(note.id), type: "note", data: {}, zIndex: LEVEL, ...placeOf(note) };
}

function placeOf({ x, y, width, height }: Note) {
  return { position: { x, y }, width, height };
}
