/** Modules a worker can have. Pure. */
import { isObject } from "../rpc/json";

export interface Module {
  name: string;
  description: string;
  version: string;
  homepage: string;
}

export interface Catalog {
  /** Installed in the worker's environment. */
  installed: readonly Module[];
  /** Names of those it was asked to have; the others came along. */
  asked: readonly string[];
  available: readonly Module[];
}

export function toCatalog(answer: unknown): Catalog {
  const lists = isObject(answer) ? answer : {};
  return {
    installed: modules(lists.installed),
    asked: (Array.isArray(lists.active) ? lists.active : []).filter((name) => typeof name === "string"),
    available: modules(lists.available),
  };
}

function modules(value: unknown): readonly Module[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    if (!isObject(item) || typeof item.name !== "string") return [];
    const text = (key: string) => (typeof item[key] === "string" ? item[key] : "");
    return [
      {
        name: item.name,
        description: (text("summary") || text("description")).replaceAll("\\n", "\n"),
        version: text("version"),
        homepage: safeLink(text("homepage") || text("source")),
      },
    ];
  });
}

/** Addresses come from the index; only web pages become links. */
function safeLink(address: string): string {
  return /^https?:\/\//i.test(address) ? address : "";
}

/** A module of this worker, as it is shown. */
export interface Owned extends Module {
  /** It was asked for and can be removed; otherwise another one needs it. */
  asked: boolean;
  /** It was asked for and is not installed. */
  missing: boolean;
  /** The newest published version, when it is another one than that installed. */
  newer: string;
}

export function ownedOf({ installed, asked, available }: Catalog): readonly Owned[] {
  const offered = new Map(available.map((module) => [module.name, module]));
  const wanted = new Set(asked);
  const there = installed.map((module) => {
    const newest = offered.get(module.name)?.version ?? "";
    return {
      ...module,
      homepage: module.homepage || (offered.get(module.name)?.homepage ?? ""),
      asked: wanted.has(module.name),
      missing: false,
      newer: isNewer(newest, module.version) ? newest : "",
    };
  });
  const known = new Set(installed.map((module) => module.name));
  const absent = asked
    .filter((name) => !known.has(name))
    .map((name) => ({
      name,
      description: "",
      version: "",
      homepage: "",
      asked: true,
      missing: true,
      newer: "",
    }));
  return [...there, ...absent].sort((a, b) => a.name.localeCompare(b.name));
}

/** Compares the numbers of releases; anything else counts as older, and the manager's plan has the last word. */
export function isNewer(version: string, than: string): boolean {
  const [one, other] = [numbers(version), numbers(than)];
  if (!one || !other) return false;
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbers(version: string): readonly number[] | null {
  return /^\d+(\.\d+)*$/.test(version) ? version.split(".").map(Number) : null;
}

/** The modules that can be added, those that match what was typed first. */
export function offeredOf(catalog: Catalog, typed: string): readonly Module[] {
  const here = new Set([...catalog.installed.map((module) => module.name), ...catalog.asked]);
  const word = typed.trim().toLowerCase();
  return catalog.available
    .filter((module) => !here.has(module.name))
    .filter((module) => `${module.name} ${module.description}`.toLowerCase().includes(word))
    .sort((a, b) => a.name.localeCompare(b.name));
}
