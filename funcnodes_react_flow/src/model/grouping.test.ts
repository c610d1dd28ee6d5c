// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEdits } from "./applyEdits";
import { type Graph, toGraph } from "./graph";
import {
  depthOf,
  dissolve,
  groupTogether,
  homeOf,
  membersOf,
  nameOf,
  putInto,
  renameGroup,
  takeOut,
  tintGroup,
  tintOf,
} from "./grouping";

const NODES = ["a", "b", "c", "d"];

const bare: Graph = toGraph({
  nodes: Object.fromEntries(NODES.map((id) => [id, { id, class_id: "c" }])),
});

function grouped(graph: Graph, nodes: readonly string[], inner: readonly string[], name: string): Graph {
  return applyEdits(graph, groupTogether(graph.groups, nodes, inner, name));
}

describe("grouping", () => {
  it("puts nodes into a new group", () => {
    const { groups } = grouped(bare, ["a", "b"], [], "g");
    expect(groups).toEqual({ g: { node_ids: ["a", "b"], child_groups: [], parent_group: null } });
    expect([homeOf(groups, "a"), homeOf(groups, "c")]).toEqual(["g", null]);
  });

  it("makes a group within the one around all of it", () => {
    const inner = grouped(grouped(bare, ["a", "b", "c"], [], "out"), ["a", "b"], [], "in");
    expect(inner.groups).toMatchObject({
      out: { node_ids: ["c"], child_groups: ["in"] },
      in: { node_ids: ["a", "b"], parent_group: "out" },
    });
    expect([depthOf(inner.groups, "out"), depthOf(inner.groups, "in")]).toEqual([0, 1]);
    expect(membersOf(inner.groups, "out")).toEqual(["c", "a", "b"]);
  });

  it("takes whole groups along, and their nodes only in them", () => {
    const two = grouped(grouped(bare, ["a"], [], "one"), ["b"], [], "two");
    const { groups } = grouped(two, ["a", "c"], ["one", "two"], "all");
    expect(groups).toMatchObject({
      all: { node_ids: ["c"], child_groups: ["one", "two"] },
      one: { node_ids: ["a"], parent_group: "all" },
      two: { node_ids: ["b"], parent_group: "all" },
    });
  });

  it("leaves no empty group behind", () => {
    expect(Object.keys(grouped(grouped(bare, ["a"], [], "old"), ["a", "b"], [], "new").groups)).toEqual([
      "new",
    ]);
  });

  it("of nothing is nothing", () => {
    expect(groupTogether(bare.groups, [], [], "g")).toEqual([]);
  });
});

describe("dissolving", () => {
  const nested = grouped(grouped(bare, ["a", "b", "c"], [], "out"), ["a", "b"], [], "in");

  it("leaves what was inside where the group was", () => {
    const after = applyEdits(nested, dissolve(nested.groups, ["in"]));
    expect(Object.keys(after.groups)).toEqual(["out"]);
    expect([...membersOf(after.groups, "out")].sort()).toEqual(["a", "b", "c"]);
  });

  it("moves the groups inside an outer one up", () => {
    const after = applyEdits(nested, dissolve(nested.groups, ["out"]));
    expect(after.groups.in?.parent_group ?? null).toBeNull();
    expect(homeOf(after.groups, "c")).toBeNull();
  });

  it("names only the groups that change", () => {
    const more = grouped(nested, ["d"], [], "else");
    expect(dissolve(more.groups, ["in"])).toEqual([
      { kind: "change_groups", groups: { in: null, out: expect.objectContaining({ child_groups: [] }) } },
    ]);
  });
});

describe("members", () => {
  const two = grouped(grouped(bare, ["a", "b"], [], "one"), ["c"], [], "two");

  it("are put into another group", () => {
    const after = applyEdits(two, putInto(two.groups, "one", ["c", "d"]));
    expect(after.groups).toMatchObject({ one: { node_ids: ["a", "b", "c", "d"] } });
    expect(after.groups.two).toBeUndefined();
  });

  it("are taken out", () => {
    const after = applyEdits(two, takeOut(two.groups, ["a"]));
    expect([homeOf(after.groups, "a"), homeOf(after.groups, "b")]).toEqual([null, "one"]);
  });
});

describe("the name and colour of a group", () => {
  const one = grouped(bare, ["a"], [], "g");

  it("stand in its meta, beside what others wrote there", () => {
    const marked: Graph = { ...one, groups: { g: { ...one.groups.g, meta: { other: 1 } } } };
    const named = applyEdits(marked, renameGroup(marked.groups, "g", "  Inputs "));
    const tinted = applyEdits(named, tintGroup(named.groups, "g", "blue"));
    expect(tinted.groups.g?.meta).toEqual({ other: 1, name: "Inputs", colour: "blue" });
    const plain = applyEdits(tinted, [...tintGroup(tinted.groups, "g", "grey")]);
    const last = applyEdits(plain, renameGroup(plain.groups, "g", ""));
    expect(last.groups.g?.meta).toEqual({ other: 1 });
  });

  it("are read from whatever stands there", () => {
    expect([nameOf({ meta: { name: 5 } }), tintOf({ meta: { colour: "chartreuse" } })]).toEqual(["", "grey"]);
  });
});

describe("whatever is grouped and dissolved", () => {
  it("the groups stay a forest, and no node is lost", () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant("group" as const), nodes: fc.subarray(NODES), inner: fc.nat(5) }),
      fc.record({ does: fc.constant("dissolve" as const), which: fc.nat(5) }),
      fc.record({ does: fc.constant("out" as const), nodes: fc.subarray(NODES) }),
      fc.record({ does: fc.constant("into" as const), nodes: fc.subarray(NODES), which: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let graph = bare;
        steps.forEach((one, index) => {
          const names = Object.keys(graph.groups);
          const pick = (at: number) => names[at % Math.max(1, names.length)];
          const { groups } = graph;
          // Applying checks every rule of the document about groups.
          if (one.does === "group") {
            const inner = names.slice(0, one.inner % (names.length + 1));
            graph = applyEdits(graph, groupTogether(groups, one.nodes, inner, `g${index}`));
            if (one.nodes.length > 0) {
              const members = membersOf(graph.groups, `g${index}`);
              expect(one.nodes.every((node) => members.includes(node))).toBe(true);
            }
          } else if (one.does === "dissolve") {
            const name = pick(one.which);
            graph = applyEdits(graph, dissolve(groups, name === undefined ? [] : [name]));
          } else if (one.does === "out") graph = applyEdits(graph, takeOut(groups, one.nodes));
          else {
            const name = pick(one.which);
            if (name !== undefined) graph = applyEdits(graph, putInto(groups, name, one.nodes));
          }
        });
        expect(Object.keys(graph.nodes)).toEqual(NODES);
      }),
      { numRuns: 200 },
    );
  });
});
