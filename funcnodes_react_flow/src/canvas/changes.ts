/** React Flow's changes, sorted by what they are about: cards, notes, or the frames of groups. */
import type { NodeChange } from "@xyflow/react";
import type { Graph } from "../model/graph";
import { noteOf, writeNote } from "../model/notes";
import type { Edit } from "../wire/generated";
import { fromFlow } from "./fromFlow";
import type { FlowNode } from "./toFlow";
import { type FrameMove, type FrameNode, groupOf } from "./toFrames";
import { type NoteNode, noteIdOf } from "./toNotes";

export type CanvasNode = FlowNode | NoteNode | FrameNode;

interface Parts {
  readonly cards: NodeChange<FlowNode>[];
  readonly notes: NodeChange<NoteNode>[];
  readonly moves: readonly FrameMove[];
  /** Frames that were selected or are not any more, by group. */
  readonly choices: ReadonlyMap<string, boolean>;
}

/** Sorts changes. Frames have no place or size of their own, so of theirs only moves and choices remain. */
export function partsOf(changes: readonly NodeChange<CanvasNode>[]): Parts {
  const cards: NodeChange<FlowNode>[] = [];
  const notes: NodeChange<NoteNode>[] = [];
  const moves: FrameMove[] = [];
  const choices = new Map<string, boolean>();
  for (const change of changes) {
    if (change.type === "add" || change.type === "replace") continue;
    const group = groupOf(change.id);
    if (group === null) {
      if (noteIdOf(change.id) === null) cards.push(change);
      else notes.push(change);
    } else if (change.type === "select") choices.set(group, change.selected);
    else if (change.type === "position" && change.position)
      moves.push({ group, position: change.position, dragging: change.dragging === true });
  }
  return { cards, notes, moves, choices };
}

/** Returns the edits that changes mean: what was put down, and notes that were let go of. */
export function editsOf(
  graph: Graph,
  cards: readonly NodeChange<FlowNode>[],
  notes: readonly NodeChange<NoteNode>[],
  after: readonly NoteNode[],
): readonly Edit[] {
  const ended = new Set(notes.flatMap((change) => (isEnd(change) && "id" in change ? change.id : [])));
  return [
    ...fromFlow(cards),
    ...after.filter((node) => ended.has(node.id)).flatMap((node) => written(graph, node)),
  ];
}

function isEnd(change: NodeChange<NoteNode>): boolean {
  return (
    (change.type === "position" && change.dragging === false) ||
    (change.type === "dimensions" && change.resizing === false)
  );
}

function written(graph: Graph, node: NoteNode): readonly Edit[] {
  const note = noteOf(graph.properties, noteIdOf(node.id) ?? "");
  if (!note) return [];
  const { x, y } = node.position;
  const moved = { ...note, x, y, width: node.width ?? note.width, height: node.height ?? note.height };
  const same =
    Math.round(x) === note.x &&
    Math.round(y) === note.y &&
    Math.round(moved.width) === note.width &&
    Math.round(moved.height) === note.height;
  return same ? [] : [writeNote(moved)];
}
