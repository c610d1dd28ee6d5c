/** Notes on the canvas: each is a property of the graph under `note:<id>`, so two notes never collide. Pure. */
import { isObject } from "../rpc/json";
import type { Edit, Json } from "../wire/generated";
import type { Graph } from "./graph";
import type { Point } from "./newNode";
import { type Tint, toTint } from "./tint";

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly tint: Tint;
}

const PREFIX = "note:";
export const NOTE_SIZE = { width: 220, height: 120 };
export const SMALLEST_NOTE = { width: 100, height: 48 };

/** Returns the notes of a graph; a property that is not understood as one is left alone. */
export function notesOf(properties: Graph["properties"]): readonly Note[] {
  return Object.keys(properties).flatMap((key) =>
    key.startsWith(PREFIX) ? (toNote(key.slice(PREFIX.length), properties[key]) ?? []) : [],
  );
}

export function noteOf(properties: Graph["properties"], id: string): Note | null {
  const key = PREFIX + id;
  return Object.hasOwn(properties, key) ? toNote(id, properties[key]) : null;
}

function toNote(id: string, value: Json | undefined): Note | null {
  if (!isObject(value) || typeof value.text !== "string") return null;
  const [x, y] = pair(value.pos, [0, 0]);
  const [width, height] = pair(value.size, [NOTE_SIZE.width, NOTE_SIZE.height]);
  return { id, text: value.text, x, y, width, height, tint: toTint(value.colour ?? "yellow") };
}

function pair(value: unknown, otherwise: readonly [number, number]): readonly [number, number] {
  if (!Array.isArray(value)) return otherwise;
  const [a, b]: unknown[] = value;
  return typeof a === "number" && typeof b === "number" ? [a, b] : otherwise;
}

/** Returns the edit that writes a note as it is to be from now on. */
export function writeNote(note: Note): Edit {
  const value = {
    text: note.text,
    pos: [Math.round(note.x), Math.round(note.y)],
    size: [Math.round(note.width), Math.round(note.height)],
    colour: note.tint,
  };
  return { kind: "set_graph_property", key: PREFIX + note.id, value };
}

export function newNote(id: string, at: Point): Note {
  return { id, text: "", x: at.x, y: at.y, ...NOTE_SIZE, tint: "yellow" };
}

export function removeNote(id: string): Edit {
  return { kind: "set_graph_property", key: PREFIX + id };
}
