/** One axis of a plot: numbers, dates or names, and where they stand on it. Pure. */
import { isObject } from "../rpc/json";
import type { Json } from "../wire/generated";
import { numberText } from "./numberText";

export interface Tick {
  /** Within 0 and 1. */
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  readonly shown: { readonly title: string; readonly ticks: readonly Tick[] };
  /** The room of one value: between two names, or between the two nearest numbers. */
  readonly step: number;
  place(value: Json): number | null;
  say(value: Json): string;
}

const DATE = /^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?)?/;
const MOST_NAMES = 12;
const WANTED_TICKS = 5;
const MARGIN = 0.04;

/** Returns the axis that holds these values; null where the figure asks for another kind. */
export function axisOf(wish: unknown, values: readonly Json[], { isBar }: { isBar: boolean }): Axis | null {
  const asked = isObject(wish) ? wish : {};
  if (asked.type !== undefined && !["linear", "date", "category", "-"].includes(String(asked.type)))
    return null;
  if (asked.autorange === "reversed" || asked.range !== undefined) return null;
  const title = titleText(asked.title);
  const there = values.filter((value) => value !== null);
  if (there.every((value) => typeof value === "number") && asked.type !== "category") {
    return straight(title, there, isBar, numberText, (value) => (typeof value === "number" ? value : null));
  }
  const isDates = there.every((value) => typeof value === "string" && DATE.test(value));
  if (isDates && asked.type !== "category") {
    const times = there.map((value) => timeOf(String(value)));
    const read = (value: Json) => (typeof value === "string" ? timeOf(value) : null);
    return straight(title, times, isBar, dateText(times), read, timeSteps);
  }
  return ofNames(title, there);
}

function straight(
  title: string,
  numbers: readonly number[],
  isBar: boolean,
  write: (value: number) => string,
  read: (value: Json) => number | null,
  stepFor: (rough: number) => number = roundStep,
): Axis | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of numbers) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null;
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const sorted = isBar ? [...new Set(numbers)].sort((one, other) => one - other) : [];
  const gaps = sorted.slice(1).map((value, index) => value - (sorted[index] ?? value));
  const gap = isBar ? (gaps.length > 0 ? gaps.reduce((one, two) => Math.min(one, two)) : high - low) : 0;
  const room = isBar ? gap / 2 : (high - low) * MARGIN;
  const [from, to] = [low - room, high + room];
  const at = (value: number) => (value - from) / (to - from);
  return {
    shown: {
      title,
      ticks: ticksOf(from, to, stepFor).map((value) => ({ at: at(value), label: write(value) })),
    },
    step: gap / (to - from),
    place: (value) => {
      const number = read(value);
      return number === null || Number.isNaN(number) ? null : at(number);
    },
    say: (value) => {
      const number = read(value);
      return number === null ? "" : write(number);
    },
  };
}

function ofNames(title: string, values: readonly Json[]): Axis {
  const names = [...new Set(values.map(nameText))];
  const places = new Map(names.map((name, index) => [name, (index + 0.5) / names.length]));
  const every = Math.ceil(names.length / MOST_NAMES);
  const ticks = [...places].flatMap(([label, at], index) => (index % every === 0 ? [{ at, label }] : []));
  return {
    shown: { title, ticks },
    step: names.length === 0 ? 0 : 1 / names.length,
    place: (value) => (value === null ? null : (places.get(nameText(value)) ?? null)),
    say: nameText,
  };
}

function nameText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The numbers between two that are so many steps from nought. */
function ticksOf(from: number, to: number, stepFor: (rough: number) => number): readonly number[] {
  const step = stepFor((to - from) / WANTED_TICKS);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => power * factor >= rough) ?? 10);
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TIME_STEPS_MS = [
  ...[1 / 60, 1 / 12, 1 / 4, 1 / 2, 1, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 30, 91, 182, 365, 730].map((days) => days * DAY_MS),
];

function timeSteps(rough: number): number {
  return TIME_STEPS_MS.find((step) => step >= rough) ?? roundStep(rough / DAY_MS) * DAY_MS;
}

/** A figure's times have no zone: they are shown as they are written. */
function timeOf(text: string): number {
  const written = text.replace(" ", "T");
  return Date.parse(written.includes("T") && !/(Z|[+-]\d\d:?\d\d)$/.test(written) ? `${written}Z` : written);
}

/** Dates as short as they can be told apart. */
function dateText(times: readonly number[]): (time: number) => string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    low = Math.min(low, time);
    high = Math.max(high, time);
  }
  const isLong = high - low > 4 * DAY_MS;
  return (time) => {
    const text = new Date(time).toISOString();
    return isLong ? text.slice(0, 10) : text.slice(5, 16).replace("T", " ");
  };
}

/** A title as plain text: figures write it with tags. */
export function titleText(title: unknown): string {
  const text = isObject(title) ? title.text : title;
  return typeof text === "string" ? text.replace(/<[^>]*>/g, "") : "";
}
