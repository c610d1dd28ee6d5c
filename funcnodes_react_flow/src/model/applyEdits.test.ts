import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectWire, isListOf } from "../rpc/check";
import { isObject, parseObject } from "../rpc/json";
import { applyEdits } from "./applyEdits";
import { type Graph, toGraph } from "./graph";
import { EditRejected } from "./rejected";

const FOLDER = join(import.meta.dirname, "../../../tests/contract/edits");

interface Case {
  file: string;
  name: string;
  before: Graph;
  edits: Parameters<typeof applyEdits>[1];
  after: Graph | null;
  refused: string | null;
  inverse: Parameters<typeof applyEdits>[1];
}

function readCase(file: string): Case {
  const data = parseObject(readFileSync(join(FOLDER, file), "utf-8"));
  if (!isObject(data) || !isListOf("Edit", data.edits)) throw new Error(`${file} is no case`);
  return {
    file,
    name: String(data.name),
    before: toGraph(expectWire("Document", data.document)),
    edits: data.edits,
    after: data.after === null ? null : toGraph(expectWire("Document", data.after)),
    refused: typeof data.refused === "string" ? data.refused : null,
    inverse: isListOf("Edit", data.inverse) ? data.inverse : [],
  };
}

/** As the README of the cases says: absent and default are one; the order of nodes counts. */
function plain(graph: Graph): unknown {
  const tidy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(tidy);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([k, v]) => (v === undefined ? [] : [[k, tidy(v)]])),
    );
  };
  const nodes = Object.entries(graph.nodes).map(([id, node]) => [
    id,
    { ...node, properties: node.properties ?? {}, ports: node.ports ?? {} },
  ]);
  return tidy({ ...graph, nodes });
}

const cases = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map(readCase);

describe("the shared cases of edits", () => {
  it("are there", () => expect(cases.length).toBeGreaterThan(50));

  it.each(cases.filter((item) => item.after))("$file: $name", (item) => {
    const after = applyEdits(item.before, item.edits);
    expect(plain(after)).toEqual(item.after && plain(item.after));
    expect(plain(applyEdits(after, item.inverse))).toEqual(plain(item.before));
  });

  it.each(cases.filter((item) => item.refused))("$file: $name", (item) => {
    const before = plain(item.before);
    let kind = "nothing was refused";
    try {
      applyEdits(item.before, item.edits);
    } catch (error) {
      if (!(error instanceof EditRejected)) throw error;
      kind = error.kind;
    }
    expect(kind).toBe(item.refused);
    expect(plain(item.before)).toEqual(before);
  });
});

it("keeps the identity of what an edit does not touch, so that one edit redraws one node", () => {
  const graph = toGraph({ nodes: { a: { id: "a", class_id: "c" }, b: { id: "b", class_id: "c" } } });
  const after = applyEdits(graph, [{ kind: "rename_node", node: "a", name: "First" }]);
  expect(after.nodes.b).toBe(graph.nodes.b);
  expect(after.edges).toBe(graph.edges);
  expect(after.nodes.a).toEqual({ id: "a", class_id: "c", name: "First" });
});
