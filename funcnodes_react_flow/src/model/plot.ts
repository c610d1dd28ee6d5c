/**
 * Figures in Plotly's JSON as plain plots: points, lines and bars over two straight axes. Pure.
 *
 * What is drawn is what the figure says; a figure with anything else in it is none of ours and stays a tree.
 */
import { isObject } from "../rpc/json";
import type { Json } from "../wire/generated";
import { type Axis, axisOf, titleText } from "./plotAxis";
import { numbersOf } from "./typedArray";

export interface Series {
  readonly name: string;
  readonly kind: "lines" | "markers" | "both" | "bars";
  /** A colour the figure names, or null. */
  readonly colour: string | null;
  /** Within 0 and 1, from the lower left; null where a value is missing. Of a bar: its middle and its end. */
  readonly points: readonly (Point | null)[];
  /** Of bars: where each begins, and how wide they are. */
  readonly bases: readonly number[];
  readonly width: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis["shown"];
  readonly y: Axis["shown"];
  readonly series: readonly Series[];
}

interface Trace {
  readonly name: string;
  readonly isBar: boolean;
  readonly mode: string;
  readonly colour: string | null;
  readonly xs: readonly Json[];
  readonly ys: readonly Json[];
}

/** More points than this on one line are not told apart on a screen. */
const MOST_POINTS = 2000;
const KNOWN = new Set(["scatter", "scattergl", "bar"]);
/** What changes where or how values are drawn, and is not drawn here. */
const FOREIGN = ["stackgroup", "orientation", "xaxis", "yaxis", "x0", "dx", "y0", "dy", "base", "error_y"];
const COLOUR = /^(#[0-9a-f]{3,8}|rgba?\([\d.,\s%]+\)|[a-z]+)$/i;

/** Returns what a value draws, or null when it is no figure or one with more in it than points, lines and bars. */
export function plotOf(value: Json): Plot | null {
  if (!isObject(value) || !Array.isArray(value.data) || !isObject(value.layout)) return null;
  const layout = value.layout;
  if (Object.keys(layout).some((key) => /^[xy]axis\d/.test(key))) return null;
  const traces = value.data.map(traceOf);
  if (traces.length === 0 || !traces.every((trace) => trace !== null)) return null;
  const bars = traces.filter((trace) => trace.isBar);
  const isStacked = layout.barmode === "stack" || layout.barmode === "relative";
  if (layout.barmode === "overlay" && bars.length > 1) return null;
  const stacks = stacksOf(bars, isStacked);
  if (stacks === null) return null;
  const x = axisOf(
    layout.xaxis,
    traces.flatMap((trace) => trace.xs),
    { isBar: bars.length > 0 },
  );
  const heights = [
    ...traces.flatMap((trace) => trace.ys),
    ...[...stacks.values()].flatMap(({ ends }) => ends),
  ];
  const y = axisOf(layout.yaxis, bars.length > 0 ? [...heights, 0] : heights, { isBar: false });
  if (!x || !y) return null;
  const slot = bars.length === 0 ? 0 : (x.step * 0.8) / (isStacked ? 1 : bars.length);
  const series = traces.map((trace): Series => {
    const stack = stacks.get(trace);
    if (!stack) return { ...lineOf(trace, x, y), bases: [], width: 0 };
    const shift = isStacked ? 0 : (bars.indexOf(trace) - (bars.length - 1) / 2) * slot;
    return {
      name: trace.name,
      kind: "bars",
      colour: trace.colour,
      points: pointsOf(trace.xs, stack.ends, x, y, trace.ys).map((at) => at && { ...at, x: at.x + shift }),
      bases: stack.begins.map((begin) => y.place(begin) ?? 0),
      width: slot,
    };
  });
  return { title: titleText(layout.title), x: x.shown, y: y.shown, series };
}

function traceOf(value: unknown): Trace | null {
  if (!isObject(value) || typeof value.type !== "string" || !KNOWN.has(value.type)) return null;
  if (FOREIGN.some((key) => value[key] !== undefined && !isPlain(key, value[key]))) return null;
  if (value.fill !== undefined && value.fill !== "none") return null;
  const ys = numbersOf(value.y);
  const xs = value.x === undefined ? ys?.map((_, index) => index) : numbersOf(value.x);
  if (!ys || !xs) return null;
  const length = Math.min(xs.length, ys.length);
  const mode = typeof value.mode === "string" ? value.mode : length < 20 ? "lines+markers" : "lines";
  return {
    name: typeof value.name === "string" ? value.name : "",
    isBar: value.type === "bar",
    mode,
    colour: colourOf(value),
    xs: xs.slice(0, length),
    ys: ys.slice(0, length),
  };
}

/** Plotly Express names what is so anyway. */
function isPlain(key: string, value: unknown): boolean {
  return (
    (key === "orientation" && value === "v") ||
    (key === "xaxis" && value === "x") ||
    (key === "yaxis" && value === "y")
  );
}

function colourOf(trace: Record<string, unknown>): string | null {
  for (const part of [trace.line, trace.marker]) {
    const colour = isObject(part) ? part.color : undefined;
    if (typeof colour === "string" && COLOUR.test(colour)) return colour;
  }
  return null;
}

function lineOf(trace: Trace, x: Axis, y: Axis): Pick<Series, "name" | "kind" | "colour" | "points"> {
  const hasLines = trace.mode.includes("lines");
  const kind = !hasLines ? "markers" : trace.mode.includes("markers") ? "both" : "lines";
  const points = pointsOf(trace.xs, trace.ys, x, y, trace.ys);
  return { name: trace.name, kind, colour: trace.colour, points: thinned(points) };
}

function pointsOf(
  xs: readonly Json[],
  ys: readonly Json[],
  x: Axis,
  y: Axis,
  said: readonly Json[],
): readonly (Point | null)[] {
  return xs.map((at, index) => {
    const left = x.place(at);
    const up = y.place(ys[index] ?? null);
    if (left === null || up === null) return null;
    return { x: left, y: up, label: `${x.say(at)}, ${y.say(said[index] ?? null)}` };
  });
}

interface Stack {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** Where bars begin and end; null when a height is no number. */
function stacksOf(bars: readonly Trace[], isStacked: boolean): Map<Trace, Stack> | null {
  const tops = new Map<string, number>();
  const stacks = new Map<Trace, Stack>();
  for (const bar of bars) {
    const begins: number[] = [];
    const ends: number[] = [];
    for (const [index, height] of bar.ys.entries()) {
      if (typeof height !== "number") return null;
      const key = `${height < 0 ? "-" : "+"}${JSON.stringify(bar.xs[index])}`;
      const begin = isStacked ? (tops.get(key) ?? 0) : 0;
      tops.set(key, begin + height);
      begins.push(begin);
      ends.push(begin + height);
    }
    stacks.set(bar, { begins, ends });
  }
  return stacks;
}

/** Lines of very many points keep the lowest and the highest of each stretch: nothing that stands out is lost. */
function thinned(points: readonly (Point | null)[]): readonly (Point | null)[] {
  if (points.length <= MOST_POINTS) return points;
  const size = Math.ceil((2 * points.length) / MOST_POINTS);
  const kept: (Point | null)[] = [];
  for (let start = 0; start < points.length; start += size) {
    const stretch = points.slice(start, start + size);
    let low = -1;
    let high = -1;
    for (const [index, point] of stretch.entries()) {
      if (!point) continue;
      if (low < 0 || point.y < (stretch[low]?.y ?? 0)) low = index;
      if (high < 0 || point.y > (stretch[high]?.y ?? 0)) high = index;
    }
    if (low < 0) kept.push(null);
    else
      for (const index of low === high ? [low] : [low, high].sort((a, b) => a - b))
        kept.push(stretch[index] ?? null);
  }
  return kept;
}
