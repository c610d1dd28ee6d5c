/** Modules a worker can have. Pure. */
import { isObject } from "../rpc/json";

export interface Module {
  name: string;
  description: string;
  version: string;
  homepage: string;
  releases: readonly string[];
}

export interface Catalog {
  installed: readonly Module[];
  active: readonly Module[];
  available: readonly Module[];
}

export const EMPTY_CATALOG: Catalog = { installed: [], active: [], available: [] };

export function toCatalog(answer: unknown): Catalog {
  const lists = isObject(answer) ? answer : {};
  return {
    installed: modules(lists.installed),
    active: modules(lists.active),
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
        releases: Array.isArray(item.releases) ? item.releases.filter((r) => typeof r === "string") : [],
      },
    ];
  });
}

/** Addresses come from the index; only web pages become links. */
function safeLink(address: string): string {
  return /^https?:\/\//i.test(address) ? address : "";
}
