/** What a running worker says about its graph: states, values, ports. Newest only; merged here. Pure. */
import { is, isListOf } from "../rpc/check";
import { isJson, isObject } from "../rpc/json";
import type { Edit, Json, PortRecord } from "../wire/generated";
import { type Figures, NO_RUNS, toFigures } from "./figures";
import type { Graph } from "./graph";

export type Status = "idle" | "marked" | "running" | "failed" | "blocked";

export interface RunError {
  message: string;
  traceback: readonly string[];
  kind: string;
}

export interface Progress {
  text: string;
  /** Between 0 and 1, or null when the end is not known. */
  fraction: number | null;
}

export interface NodeState {
  status: Status;
  run: number;
  error: RunError | null;
  progress: Progress | null;
  /** The failed node that this one waits for. */
  blockedBy: string | null;
  /** What users should know of how the latest run was done, though it was no error. */
  notice: string | null;
  figures: Figures;
  /** True while its outputs are those kept from before the worker started. */
  kept: boolean;
}

/** True for a node that is kept from running: told as a failure on the wire, and none of its own. */
export function isHeld({ status, error }: Pick<NodeState, "status" | "error">): boolean {
  return status === "failed" && error?.kind === "Held";
}

/** Why a node is held, in few words; the long sentence tells the next step as well. */
export function heldText(message: string): string {
  if (message.includes("safe mode")) return "Held: safe mode runs nothing";
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
}

/** What went wrong, as one reads it: an error without words, or whose words are only a key, is named. */
export function failureText({ message, kind }: Pick<RunError, "message" | "kind">): string {
  if (message.trim() === "") return kind || "It failed without a word";
  return kind === "KeyError" ? `${kind}: ${message}` : message;
}

export interface Preview {
  mime: string;
  value?: Json;
  data?: string;
  cut: boolean;
  type: string;
  /** Encoding it takes so long that the worker does so only on request. */
  tooSlow?: boolean;
  /** What is left out: "1,000 items" of a value that was cut, "nan" where JSON has no word. */
  summary?: string;
}

export type PortValues = Readonly<Record<string, Preview | null>>;

export interface Feed {
  states: Readonly<Record<string, NodeState>>;
  values: Readonly<Record<string, PortValues>>;
  ports: Readonly<Record<string, readonly PortRecord[]>>;
}

export const IDLE: NodeState = {
  status: "idle",
  run: 0,
  error: null,
  progress: null,
  blockedBy: null,
  notice: null,
  figures: NO_RUNS,
  kept: false,
};

const STATUS: readonly Status[] = ["idle", "marked", "running", "failed", "blocked"];

/** Reads a feed message; parts it does not understand are left out, so one odd node hides no other. */
export function toFeed(message: unknown): Feed {
  const feed = isObject(message) ? message : {};
  return {
    states: mapOf(feed.states, toState),
    values: mapOf(feed.values, (ports) => mapOf(ports, toPreview)),
    ports: mapOf(feed.ports, toPorts),
  };
}

/** Reads what a feed says of what is around the graph; nothing in most. */
export function toSurroundings(message: unknown): Graph["surroundings"] | undefined {
  return isObject(message) && isSurroundings(message.surroundings) ? message.surroundings : undefined;
}

function isSurroundings(value: unknown): value is Graph["surroundings"] {
  return isObject(value) && isJson(value);
}

function mapOf<Item>(
  value: unknown,
  read: (item: unknown) => Item | undefined,
): Readonly<Record<string, Item>> {
  const result: Record<string, Item> = {};
  for (const [key, item] of Object.entries(isObject(value) ? value : {})) {
    const known = read(item);
    if (known !== undefined) result[key] = known;
  }
  return result;
}

function toState(value: unknown): NodeState | undefined {
  if (!isObject(value)) return undefined;
  const status = STATUS.find((name) => name === value.status) ?? "idle";
  const run = typeof value.run === "number" ? value.run : 0;
  return {
    status,
    run,
    error: toRunError(value.error),
    progress: toProgress(value.progress),
    blockedBy: typeof value.blocked_by === "string" ? value.blocked_by : null,
    notice: typeof value.notice === "string" ? value.notice : null,
    figures: toFigures(value.figures),
    kept: value.kept === true,
  };
}

