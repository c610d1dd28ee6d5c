/** Groups become frames behind their members. A frame is where its members are; it has no place of its own. */
import type { Node as FlowNodeOf } from "@xyflow/react";
import type { Graph } from "../model/graph";
import { depthOf, membersOf } from "../model/grouping";

export type FrameNode = FlowNodeOf<Record<string, never>, "frame">;

/** What is drawn on the canvas as far as frames need it: where it is, how large, whether a hand holds it. */
export interface Placed {
  readonly id: string;
  readonly position: { readonly x: number; readonly y: number };
  readonly measured?: { readonly width?: number; readonly height?: number };
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const PREFIX = "group:";
const PADDING = 18;
export const FRAME_HEAD = 30;
/** Before a card has been drawn nobody knows how large it is. */
const UNMEASURED = { width: 240, height: 120 };
/** Below notes, wires and cards, selected or not: the canvas lifts what is selected by 1000. */
const LOWEST = -3000;

export function frameId(group: string): string {
  return PREFIX + group;
}

/** The group a frame stands for; null for everything else on the canvas. */
export function groupOf(id: string): string | null {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : null;
}

/** Returns the frames, the outermost first. A frame that did not change keeps its object. */
export function toFrames(
  groups: Graph["groups"],
  placed: readonly Placed[],
  selected: ReadonlySet<string>,
  before: readonly FrameNode[],
): readonly FrameNode[] {
  const at = new Map(placed.map((item) => [item.id, item]));
  const known = new Map(before.map((frame) => [frame.id, frame]));
  const frames = Object.keys(groups).flatMap((name) => {
    const box = boxOf(groups, name, at);
    if (!box) return [];
    const frame = toFrame(groups, name, box, selected.has(name));
    const old = known.get(frame.id);
    return old && sameFrame(old, frame) ? old : frame;
  });
  const sorted = frames.sort((one, other) => (one.zIndex ?? 0) - (other.zIndex ?? 0));
  const isSame = sorted.length === before.length && sorted.every((frame, index) => frame === before[index]);
  return isSame ? before : sorted;
}

function toFrame(groups: Graph["groups"], name: string, box: Box, selected: boolean): FrameNode {
  const size = { width: box.right - box.left, height: box.bottom - box.top };
  return {
    id: frameId(name),
    type: "frame",
    position: { x: box.left, y: box.top },
    data: {},
    ...size,
    measured: size,
    zIndex: LOWEST + depthOf(groups, name),
    selected,
    selectable: false,
    focusable: false,
    // Only its head is touched: within it one pans, selects and adds as anywhere on the canvas.
    dragHandle: ".frame-head",
    style: { pointerEvents: "none" },
  };
}

function boxOf(groups: Graph["groups"], name: string, at: ReadonlyMap<string, Placed>): Box | null {
  const group = groups[name];
  const inner = (group?.child_groups ?? []).flatMap((child) => boxOf(groups, child, at) ?? []);
  const cards = (group?.node_ids ?? []).flatMap((id) => {
    const item = at.get(id);
    return item ? boxOfCard(item) : [];
  });
  const boxes = [...inner, ...cards];
  if (boxes.length === 0) return null;
  return {
    left: Math.min(...boxes.map((box) => box.left)) - PADDING,
    top: Math.min(...boxes.map((box) => box.top)) - PADDING - FRAME_HEAD,
    right: Math.max(...boxes.map((box) => box.right)) + PADDING,
    bottom: Math.max(...boxes.map((box) => box.bottom)) + PADDING,
  };
}

function boxOfCard({ position, measured }: Placed): Box {
  return {
    left: position.x,
    top: position.y,
    right: position.x + (measured?.width ?? UNMEASURED.width),
    bottom: position.y + (measured?.height ?? UNMEASURED.height),
  };
}

function sameFrame(one: FrameNode, other: FrameNode): boolean {
  return (
    one.position.x === other.position.x &&
    one.position.y === other.position.y &&
    one.width === other.width &&
    one.height === other.height &&
    one.zIndex === other.zIndex &&
    one.selected === other.selected
  );
}

/** A frame that is on its way, as the canvas tells it. */
export interface FrameMove {
  readonly group: string;
  readonly position: { readonly x: number; readonly y: number };
  readonly dragging: boolean;
}

export interface CardMove {
  readonly id: string;
  readonly position: { x: number; y: number };
  readonly dragging: boolean;
}

/** Returns how the members of moved frames move. Those in `moved` are moved by the same hand already. */
export function movesOfMembers(
  groups: Graph["groups"],
  moves: readonly FrameMove[],
  frames: readonly FrameNode[],
  placed: readonly Placed[],
  moved: ReadonlySet<string>,
): readonly CardMove[] {
  const done = new Set(moved);
  return moves.flatMap(({ group, position, dragging }) => {
    const frame = frames.find((one) => one.id === frameId(group));
    if (!frame) return [];
    const [x, y] = [position.x - frame.position.x, position.y - frame.position.y];
    const members = new Set(membersOf(groups, group));
    return placed
      .filter((item) => members.has(item.id) && !done.has(item.id))
      .map((item) => {
        done.add(item.id);
        return { id: item.id, position: { x: item.position.x + x, y: item.position.y + y }, dragging };
      });
  });
}
