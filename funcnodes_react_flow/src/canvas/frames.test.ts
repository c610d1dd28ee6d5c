// @vitest-environment node
import { describe, expect, it } from "vitest";
import { applyEdits } from "../model/applyEdits";
import { EMPTY_GRAPH, type Graph } from "../model/graph";
import { newNote, writeNote } from "../model/notes";
import { editsOf, partsOf } from "./changes";
import { frameId, movesOfMembers, type Placed, toFrames } from "./toFrames";
import { noteNodeId, toNoteNodes } from "./toNotes";

const NOBODY: ReadonlySet<string> = new Set();
const GROUPS: Graph["groups"] = {
  out: { node_ids: ["b"], child_groups: ["in"], parent_group: null },
  in: { node_ids: ["a"], child_groups: [], parent_group: "out" },
};
const size = { width: 100, height: 50 };
const PLACED: readonly Placed[] = [
  { id: "a", position: { x: 0, y: 0 }, measured: size },
  { id: "b", position: { x: 300, y: 100 }, measured: size },
];

describe("frames", () => {
  const frames = toFrames(GROUPS, PLACED, NOBODY, []);

  it("lie around their members, the outer one below", () => {
    expect(frames.map(({ id, position, width, height }) => [id, position, width, height])).toEqual([
      ["group:out", { x: -36, y: -96 }, 454, 264],
      ["group:in", { x: -18, y: -48 }, 136, 116],
    ]);
  });

  it("keep their objects while nothing about them changes", () => {
    expect(toFrames(GROUPS, [...PLACED], NOBODY, frames)).toBe(frames);
    const moved = toFrames(GROUPS, PLACED.with(1, { id: "b", position: { x: 400, y: 100 } }), NOBODY, frames);
    expect(moved[0]).not.toBe(frames[0]);
    expect(moved[1]).toBe(frames[1]);
  });

  it("do not appear for members that are not on the canvas yet", () => {
    expect(toFrames({ g: { node_ids: ["later"] } }, PLACED, NOBODY, [])).toEqual([]);
  });

  it("take all their members along, but not twice", () => {
    const move = { group: "out", position: { x: -26, y: -76 }, dragging: true };
    expect(movesOfMembers(GROUPS, [move], frames, PLACED, NOBODY)).toEqual([
      { id: "a", position: { x: 10, y: 20 }, dragging: true },
      { id: "b", position: { x: 310, y: 120 }, dragging: true },
    ]);
    const inner = { group: "in", position: { x: 0, y: 0 }, dragging: true };
    const both = movesOfMembers(GROUPS, [move, inner], frames, PLACED, new Set(["b"]));
    expect(both.map(({ id }) => id)).toEqual(["a"]);
  });
});

describe("changes of the canvas", () => {
  it("are sorted by what they are about", () => {
    const { cards, notes, moves, choices } = partsOf([
      { id: "a", type: "select", selected: true },
      { id: noteNodeId("n"), type: "select", selected: true },
      { id: frameId("g"), type: "select", selected: false },
      { id: frameId("g"), type: "position", position: { x: 1, y: 2 }, dragging: true },
      { id: frameId("g"), type: "dimensions", dimensions: { width: 1, height: 1 } },
    ]);
    expect([cards.map(({ type }) => type), notes.map(({ type }) => type)]).toEqual([["select"], ["select"]]);
    expect([moves, [...choices]]).toEqual([
      [{ group: "g", position: { x: 1, y: 2 }, dragging: true }],
      [["g", false]],
    ]);
  });

  it("write a note when it is let go of, once, and not when it stands where it stood", () => {
    const graph = applyEdits(EMPTY_GRAPH, [writeNote({ ...newNote("n", { x: 5, y: 5 }), text: "t" })]);
    const drawn = toNoteNodes(graph.properties, [], NOBODY);
    const id = noteNodeId("n");
    const moved = drawn.map((node) => ({ ...node, position: { x: 9.4, y: 5 } }));
    const on = { id, type: "position", position: { x: 9.4, y: 5 }, dragging: true } as const;
    expect(editsOf(graph, [], [on], moved)).toEqual([]);
    const end = { id, type: "position", position: { x: 9.4, y: 5 }, dragging: false } as const;
    expect(editsOf(graph, [], [end], moved)).toEqual([
      writeNote({ ...newNote("n", { x: 9, y: 5 }), text: "t" }),
    ]);
    expect(editsOf(graph, [], [end], drawn)).toEqual([]);
    const sized = drawn.map((node) => ({ ...node, width: 300 }));
    expect(editsOf(graph, [], [{ id, type: "dimensions", resizing: false }], sized)).toEqual([
      writeNote({ ...newNote("n", { x: 5, y: 5 }), text: "t", width: 300 }),
    ]);
  });

  it("leave a note in the hand that moves it", () => {
    const graph = applyEdits(EMPTY_GRAPH, [writeNote({ ...newNote("n", { x: 5, y: 5 }), text: "t" })]);
    const hand = toNoteNodes(graph.properties, [], NOBODY).map((node) => ({
      ...node,
      dragging: true,
      position: { x: 80, y: 8 },
    }));
    expect(toNoteNodes(graph.properties, hand, NOBODY)).toBe(hand);
    const later = applyEdits(graph, [writeNote({ ...newNote("n", { x: 50, y: 5 }), text: "t" })]);
    const put = hand.map((node) => ({ ...node, dragging: false }));
    expect(toNoteNodes(later.properties, put, NOBODY)[0]?.position).toEqual({ x: 50, y: 5 });
  });
});
