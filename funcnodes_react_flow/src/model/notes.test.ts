// @vitest-environment node
import { describe, expect, it } from "vitest";
import { applyEdits } from "./applyEdits";
import { EMPTY_GRAPH } from "./graph";
import { newNote, noteOf, notesOf, removeNote, writeNote } from "./notes";

describe("notes", () => {
  it("are written and read again", () => {
    const note = { ...newNote("n", { x: 10.4, y: -3.6 }), text: "hello", tint: "blue" as const };
    const graph = applyEdits(EMPTY_GRAPH, [writeNote(note)]);
    expect(graph.properties["note:n"]).toEqual({
      text: "hello",
      pos: [10, -4],
      size: [220, 120],
      colour: "blue",
    });
    expect(noteOf(graph.properties, "n")).toEqual({ ...note, x: 10, y: -4 });
    expect(applyEdits(graph, [removeNote("n")]).properties).toEqual({});
  });

  it("leave alone what is none of them, or is written by others with less", () => {
    const notes = notesOf({ "note:a": { text: "x", pos: "left" }, "note:b": 7, other: { text: "y" } });
    expect(notes).toEqual([{ ...newNote("a", { x: 0, y: 0 }), text: "x" }]);
  });
});
