/** Shelves and node classes: reading what the worker lists, searching in it. Pure. */
import { isJson, isObject } from "../rpc/json";
import type { PortRecord } from "../wire/generated";

export interface LibraryNode {
  id: string;
  name: string;
  description: string;
  /** Names of the shelves above, outermost first. */
  path: readonly string[];
  inputs: readonly PortRecord[];
  outputs: readonly PortRecord[];
}

export interface Shelf {
  name: string;
  description: string;
  path: readonly string[];
  nodes: readonly LibraryNode[];
  shelves: readonly Shelf[];
}

export function toShelves(answer: unknown): readonly Shelf[] {
  const shelves = isObject(answer) && Array.isArray(answer.shelves) ? answer.shelves : [];
  return shelves.flatMap((shelf) => toShelf(shelf, []));
}

function toShelf(value: unknown, above: readonly string[]): Shelf[] {
  if (!isObject(value) || typeof value.name !== "string") return [];
  const path = [...above, value.name];
  const nodes = Array.isArray(value.nodes) ? value.nodes : [];
  const shelves = Array.isArray(value.subshelves) ? value.subshelves : [];
  return [
    {
      name: value.name,
      description: text(value.description),
      path,
      nodes: nodes.flatMap((node) => toNode(node, path)),
      shelves: shelves.flatMap((shelf) => toShelf(shelf, path)),
    },
  ];
}

function toNode(value: unknown, path: readonly string[]): LibraryNode[] {
  if (!isObject(value) || typeof value.node_id !== "string") return [];
  const name = text(value.node_name) || value.node_id;
  return [
    {
      id: value.node_id,
      name,
      description: text(value.description),
      path,
      inputs: ports(value.inputs, true),
      outputs: ports(value.outputs, false),
    },
  ];
}

function ports(value: unknown, isInput: boolean): readonly PortRecord[] {
  return (Array.isArray(value) ? value : []).flatMap((port: unknown) => {
    if (!isObject(port) || typeof port.uuid !== "string") return [];
    return [
      {
        id: port.uuid,
        is_input: isInput,
        ...(isJson(port.type) ? { type: port.type } : {}),
        ...(typeof port.name === "string" ? { name: port.name } : {}),
        ...(typeof port.description === "string" ? { description: port.description } : {}),
      },
    ];
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function allNodes(shelves: readonly Shelf[]): readonly LibraryNode[] {
  return shelves.flatMap((shelf) => [...shelf.nodes, ...allNodes(shelf.shelves)]);
}

const SIGNATURE = /^[\w.]+\(/;

/** The first line of a description; a function's signature above it is skipped, however many lines it has. */
export function summaryOf(description: string): string {
  const paragraphs = description.trim().split(/\n\s*\n/);
  const text = paragraphs.find((paragraph) => !SIGNATURE.test(paragraph.trim())) ?? "";
  return text.trim().split("\n")[0] ?? "";
}

interface Hit {
  node: LibraryNode;
  score: number;
}

/**
 * Returns the nodes whose name, id, shelf or description hold every word of the query; the best first: an exact
 * name before a name's beginning, before a name's middle, before an id, before a description.
 */
export function searchNodes(nodes: readonly LibraryNode[], query: string): readonly LibraryNode[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return nodes;
  return nodes
    .map((node): Hit => ({ node, score: scoreOf(node, words) }))
    .filter((hit) => hit.score > 0)
    .sort((a, b) => b.score - a.score || a.node.name.localeCompare(b.node.name))
    .map((hit) => hit.node);
}

function scoreOf(node: LibraryNode, words: readonly string[]): number {
  const scores = words.map((word) => scoreOfWord(node, word));
  return scores.includes(0) ? 0 : scores.reduce((sum, score) => sum + score, 0);
}

function scoreOfWord(node: LibraryNode, word: string): number {
  const name = node.name.toLowerCase();
  const id = node.id.toLowerCase();
  if (name === word || id === word) return 100;
  if (name.startsWith(word)) return 60;
  if (name.split(/[\s_.-]+/).some((part) => part.startsWith(word))) return 45;
  if (name.includes(word)) return 30;
  if (id.includes(word)) return 25;
  if (node.path.some((shelf) => shelf.toLowerCase().includes(word))) return 12;
  return node.description.toLowerCase().includes(word) ? 6 : 0;
}
