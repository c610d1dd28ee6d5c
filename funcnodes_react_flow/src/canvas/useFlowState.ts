import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Graph } from "../model/graph";
import { edit, shownGraph, useGraph } from "../store/graph";
import { wanted } from "../store/nodes";
import { type CanvasNode, editsOf, partsOf } from "./changes";
import { staysInWindow } from "./fromFlow";
import { type FlowEdge, type FlowNode, toFlowEdges, toFlowNodes } from "./toFlow";
import { type FrameNode, movesOfMembers, toFrames } from "./toFrames";
import { type NoteNode, toNoteNodes } from "./toNotes";

interface Drawn {
  /** As they were when last looked at: what is not among them is new. */
  readonly groups: Graph["groups"];
  readonly cards: readonly FlowNode[];
  readonly notes: readonly NoteNode[];
  /** The groups whose frames are selected. */
  readonly chosen: ReadonlySet<string>;
}

const NOTHING: Drawn = { groups: {}, cards: [], notes: [], chosen: new Set() };

/** The document on the canvas, with what only this window knows: places while dragging, sizes, selection. */
export function useFlowState() {
  const graph = useGraph(shownGraph);
  const [drawn, setDrawn] = useState<Drawn>(NOTHING);
  const [edges, setEdges] = useState<readonly FlowEdge[]>([]);
  useEffect(() => {
    setDrawn((before) => follow(graph, before));
    setEdges((before) => toFlowEdges(graph, before));
  }, [graph]);
  const frames = useFrames(graph, drawn);
  const nodes = useMemo(() => [...frames, ...drawn.notes, ...drawn.cards], [frames, drawn]);

  // What the last change left behind, for the next one: React may not have drawn it yet.
  const latest = useRef({ graph, drawn, frames });
  latest.current = { graph, drawn, frames };
  const onNodesChange = useCallback((changes: NodeChange<CanvasNode>[]) => {
    const { graph, drawn, frames } = latest.current;
    const parts = partsOf(changes.filter(staysInWindow));
    const moved = new Set(parts.cards.flatMap((change) => (change.type === "position" ? change.id : [])));
    const along = movesOfMembers(graph.groups, parts.moves, frames, drawn.cards, moved).map(
      (move): NodeChange<FlowNode> => ({ type: "position", ...move }),
    );
    const cards = [...parts.cards, ...along];
    // As a step from whatever is drawn by then: the document may have moved on and not be drawn yet.
    const step = (before: Drawn): Drawn => ({
      groups: before.groups,
      cards: cards.length > 0 ? applyNodeChanges(cards, [...before.cards]) : before.cards,
      notes: parts.notes.length > 0 ? applyNodeChanges(parts.notes, [...before.notes]) : before.notes,
      chosen: chosenAfter(before.chosen, parts.choices),
    });
    const after = step(drawn);
    latest.current = { graph, drawn: after, frames: framesOf(graph, after, frames) };
    setDrawn(step);
    const edits = editsOf(graph, cards, parts.notes, after.notes);
    if (edits.length > 0) void edit(edits);
  }, []);
  const onEdgesChange = useCallback((changes: EdgeChange<FlowEdge>[]) => {
    setEdges((before) => applyEdgeChanges(changes.filter(staysInWindow), [...before]));
  }, []);
  return { nodes, edges, cards: drawn.cards, onNodesChange, onEdgesChange };
}

function useFrames(graph: Graph, drawn: Drawn): readonly FrameNode[] {
  const last = useRef<readonly FrameNode[]>([]);
  return useMemo(() => {
    last.current = framesOf(graph, drawn, last.current);
    return last.current;
  }, [graph, drawn]);
}

function framesOf(
  graph: Graph,
  { cards, chosen }: Drawn,
  before: readonly FrameNode[],
): readonly FrameNode[] {
  return toFrames(graph.groups, cards, chosen, before);
}

/** The document after an edit. What was just made becomes the selection, whatever kind it is. */
function follow(graph: Graph, before: Drawn): Drawn {
  const { groups } = graph;
  const cards = toFlowNodes(graph, before.cards, wanted.selection);
  const notes = toNoteNodes(graph.properties, before.notes, wanted.selection);
  const newGroups = [...wanted.groups].filter((name) => groups[name] && !before.groups[name]);
  if (newGroups.length > 0)
    return { cards: cards.map(unselected), notes: notes.map(unselected), groups, chosen: new Set(newGroups) };
  const known = new Set(before.notes.map((note) => note.id));
  if (notes.some((note) => !known.has(note.id) && note.selected))
    return { cards: cards.map(unselected), notes, groups, chosen: new Set() };
  return { cards, notes, groups, chosen: new Set([...before.chosen].filter((name) => groups[name])) };
}

function unselected<Item extends { selected?: boolean }>(item: Item): Item {
  return item.selected ? { ...item, selected: false } : item;
}

function chosenAfter(
  chosen: ReadonlySet<string>,
  choices: ReadonlyMap<string, boolean>,
): ReadonlySet<string> {
  if (choices.size === 0) return chosen;
  const after = new Set(chosen);
  for (const [name, selected] of choices) {
    if (selected) after.add(name);
    else after.delete(name);
  }
  return after;
}
