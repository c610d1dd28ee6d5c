// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The floors of the browser's house, lowest first; rooms on one line stand side by side. */
const FLOORS: readonly (readonly string[])[] = [
  ["wire"],
  ["rpc", "model"],
  ["parts", "store"],
  ["nodes"],
  ["canvas", "panels"],
  ["app"],
];

/** What each pair of neighbours may take from the other; all other imports go down. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  // Documents are checked and compared by the guards that stand with the socket's JSON.
  model: ["rpc"],
};

const SOURCE = import.meta.dirname;
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;

interface Import {
  file: string;
  room: string;
  target: string;
}

function imports(): readonly Import[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf-8" })
    .filter((file) => /\.tsx?$/.test(file) && file.includes("/"))
    .flatMap((file) =>
      [...readFileSync(join(SOURCE, file), "utf-8").matchAll(IMPORT)].map((match) => ({
        file,
        room: roomOf(file),
        target: match[1] ?? "",
      })),
    );
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

/** The room an import leads to; null for packages. */
function goal({ file, target }: Import): string | null {
  if (!target.startsWith(".")) return null;
  return roomOf(relative(SOURCE, resolve(SOURCE, dirname(file), target)));
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

function isAllowed(found: Import): boolean {
  const room = goal(found);
  if (room === null || room === found.room) return true;
  return floorOf(room) < floorOf(found.room) || (NEIGHBOURS[found.room]?.includes(room) ?? false);
}

describe("the floors of the editor", () => {
  const all = imports();

  it("are read from every file", () => {
    expect(all.length).toBeGreaterThan(100);
    expect([...new Set(all.map((found) => found.room))].filter((room) => floorOf(room) < 0)).toEqual([]);
  });

  it("are never climbed by an import, type-only ones included", () => {
    expect(all.filter((found) => !isAllowed(found))).toEqual([]);
  });

  it("keep React out of what is decided and what is said", () => {
    const react = /^(react|react-dom|@xyflow\/|radix-ui|zustand|lucide-react|cmdk)/;
    const pure = ["wire", "rpc", "model"];
    expect(all.filter(({ room, target }) => pure.includes(room) && react.test(target))).toEqual([]);
  });

  it("let only the store hold conversations", () => {
    const talks = all.filter(({ target }) => /rpc\/(channel|origin)$/.test(target));
    const rooms = new Set(talks.filter(({ file }) => !file.includes(".test.")).map(({ room }) => room));
    expect([...rooms]).toEqual(["store"]);
  });
});
