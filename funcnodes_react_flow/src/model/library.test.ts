// @vitest-environment node
import { describe, expect, it } from "vitest";
import { allNodes, type LibraryNode, searchNodes, toShelves } from "./library";

const answer = {
  shelves: [
    {
      name: "math",
      description: "Numbers",
      nodes: [
        {
          node_id: "add_node",
          node_name: "Add",
          description: "The sum a + b.",
          inputs: [{ uuid: "a", type: "float" }, { no: "uuid" }],
          outputs: [{ uuid: "out", type: "float", name: "sum" }],
        },
        { node_id: "floor_div_node", node_name: "Floor Divide", description: null, inputs: [], outputs: [] },
        { odd: true },
      ],
      subshelves: [{ name: "trig", nodes: [{ node_id: "math.sin" }], subshelves: [] }],
    },
    { nodes: [] },
  ],
};

function named(name: string, id = name, more: Partial<LibraryNode> = {}): LibraryNode {
  return { id, name, description: "", path: ["shelf"], inputs: [], outputs: [], ...more };
}

const found = (nodes: readonly LibraryNode[], query: string) => searchNodes(nodes, query).map((n) => n.id);

describe("the library", () => {
  it("is read with its shelves inside shelves; what is odd is left out", () => {
    const [math, ...others] = toShelves(answer);
    expect(others).toEqual([]);
    expect(math?.nodes[0]).toEqual({
      id: "add_node",
      name: "Add",
      description: "The sum a + b.",
      path: ["math"],
      inputs: [{ id: "a", is_input: true, type: "float" }],
      outputs: [{ id: "out", is_input: false, type: "float", name: "sum" }],
    });
    expect(math?.shelves[0]?.path).toEqual(["math", "trig"]);
    expect(allNodes(toShelves(answer)).map((node) => node.id)).toEqual([
      "add_node",
      "floor_div_node",
      "math.sin",
    ]);
  });

  it.each([null, 3, {}, { shelves: "none" }])("is empty when the answer is none: %j", (odd) => {
    expect(toShelves(odd)).toEqual([]);
  });
});

describe("the search", () => {
  it("puts an exact name before a beginning, a middle, an id, a shelf, a description", () => {
    const nodes = [
      named("Other 1", "o1", { description: "can add things" }),
      named("Other 2", "o2", { path: ["adding"] }),
      named("Other 3", "x.add"),
      named("Gladden", "o4"),
      named("Vector Add", "o5"),
      named("Additive", "o6"),
      named("Add", "o7"),
      named("Nothing", "o8"),
    ];
    expect(found(nodes, "add")).toEqual(["o7", "o6", "o5", "o4", "x.add", "o2", "o1"]);
  });

  it("wants every word, in any order and any case", () => {
    const nodes = allNodes(toShelves(answer));
    expect(found(nodes, "DIVIDE floor")).toEqual(["floor_div_node"]);
    expect(found(nodes, "floor sum")).toEqual([]);
    expect(found(nodes, "trig")).toEqual(["math.sin"]);
  });

  it("shows everything while nothing is asked", () => {
    const nodes = [named("B"), named("A")];
    expect(searchNodes(nodes, "  ")).toBe(nodes);
  });
});
