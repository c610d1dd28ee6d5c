/** Which control edits an input, and how its text becomes a value of the declared type. Pure. */
import { isObject } from "../rpc/json";
import type { Json, PortRecord } from "../wire/generated";
import { isPathType } from "./files";
import { alternatives } from "./portType";

export interface Choice {
  label: string;
  value: Json;
}

export type Control =
  | { kind: "number"; whole: boolean; min: number | null; max: number | null; step: number | null }
  | { kind: "bool" }
  | { kind: "text" }
  | { kind: "choice"; choices: readonly Choice[]; nullable: boolean }
  | { kind: "color" }
  | { kind: "bytes" }
  | { kind: "file" }
  | { kind: "json" };

const NO_VALUE = "<NoValue>";

/** Returns the control for an input: options first, then what the module asks for, then the declared type. */
export function controlOf(port: PortRecord): Control {
  const options = port.value_options ?? {};
  const choices = choicesOf(options.options);
  if (choices.length > 0) return { kind: "choice", choices, nullable: mayBeNone(port.type) };
  if (isPathType(port.type)) return { kind: "file" };
  const wish = port.render_options?.type;
  const kinds = (wish === undefined || wish === "any" ? alternatives(port.type) : [wish]).map((type) =>
    controlOfType(type, options),
  );
  const [first] = kinds;
  // "int or text" is edited as JSON-like text, so that both can be typed; int and float together are a number.
  if (first?.kind === "number" && kinds.every((kind) => kind.kind === "number")) {
    return { ...first, whole: kinds.every((kind) => kind.kind === "number" && kind.whole) };
  }
  return first !== undefined && kinds.length === 1 ? first : { kind: "json" };
}

function controlOfType(type: Json, options: Readonly<Record<string, Json>>): Control {
  switch (type) {
    case "int":
    case "float":
      return {
        kind: "number",
        whole: type === "int",
        min: numberOrNull(options.min),
        max: numberOrNull(options.max),
        step: numberOrNull(options.step),
      };
    case "bool":
      return { kind: "bool" };
    case "str":
    case "string":
      return { kind: "text" };
    case "color":
      return { kind: "color" };
    case "bytes":
      return { kind: "bytes" };
    default: {
      const choices = choicesOf(type);
      return choices.length > 0 ? { kind: "choice", choices, nullable: false } : { kind: "json" };
    }
  }
}

/** Returns the choices of an options list, an enum record or a plain mapping of label to value. */
export function choicesOf(options: unknown): readonly Choice[] {
  if (Array.isArray(options)) return options.map((value: Json) => ({ label: labelOf(value), value }));
  if (!isObject(options)) return [];
  const { type, values, keys } = options;
  if (type === "enum" && Array.isArray(values)) {
    const labels = Array.isArray(keys) ? keys : [];
    return values.map((value: Json, index) => ({ label: String(labels[index] ?? labelOf(value)), value }));
  }
  if (type !== undefined) return [];
  return Object.entries(options).map(([label, value]) => ({ label, value: plain(value) }));
}

function plain(value: unknown): Json {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function labelOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function mayBeNone(type: Json | undefined): boolean {
  return (
    isObject(type) && (type.nullable === true || (Array.isArray(type.anyOf) && type.anyOf.includes("None")))
  );
}

function numberOrNull(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** The value an input has by itself: what the user gave it, else its default. Undefined: none. */
export function ownValue(port: PortRecord): Json | undefined {
  for (const value of [port.value, port.default, port.class_default]) {
    if (value !== undefined && value !== NO_VALUE) return value;
  }
  return undefined;
}

/** Whether a value is so large that the worker keeps it apart: the document has only its name, no text to edit. */
export function isStored(value: Json | undefined): boolean {
  return isObject(value) && typeof value.$stored === "string" && Object.keys(value).length === 1;
}

export type Parsed = { ok: true; value: Json | undefined } | { ok: false; why: string };

/** Returns the number a text means; an empty text is "no value". Out-of-range numbers are moved into the range. */
export function parseNumber(text: string, control: Control & { kind: "number" }): Parsed {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return { ok: true, value: undefined };
  const number = Number(trimmed);
  if (Number.isNaN(number)) return { ok: false, why: `“${text}” is not a number` };
  const inside = Math.min(control.max ?? number, Math.max(control.min ?? number, number));
  if (!Number.isFinite(inside)) return { ok: false, why: TOO_LARGE };
  if (!control.whole) return { ok: true, value: inside };
  const rounded = Math.round(inside);
  return Number.isSafeInteger(rounded) ? { ok: true, value: rounded } : { ok: false, why: TOO_LONG };
}

// JSON has no word for infinity: it would be sent as null, and the input would hold None.
const TOO_LARGE = "Numbers go up to 1.8e308; infinity cannot be typed here";
// Beyond this a browser rounds whole numbers, and another number than the typed one would be sent.
const TOO_LONG = "Whole numbers typed here are exact up to 9,007,199,254,740,991";

/**
 * Returns what a text in a JSON field means. What is no JSON is taken as text where the type allows text
 * (or says nothing), so that nobody has to type quotation marks.
 */
export function parseJson(text: string, type: Json | undefined): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return { ok: true, value: undefined };
  try {
    const value: Json = JSON.parse(trimmed);
    return isSendable(value) ? { ok: true, value } : { ok: false, why: TOO_LARGE };
  } catch {
    return allowsText(type)
      ? { ok: true, value: text }
      : { ok: false, why: "This is not JSON: a list is written [1, 2], a mapping {“a”: 1}" };
  }
}

function isSendable(value: Json | undefined): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isSendable);
}

function allowsText(type: Json | undefined): boolean {
  const options = alternatives(type);
  return (
    options.length === 0 ||
    options.some((option) => option === "str" || option === "Any" || option === "string")
  );
}

/** The text a JSON field shows for a value. */
export function jsonText(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
