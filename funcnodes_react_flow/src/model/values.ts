/** What a worker says about a value that is too large to be sent whole, and windows of it. Pure. */
import { isJson, isObject } from "../rpc/json";
import type { Json } from "../wire/generated";

export interface ValueInfo {
  /** Names one value of one port; a window is of this one or refused. */
  generation: string;
  kind: string;
  type: string;
  rows: number;
  columns: number;
  shape: readonly number[];
  dtype: string;
  isImage: boolean;
  /** Words a download may ask for. */
  formats: readonly string[];
}

export interface WindowColumn {
  name: string;
  dtype: string;
  values: readonly Json[];
}

export interface ValueWindow {
  generation: string;
  start: number;
  places: readonly number[];
  index: readonly Json[] | null;
  columns: readonly WindowColumn[];
}

/** Rows that are asked for at once, and columns. */
export const PAGE_ROWS = 200;
export const PAGE_COLUMNS = 50;

const TABLES = new Set(["table", "array", "rows", "items", "mapping"]);

/** True for a value that is looked at through a window: it has rows that a preview does not show. */
export function hasWindow(info: ValueInfo): boolean {
  return TABLES.has(info.kind) && info.rows > 0;
}

export function toInfo(answer: unknown): ValueInfo | null {
  if (!isObject(answer) || typeof answer.generation !== "string" || typeof answer.kind !== "string")
    return null;
  return {
    generation: answer.generation,
    kind: answer.kind,
    type: textOf(answer.type),
    rows: numberOf(answer.rows),
    columns: numberOf(answer.total_columns),
    shape: listOf(answer.shape).filter((length) => typeof length === "number"),
    dtype: textOf(answer.dtype),
    isImage: answer.image === true || answer.kind === "image",
    formats: listOf(answer.formats).filter((word) => typeof word === "string"),
  };
}

export function toWindow(answer: unknown): ValueWindow | null {
  if (!isObject(answer) || !Array.isArray(answer.rows) || !Array.isArray(answer.columns)) return null;
  return {
    generation: textOf(answer.generation),
    start: numberOf(answer.rows[0]),
    places: listOf(answer.places).filter((place) => typeof place === "number"),
    index: Array.isArray(answer.index) ? answer.index.filter(isJson) : null,
    columns: answer.columns.flatMap((column: unknown) =>
      isObject(column) && Array.isArray(column.values)
        ? [{ name: textOf(column.name), dtype: textOf(column.dtype), values: column.values.filter(isJson) }]
        : [],
    ),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Which page a row stands on. */
export function pageOf(row: number): number {
  return Math.floor(row / PAGE_ROWS);
}

/** Returns the pages that rows from `first` to `last` need and nobody has or has asked for. */
export function missingPages(first: number, last: number, known: ReadonlySet<number>): readonly number[] {
  const missing: number[] = [];
  for (let page = pageOf(first); page <= pageOf(Math.max(first, last)); page += 1) {
    if (!known.has(page)) missing.push(page);
  }
  return missing;
}

/** One line about a value: `2,000 × 3 · float64`. */
export function summaryOf(info: ValueInfo): string {
  const size =
    info.shape.length > 0
      ? info.shape.map(grouped).join(" × ")
      : info.columns > 1
        ? `${grouped(info.rows)} × ${grouped(info.columns)}`
        : `${grouped(info.rows)} ${info.rows === 1 ? "row" : "rows"}`;
  return [info.type, size, info.dtype].filter(Boolean).join(" · ");
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

export const FORMAT_NAMES: Readonly<Record<string, string>> = {
  json: "JSON",
  csv: "CSV",
  arrow: "Arrow",
  npy: "NumPy (.npy)",
  png: "PNG",
  text: "Text",
  raw: "Bytes",
};

const ENDINGS: Readonly<Record<string, string>> = { text: "txt", raw: "bin" };

export function fileNameOf(title: string, port: string, format: string): string {
  const stem = `${title} ${port}`.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${stem}.${ENDINGS[format] ?? format}`;
}
