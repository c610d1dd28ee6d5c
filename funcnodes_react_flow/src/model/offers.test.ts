// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { NodeRecord } from "../wire/generated";
import { toGraph } from "./graph";
import { offersFor, searchOffers, wiresAt } from "./offers";

const number: NodeRecord = {
  id: "n",
  class_id: "number",
  name: "Seven",
  ports: { out: { id: "out", is_input: false, type: "float" } },
};
const text: NodeRecord = {
  id: "t",
  class_id: "text",
  name: "Words",
  ports: { out: { id: "out", is_input: false, type: "str" } },
};
const sum: NodeRecord = {
  id: "s",
  class_id: "sum",
  name: "Sum",
  ports: {
    a: { id: "a", type: "float" },
    b: { id: "b", type: "float", hidden: true },
    a2: { id: "a", is_input: false, type: "float" },
  },
};
const twin: NodeRecord = {
  ...sum,
  id: "w",
  name: "Twin",
  ports: { a: { id: "a", type: "float" }, "a@output": { id: "a", is_input: false, type: "float" } },
};
const said = (offers: ReturnType<typeof offersFor>) =>
  offers.map(({ own, into, node, other }) => `${own} ${into ? "←" : "→"} ${node} ${other}`);

describe("the wires a node could have", () => {
  it("are those into its inputs and out of its outputs, what fits first", () => {
    const graph = toGraph({ nodes: { t: text, n: number, w: twin } });
    expect(said(offersFor(graph, "w", null))).toEqual(["a ← Seven out", "a ← Words out"]);
    expect(said(offersFor(graph, "n", null))).toEqual(["out → Twin a"]);
  });

  it("leave out what is wired already and put an input that is fed behind a free one", () => {
    const graph = toGraph({
      nodes: { n: number, w: twin, s: { ...sum, ports: { a: { id: "a", type: "float" } } } },
      edges: [["n", "out", "w", "a"]],
    });
    expect(said(offersFor(graph, "n", null))).toEqual(["out → Sum a"]);
    const [first, second] = offersFor(graph, "w", null);
    expect([first?.node, first?.replaces, second]).toEqual(["Sum", false, undefined]);
    expect(offersFor(graph, "s", "a").map(({ node, replaces }) => [node, replaces])).toEqual([
      ["Seven", false],
      ["Twin", false],
    ]);
  });

  it("tell an output from an input of the same id", () => {
    const graph = toGraph({ nodes: { w: twin, s: { ...sum, ports: { a: { id: "a" } } } } });
    const [offer, ...more] = offersFor(graph, "w", "a@output");
    expect(more).toEqual([]);
    expect([offer?.from, offer?.to]).toEqual([
      { node: "w", port: "a@output" },
      { node: "s", port: "a" },
    ]);
  });

  it("of a hidden port are offered only where it is asked about", () => {
    const graph = toGraph({ nodes: { n: number, s: sum } });
    expect(said(offersFor(graph, "s", null))).toEqual(["a ← Seven out"]);
    expect(said(offersFor(graph, "s", "b"))).toEqual(["b ← Seven out"]);
  });

  it("are found by every word of what is typed", () => {
    const graph = toGraph({ nodes: { t: text, n: number, w: twin } });
    expect(said(searchOffers(offersFor(graph, "w", null), "SEVEN out"))).toEqual(["a ← Seven out"]);
    expect(searchOffers(offersFor(graph, "w", null), "seven words")).toEqual([]);
  });
});

describe("the wires a node has", () => {
  it("are told from its own side", () => {
    const graph = toGraph({
      nodes: { n: number, w: twin, s: { ...sum, ports: { a: { id: "a" } } } },
      edges: [
        ["n", "out", "w", "a"],
        ["w", "a", "s", "a"],
      ],
    });
    const all = wiresAt(graph, "w", null);
    expect(all.map(({ into, own, node, other }) => [into, own, node, other])).toEqual([
      [true, "a", "Seven", "out"],
      [false, "a", "Sum", "a"],
    ]);
    expect(wiresAt(graph, "w", "a")).toEqual([all[0]]);
    expect(wiresAt(graph, "w", "a@output")).toEqual([all[1]]);
    expect(wiresAt(graph, "gone", null)).toEqual([]);
  });
});
