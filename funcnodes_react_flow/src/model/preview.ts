/** What to show of a value: a preview from the feed becomes one of a few shapes. Pure. */
import { isObject } from "../rpc/json";
import type { Json } from "../wire/generated";
import type { Preview } from "./feed";
import { numberText } from "./numberText";
import { type Plot, plotOf } from "./plot";

export interface Table {
  columns: readonly string[];
  index: readonly string[];
  rows: readonly (readonly Json[])[];
}

export type Shown =
  | { kind: "nothing" }
  | { kind: "text"; text: string; cut: boolean }
  | { kind: "scalar"; text: string }
  | { kind: "table"; table: Table; cut: boolean }
  | { kind: "tree"; value: Json; cut: boolean }
  | { kind: "plot"; plot: Plot; value: Json }
  | { kind: "image"; source: string }
  | { kind: "bytes"; text: string };

const IMAGE_DATA = /^data:image\/(png|jpeg|jpg|gif|webp|svg\+xml|bmp);/;

export function shown(preview: Preview | null | undefined): Shown {
  if (!preview) return { kind: "nothing" };
  if (preview.mime.startsWith("image/") && preview.data !== undefined) {
    return { kind: "image", source: `data:${preview.mime};base64,${preview.data}` };
  }
  if (preview.tooSlow) return { kind: "bytes", text: `${preview.type}: shown on request` };
  if (preview.value === undefined) {
    return preview.data === undefined ? { kind: "nothing" } : { kind: "bytes", text: bytesText(preview) };
  }
  // A number that JSON has no word for came as null; None has no summary.
  if (preview.value === null && preview.summary) return { kind: "scalar", text: preview.summary };
  return shownValue(preview.value, preview.cut);
}

function shownValue(value: Json, cut: boolean): Shown {
  if (value === null) return { kind: "scalar", text: "None" };
  if (typeof value === "string") {
    if (IMAGE_DATA.test(value)) return { kind: "image", source: value };
    return { kind: "text", text: value, cut };
  }
  if (typeof value === "number") return { kind: "scalar", text: numberText(value) };
  if (typeof value === "boolean") return { kind: "scalar", text: value ? "True" : "False" };
  // A figure of which a part is missing would show something that is not so.
  const plot = cut ? null : knownPlot(value);
  if (plot) return { kind: "plot", plot, value };
  const table = tableOf(value);
  return table ? { kind: "table", table, cut } : { kind: "tree", value, cut };
}

const plots = new WeakMap<object, Plot | null>();

/** A value is asked about for its line, its node and its window, and drawn again with each: it is read once. */
function knownPlot(value: Json): Plot | null {
  if (!isObject(value)) return null;
  const known = plots.get(value);
  if (known !== undefined) return known;
  const plot = plotOf(value);
  plots.set(value, plot);
  return plot;
}

/** Reads the split form of tables: columns, index, data. */
export function tableOf(value: Json): Table | null {
  if (!isObject(value)) return null;
  const { columns, index, data } = value;
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every((row) => Array.isArray(row)))
    return null;
  return {
    columns: columns.map(cellText),
    index: Array.isArray(index) ? index.map(cellText) : data.map((_, row) => String(row)),
    rows: data,
  };
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return numberText(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function bytesText(preview: Preview): string {
  const data = preview.data ?? "";
  const size = (data.length * 3) / 4 - (data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0);
  const amount = size < 1024 ? `${size} bytes` : `${(size / 1024).toFixed(1)} KiB`;
  return `${amount}${preview.cut ? " (beginning)" : ""} of ${preview.mime}`;
}

/** One line for the row of a port: how much there is comes first where not all of it is shown. */
export function lineOf(preview: Preview | null | undefined): string {
  const what = shown(preview);
  const amount = preview?.cut && preview.summary ? preview.summary : null;
  switch (what.kind) {
    case "nothing":
      return "";
    case "text":
      return what.text;
    case "scalar":
    case "bytes":
      return what.text;
    case "table":
      // A mapping in the form of a table is counted by its keys, which are no rows.
      if (what.cut) return amount?.includes("×") ? `${amount} table` : "table";
      return `${what.table.rows.length} × ${what.table.columns.length} table`;
    case "tree": {
      const text = JSON.stringify(what.value);
      return amount === null ? text : `${amount}: ${text.slice(0, -1)}…`;
    }
    case "image":
      return "image";
    case "plot":
      return `plot of ${what.plot.series.length === 1 ? "one series" : `${what.plot.series.length} series`}`;
  }
}
