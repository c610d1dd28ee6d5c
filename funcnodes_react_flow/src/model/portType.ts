/** Serialised types of ports, as words and as families of colour. */
import { isObject } from "../rpc/json";
import type { Json } from "../wire/generated";

export type Family =
  | "number"
  | "text"
  | "bool"
  | "choice"
  | "list"
  | "dict"
  | "table"
  | "array"
  | "image"
  | "bytes"
  | "trigger"
  | "any";

const SIMPLE: Readonly<Record<string, Family>> = {
  int: "number",
  float: "number",
  complex: "number",
  number: "number",
  str: "text",
  string: "text",
  bool: "bool",
  bytes: "bytes",
  dict: "dict",
  color: "text",
};

const BY_WORD: readonly (readonly [RegExp, Family])[] = [
  [/dataframe|series|table/i, "table"],
  [/image|figure|axes|plot/i, "image"],
  [/ndarray|matrix|tensor|numpy/i, "array"],
  [/bytes|buffer|file/i, "bytes"],
  [/list|tuple|sequence|set|iter/i, "list"],
  [/dict|mapping|json/i, "dict"],
  [/^(int|float|number)/i, "number"],
];

/** Returns the alternatives of a type without "no value". */
export function alternatives(type: Json | undefined): readonly Json[] {
  if (!isObject(type)) return type === undefined ? [] : [type];
  const any = type.anyOf;
  if (!Array.isArray(any)) return [asJson(type)];
  return any.flatMap((option: Json) => alternatives(option)).filter((option) => option !== "None");
}

function asJson(type: Record<string, unknown>): Json {
  return Object.fromEntries(Object.entries(type).map(([key, value]) => [key, toJson(value)]));
}

function toJson(value: unknown): Json {
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  if (Array.isArray(value)) return value.map(toJson);
  return isObject(value) ? asJson(value) : null;
}

export function familyOf(type: Json | undefined): Family {
  const families = new Set(alternatives(type).map(familyOfOne));
  const [first, ...others] = families;
  return first !== undefined && others.length === 0 ? first : "any";
}

function familyOfOne(type: Json): Family {
  if (typeof type === "string") {
    return SIMPLE[type] ?? BY_WORD.find(([word]) => word.test(type))?.[1] ?? "any";
  }
  if (!isObject(type)) return "any";
  if (type.type === "array" || Array.isArray(type.allOf)) return "list";
  if (type.type === "object") return "dict";
  return type.type === "enum" ? "choice" : "any";
}

/** Returns the type as a person would write it: `list[float]`, `int | text`. */
export function typeLabel(type: Json | undefined): string {
  if (typeof type === "string") return type.split(".").at(-1) ?? type;
  if (!isObject(type)) return "any";
  if (Array.isArray(type.anyOf)) return type.anyOf.map((option: Json) => typeLabel(option)).join(" | ");
  if (Array.isArray(type.allOf))
    return `tuple[${type.allOf.map((item: Json) => typeLabel(item)).join(", ")}]`;
  if (type.type === "array") {
    return `${type.uniqueItems === true ? "set" : "list"}[${typeLabel(toJson(type.items))}]`;
  }
  if (type.type === "object")
    return `dict[${typeLabel(toJson(type.keys))}, ${typeLabel(toJson(type.values))}]`;
  if (type.type === "enum") return "choice";
  return typeof type.type === "string" ? type.type : "any";
}