function toRunError(value: unknown): RunError | null {
  if (!isObject(value)) return null;
  const lines = Array.isArray(value.traceback) ? value.traceback : [value.traceback];
  const kind = typeof value.kind === "string" ? value.kind : "";
  const message = typeof value.message === "string" ? value.message : "The node failed.";
  return {
    message: isInterrupt(kind) || isInterrupt(message) ? "Interrupted" : message,
    traceback: lines.filter((line) => typeof line === "string"),
    kind,
  };
}

/** How Python says that somebody ended the run. */
function isInterrupt(text: string): boolean {
  return text === "CancelledError" || text === "KeyboardInterrupt";
}

/** Reads a progress bar's state: `n` of `total`, with a description in `prefix`. */
export function toProgress(value: unknown): Progress | null {
  if (!isObject(value) || value.prefix === "idle") return null;
  const { n, total, prefix, unit } = value;
  if (typeof n !== "number") return null;
  const known = typeof total === "number" && total > 0;
  const label = typeof prefix === "string" && prefix !== "" ? `${prefix} ` : "";
  const amount = known ? `${n} / ${total}` : `${n} ${typeof unit === "string" ? unit : ""}`;
  return { text: `${label}${amount}`.trim(), fraction: known ? Math.min(1, n / total) : null };
}

export function toPreview(value: unknown): Preview | null | undefined {
  if (value === null) return null;
  if (!isObject(value) || typeof value.mime !== "string") return undefined;
  return {
    mime: value.mime,
    ...(isJson(value.value) ? { value: value.value } : {}),
    ...(typeof value.data === "string" ? { data: value.data } : {}),
    cut: value.cut === true,
    type: typeof value.type === "string" ? value.type : "",
    ...(value.too_slow === true ? { tooSlow: true } : {}),
    ...(typeof value.summary === "string" ? { summary: value.summary } : {}),
  };
}

/** Reads the answer to `get_io_full_value`: mime and base64 of the whole value. */
export function toFullValue(answer: unknown): Preview | null {
  if (!isObject(answer) || typeof answer.mime !== "string" || typeof answer.data !== "string") return null;
  const { mime, data } = answer;
  if (mime !== "application/json" && !mime.startsWith("text/")) return { mime, data, cut: false, type: "" };
  const text = new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
  if (mime !== "application/json") return { mime, value: text, cut: false, type: "" };
  const value: Json = JSON.parse(text);
  return value === "<NoValue>" ? null : { mime, value, cut: false, type: "" };
}

function toPorts(value: unknown): readonly PortRecord[] | undefined {
  return isListOf("PortRecord", value) ? value.filter((port) => is("PortRecord", port)) : undefined;
}

/** Returns the feed without nodes that are gone or were replaced: what was said of them counts no more. */
export function withoutRenewed(feed: Feed, edits: readonly Edit[]): Feed {
  if (edits.some((edit) => edit.kind === "replace_graph")) return EMPTY_FEED;
  const gone = new Set(edits.flatMap((edit) => (edit.kind === "remove_node" ? [edit.id] : [])));
  if (gone.size === 0) return feed;
  const left = <Item>(known: Readonly<Record<string, Item>>): Readonly<Record<string, Item>> =>
    Object.fromEntries(Object.entries(known).filter(([node]) => !gone.has(node)));
  return { states: left(feed.states), values: left(feed.values), ports: left(feed.ports) };
}

/** Returns the older feed overlaid by the newer; what did not change keeps its identity. */
export function mergeFeed(older: Feed, newer: Feed): Feed {
  return {
    states: Object.keys(newer.states).length > 0 ? { ...older.states, ...newer.states } : older.states,
    values: mergeValues(older.values, newer.values),
    ports: older.ports,
  };
}

function mergeValues(older: Feed["values"], newer: Feed["values"]): Feed["values"] {
  const changed = Object.entries(newer);
  if (changed.length === 0) return older;
  const result = { ...older };
  for (const [node, ports] of changed) result[node] = { ...older[node], ...ports };
  return result;
}

export const EMPTY_FEED: Feed = { states: {}, values: {}, ports: {} };
