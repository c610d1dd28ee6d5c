/** What a worker uses and may use of its machine, and how its processes ended. Pure. */
import { isObject } from "../rpc/json";

export interface MachineFigures {
  /** Percent of one processor. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly threads: number;
  /** Seconds. */
  readonly uptime: number;
}

/** Reads the manager's `figures`; a worker that does not run is not in it. */
export function toMachineFigures(params: unknown): Readonly<Record<string, MachineFigures>> {
  const workers = isObject(params) && isObject(params.workers) ? params.workers : {};
  return Object.fromEntries(
    Object.entries(workers).flatMap(([uuid, value]) => {
      if (!isObject(value)) return [];
      const number = (key: string) => (typeof value[key] === "number" ? value[key] : 0);
      const figures = {
        cpu: number("cpu"),
        memory: number("memory"),
        threads: number("threads"),
        uptime: number("uptime"),
      };
      return [[uuid, figures]];
    }),
  );
}

export type LimitName = "memory_soft" | "memory_hard" | "cpu" | "open_files";
export type Limits = Readonly<Record<LimitName, number | null>>;
export const NO_LIMITS: Limits = { memory_soft: null, memory_hard: null, cpu: null, open_files: null };

export function toLimits(answer: unknown): Limits {
  const given = isObject(answer) && isObject(answer.limits) ? answer.limits : {};
  const read = (name: LimitName) => (typeof given[name] === "number" ? given[name] : null);
  return {
    memory_soft: read("memory_soft"),
    memory_hard: read("memory_hard"),
    cpu: read("cpu"),
    open_files: read("open_files"),
  };
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Bytes as a person writes and reads them: "1.5 GiB". */
export function bytesText(bytes: number): string {
  if (bytes >= GIB) return `${trim(bytes / GIB)} GiB`;
  return bytes >= MIB ? `${trim(bytes / MIB)} MiB` : `${trim(bytes / 1024)} KiB`;
}

function trim(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
}

export function limitText(name: LimitName, value: number | null): string {
  if (value === null) return "";
  return name === "memory_soft" || name === "memory_hard" ? exactBytes(value) : String(value);
}

/** A size that is read back as the same number of bytes. */
function exactBytes(bytes: number): string {
  for (const [size, unit] of UNITS) if (bytes % size === 0 && bytes >= size) return `${bytes / size} ${unit}`;
  return String(bytes);
}

const UNITS: readonly (readonly [number, string])[] = [
  [1024 ** 3, "GiB"],
  [10 ** 9, "GB"],
  [1024 ** 2, "MiB"],
  [10 ** 6, "MB"],
];

/** What a field means: nothing is no limit, numbers are numbers, sizes stay text, which the manager reads. */
export function readLimit(name: LimitName, text: string): number | string | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (name === "memory_soft" || name === "memory_hard") {
    return /^[0-9]+$/.test(trimmed) ? Number(trimmed) : trimmed;
  }
  const number = Number(trimmed.replace(",", "."));
  return Number.isNaN(number) ? trimmed : number;
}

/** How a worker's process ended, or a node was let go. */
export interface End {
  readonly at: number;
  readonly sentence: string;
  readonly followed: string;
  readonly node: string | null;
}

export function toEnds(answer: unknown): readonly End[] {
  const ends = isObject(answer) && Array.isArray(answer.ends) ? answer.ends : [];
  return ends.flatMap((end: unknown) => {
    if (!isObject(end) || typeof end.sentence !== "string") return [];
    const text = (key: string) => (typeof end[key] === "string" ? end[key] : "");
    return [
      {
        at: typeof end.at === "number" ? end.at : 0,
        sentence: end.sentence,
        followed: text("followed"),
        node: text("node") || null,
      },
    ];
  });
}

/** "2 d 4 h", "3 h 12 min", "5 min", "12 s": two words at most. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

export const POLICIES = ["never", "on-failure", "unless-stopped", "always"] as const;
export type Policy = (typeof POLICIES)[number];

export function toPolicy(value: unknown): Policy {
  return POLICIES.find((policy) => policy === value) ?? "never";
}

export const POLICY_TEXT: Readonly<Record<Policy, string>> = {
  never: "Never by itself",
  "on-failure": "Again after a crash",
  "unless-stopped": "With the manager, unless it was stopped",
  always: "Always, with the manager",
};
