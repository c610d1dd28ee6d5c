// @vitest-environment node
import { describe, expect, it } from "vitest";
import { applyEdits } from "../model/applyEdits";
import { type Graph, toGraph } from "../model/graph";
import type { NodeRecord } from "../wire/generated";
import { fromFlow, staysInWindow } from "./fromFlow";
import { type FlowNode, toFlowEdges, toFlowNodes } from "./toFlow";

const NOBODY: ReadonlySet<string> = new Set();

function node(id: string, x: number, y: number): NodeRecord {
  return {
    id,
    class_id: "c",
    properties: { "frontend:pos": [x, y] },
    ports: { in: { id: "in" }, out: { id: "out", is_input: false, type: "float" } },
  };
}

const graph: Graph = toGraph({
  nodes: { a: node("a", 0, 0), b: node("b", 100, 0) },
  edges: [["a", "out", "b", "in"]],
});

function dragged(node: FlowNode | undefined, more: Partial<FlowNode>): FlowNode {
  if (!node) throw new Error("there is no such node");
  return { ...node, ...more };
}

describe("the document as React Flow's nodes", () => {
  const first = toFlowNodes(graph, [], NOBODY);

  it("has the places of the document", () => {
    expect(first.map(({ id, position, selected }) => [id, position, selected])).toEqual([
      ["a", { x: 0, y: 0 }, false],
      ["b", { x: 100, y: 0 }, false],
    ]);
  });

  it("is the very same when nothing about it changed", () => {
    const valued = applyEdits(graph, [{ kind: "set_property", node: "a", key: "colour", value: "red" }]);
    expect(toFlowNodes(valued, first, NOBODY)).toBe(first);
  });

  it("redraws one node when one is moved", () => {
    const moved = applyEdits(graph, [
      { kind: "set_property", node: "b", key: "frontend:pos", value: [300, 40] },
    ]);
    const after = toFlowNodes(moved, first, NOBODY);
    expect(after[0]).toBe(first[0]);
    expect(after[1]?.position).toEqual({ x: 300, y: 40 });
  });

  it("leaves a node in the hand that drags it", () => {
    const hand = dragged(first[0], { dragging: true, position: { x: 77.7, y: 8 } });
    expect(toFlowNodes(graph, [hand, ...first.slice(1)], NOBODY)[0]).toBe(hand);
  });

  it("does not push a node by the fraction of a pixel the document rounds away", () => {
    const put = dragged(first[0], { position: { x: 0.4, y: -0.3 } });
    expect(toFlowNodes(graph, [put, ...first.slice(1)], NOBODY)[0]).toBe(put);
  });

  it("selects what was just made, and only that", () => {
    const before = [dragged(first[0], { selected: true })];
    const after = toFlowNodes(graph, before, new Set(["b"]));
    expect(after.map((item) => item.selected)).toEqual([false, true]);
    // Once it is there, what a person selects counts again.
    const other = after.map((item) => ({ ...item, selected: item.id === "a" }));
    expect(toFlowNodes(graph, other, new Set(["b"])).map((item) => item.selected)).toEqual([true, false]);
  });

  it("spreads nodes without a place so that each can be seen", () => {
    const nodes = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`n${index}`, { id: `n${index}`, class_id: "c" }]),
    );
    const places = toFlowNodes(toGraph({ nodes }), [], NOBODY).map(({ position: { x, y } }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(9);
  });
});

describe("the document's wires", () => {
  const first = toFlowEdges(graph, []);

  it("run between the ports, coloured by what flows", () => {
    expect(first).toMatchObject([
      {
        source: "a",
        sourceHandle: "out",
        target: "b",
        targetHandle: "in",
        data: { edge: ["a", "out", "b", "in"], colour: "var(--family-number)" },
      },
    ]);
  });

  it("keep their objects when another is added", () => {
    const more = applyEdits(graph, [{ kind: "add_edge", edge: ["a", "in", "b", "_triggerinput"] }]);
    expect(toFlowEdges(more, first)[0]).toBe(first[0]);
    expect(toFlowEdges(graph, first)).toBe(first);
  });

  it("stay selected when their colour changes", () => {
    const selected = first.map((edge) => ({
      ...edge,
      selected: true,
      data: { edge: edge.data?.edge ?? (["", "", "", ""] as const), colour: "old" },
    }));
    const [edge] = toFlowEdges(graph, selected);
    expect([edge?.selected, edge?.data?.colour]).toEqual([true, "var(--family-number)"]);
  });
});

describe("React Flow's changes as edits", () => {
  const position = { x: 10.4, y: 20.6 };

  it("are none while a node is on its way, and one when it is put down", () => {
    expect(fromFlow([{ type: "position", id: "a", position, dragging: true }])).toEqual([]);
    expect(
      fromFlow([
        { type: "position", id: "a", position, dragging: false },
        { type: "select", id: "b", selected: true },
        { type: "dimensions", id: "b", dimensions: { width: 1, height: 1 } },
        { type: "remove", id: "b" },
      ]),
    ).toEqual([{ kind: "set_property", node: "a", key: "frontend:pos", value: [10, 21] }]);
  });

  it("may select and measure by themselves, but neither bring nor take away", () => {
    const types = ["select", "dimensions", "position", "add", "remove", "replace"];
    expect(types.filter((type) => staysInWindow({ type }))).toEqual(["select", "dimensions", "position"]);
  });
});

it("draws a wire from the handle of the output where an input has the same id", () => {
  const pair: NodeRecord = {
    id: "n",
    class_id: "numpy.fix",
    ports: { out: { id: "out" }, "out@output": { id: "out", is_input: false } },
  };
  const wired = toGraph({ nodes: { n: pair, b: node("b", 0, 0) }, edges: [["n", "out", "b", "in"]] });
  const [edge] = toFlowEdges(wired, []);
  expect(edge).toMatchObject({ sourceHandle: "out@output", targetHandle: "in" });
});
