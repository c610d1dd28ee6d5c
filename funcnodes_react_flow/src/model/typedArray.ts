/** Lists of values as Plotly writes them: plain, or the bytes of an array in base64. Pure. */
import { isJson, isObject } from "../rpc/json";
import type { Json } from "../wire/generated";

type Read = (view: DataView, at: number) => number;

const READ: Readonly<Record<string, readonly [number, Read]>> = {
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at) => view.getInt16(at, true)],
  u2: [2, (view, at) => view.getUint16(at, true)],
  i4: [4, (view, at) => view.getInt32(at, true)],
  u4: [4, (view, at) => view.getUint32(at, true)],
  f4: [4, (view, at) => view.getFloat32(at, true)],
  f8: [8, (view, at) => view.getFloat64(at, true)],
};

/** Returns the values of a list, or null when it is none or one of several dimensions. */
export function numbersOf(value: unknown): readonly Json[] | null {
  if (Array.isArray(value)) return value.every(isFlat) ? value.filter(isJson) : null;
  if (!isObject(value) || typeof value.dtype !== "string" || typeof value.bdata !== "string") return null;
  const known = READ[value.dtype];
  if (!known || (typeof value.shape === "string" && value.shape.includes(","))) return null;
  const [size, read] = known;
  const bytes = bytesOf(value.bdata);
  if (!bytes || bytes.length % size !== 0) return null;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / size }, (_, index) => finite(read(view, index * size)));
}

function isFlat(value: unknown): boolean {
  return value === null || ["number", "string", "boolean"].includes(typeof value);
}

/** What is no number is a gap, as in the plain form. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
