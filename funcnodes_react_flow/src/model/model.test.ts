// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { Json, NodeRecord } from "../wire/generated";
import { wire } from "./connect";
import { controlOf, isStored, ownValue, parseJson, parseNumber } from "./control";
import { toNotice, toWorkers } from "./fleet";
import { keyedPorts, keyOf, portsOf, toGraph } from "./graph";
import { addNode, copyText, pasteEdits, withPorts } from "./newNode";
import { familyOf, typeLabel } from "./portType";

describe("an input and an output of one id", () => {
  const fix: NodeRecord = {
    id: "n",
    class_id: "numpy.fix",
    ports: { x: { id: "x" }, out: { id: "out" }, "out@output": { id: "out", is_input: false } },
  };
  const next: NodeRecord = { id: "m", class_id: "c", ports: { a: { id: "a" } } };
  const graph = toGraph({ nodes: { n: fix, m: next } });

  it("stand under keys of their own, whatever brings them", () => {
    expect(Object.keys(keyedPorts([{ id: "out", is_input: false }, { id: "out" }]))).toEqual([
      "out@output",
      "out",
    ]);
    expect(portsOf(fix).map((port) => keyOf(fix, port))).toEqual(["x", "out", "out@output"]);
  });

  it("are wired by their ids, from the output into the input", () => {
    const from = { node: "n", port: "out@output" };
    expect(wire(graph, from, { node: "m", port: "a" })).toMatchObject({ edge: ["n", "out", "m", "a"] });
    expect(wire(graph, from, { node: "n", port: "out" })).toMatchObject({ edge: ["n", "out", "n", "out"] });
  });
});

describe("a port's type", () => {
  it.each<[Json | undefined, string, string]>([
    ["float", "number", "float"],
    ["str", "text", "str"],
    [undefined, "any", "any"],
    ["numpy.ndarray", "array", "ndarray"],
    ["pandas.DataFrame", "table", "DataFrame"],
    [{ anyOf: ["int", "float"] }, "number", "int | float"],
    [{ anyOf: ["int", "None"] }, "number", "int | None"],
    [{ anyOf: ["int", "str"] }, "any", "int | str"],
    [{ type: "array", items: "float" }, "list", "list[float]"],
    [{ type: "array", items: "float", uniqueItems: true }, "list", "set[float]"],
    [{ allOf: ["int", "str"] }, "list", "tuple[int, str]"],
    [{ type: "object", keys: "str", values: "Any" }, "dict", "dict[str, Any]"],
    [{ type: "enum", values: [1] }, "choice", "choice"],
  ])("%j has the colour of %s and reads %s", (type, family, label) => {
    expect([familyOf(type), typeLabel(type)]).toEqual([family, label]);
  });
});

describe("the control of an input", () => {
  it("knows a value that the worker keeps apart from one that only looks like it", () => {
    expect(isStored({ $stored: "3f" })).toBe(true);
    const others: (Json | undefined)[] = [undefined, null, "$stored", { $stored: 1 }, { $stored: "a", b: 1 }];
    expect(others.filter(isStored)).toEqual([]);
  });

  it.each<[Json, string]>([
    ["int", "number"],
    [{ anyOf: ["int", "float"] }, "number"],
    [{ anyOf: ["int", "None"] }, "number"],
    [{ anyOf: ["int", "str"] }, "json"],
    ["bool", "bool"],
    ["str", "text"],
    ["bytes", "bytes"],
    [{ type: "enum", values: [1, 2], keys: ["one", "two"] }, "choice"],
    [{ type: "array", items: "int" }, "json"],
  ])("%j is %s", (type, kind) => {
    expect(controlOf({ id: "x", type }).kind).toBe(kind);
  });

  it("offers the options first, whatever the type", () => {
    expect(controlOf({ id: "x", type: "str", value_options: { options: ["a", 2] } })).toEqual({
      kind: "choice",
      choices: [
        { label: "a", value: "a" },
        { label: "2", value: 2 },
      ],
      nullable: false,
    });
  });

  it("shows the user's value, then the user's default, then that of the class", () => {
    expect(ownValue({ id: "x", value: 1, default: 2, class_default: 3 })).toBe(1);
    expect(ownValue({ id: "x", value: "<NoValue>", default: 2, class_default: 3 })).toBe(2);
    expect(ownValue({ id: "x", class_default: false })).toBe(false);
    expect(ownValue({ id: "x" })).toBeUndefined();
  });

  it("reads numbers as people write them, inside their range", () => {
    const number = { kind: "number", whole: false, min: 0, max: 10, step: null } as const;
    expect(parseNumber(" 1,5 ", number)).toEqual({ ok: true, value: 1.5 });
    expect(parseNumber("11", number)).toEqual({ ok: true, value: 10 });
    expect(parseNumber("2.6", { ...number, whole: true })).toEqual({ ok: true, value: 3 });
    expect(parseNumber("", number)).toEqual({ ok: true, value: undefined });
    expect(parseNumber("two", number)).toEqual({ ok: false, why: "“two” is not a number" });
  });

  it("refuses numbers that would arrive as something else", () => {
    const number = { kind: "number", whole: false, min: null, max: null, step: null } as const;
    const whole = { ...number, whole: true };
    expect(parseNumber("1e400", number)).toMatchObject({
      ok: false,
      why: expect.stringContaining("1.8e308"),
    });
    expect(parseNumber("-Infinity", number)).toMatchObject({ ok: false });
    expect(parseNumber("1e400", { ...number, max: 5 })).toEqual({ ok: true, value: 5 });
    expect(parseNumber("9007199254740993", whole)).toMatchObject({ ok: false });
    expect(parseNumber("9007199254740991", whole)).toEqual({ ok: true, value: 9007199254740991 });
    expect(parseJson("[1, 1e400]", "Any")).toMatchObject({ ok: false });
    expect(parseJson('{"a": [-1e999]}', "Any")).toMatchObject({ ok: false });
  });

  it("reads JSON, and text without quotation marks where text is allowed", () => {
    expect(parseJson("[1]", "Any")).toEqual({ ok: true, value: [1] });
    expect(parseJson("plain", "Any")).toEqual({ ok: true, value: "plain" });
    expect(parseJson("plain", { type: "array", items: "int" }).ok).toBe(false);
  });
});

describe("a wire drawn between two ports", () => {
  const ports = { in: { id: "in" }, out: { id: "out", is_input: false } };
  const node = (id: string): NodeRecord => ({ id, class_id: "c", ports });
  const nodes = { a: node("a"), b: node("b"), c: node("c") };
  const free = toGraph({ nodes });
  const end = (of: string, port: string) => ({ node: of, port });

  it("is the same in either direction", () => {
    const there = wire(free, end("a", "out"), end("b", "in"));
    expect(there).toEqual(wire(free, end("b", "in"), end("a", "out")));
    expect(there).toMatchObject({ ok: true, edge: ["a", "out", "b", "in"] });
  });

  it("takes the place of the one that fed the input", () => {
    const taken = toGraph({ nodes, edges: [["c", "out", "b", "in"]] });
    expect(wire(taken, end("a", "out"), end("b", "in"))).toMatchObject({
      edits: [
        { kind: "remove_edge", edge: ["c", "out", "b", "in"] },
        { kind: "add_edge", edge: ["a", "out", "b", "in"] },
      ],
    });
  });

  it("is refused between outputs, twice, into a circle of inputs, and to a port that is gone", () => {
    const wired = toGraph({ nodes, edges: [["a", "out", "b", "in"]] });
    const forwards = toGraph({ nodes, edges: [["a", "in", "b", "in"]] });
    const why = [
      wire(free, end("a", "out"), end("b", "out")),
      wire(wired, end("a", "out"), end("b", "in")),
      wire(forwards, end("b", "in"), end("a", "in")),
      wire(free, end("a", "out"), end("b", "gone")),
    ].map((wiring) => (wiring.ok ? "allowed" : wiring.why));
    expect(why).toEqual([
      "Two outputs cannot be connected. Draw the wire to an input.",
      "These two ports are connected already.",
      "These inputs would feed each other in a circle.",
      "One of these ports is gone.",
    ]);
  });
});

describe("new nodes and copies", () => {
  const kind = {
    id: "c",
    name: "Class",
    description: "",
    path: [],
    inputs: [{ id: "in" }],
    outputs: [{ id: "out", is_input: false }],
  };

  it("are shown with the ports of their class until the worker has completed them", () => {
    const sent = addNode("n", "c", { x: 1.4, y: 2.6 });
    expect(sent).toEqual({
      kind: "add_node",
      node: { id: "n", class_id: "c", properties: { "frontend:pos": [1, 3] } },
    });
    const [shown] = withPorts([sent], [kind]);
    expect(shown).toMatchObject({
      node: { class_name: "Class", ports: { in: { id: "in" }, out: { id: "out" } } },
    });
    expect(withPorts([sent], [])).toEqual([sent]);
  });

  it("are pasted under new ids with their values and the wires between them, around a point", () => {
    const at = (x: number, y: number) => ({ "frontend:pos": [x, y] });
    const graph = toGraph({
      nodes: {
        a: { id: "a", class_id: "c", properties: at(0, 0), ports: { in: { id: "in", value: 5 } } },
        b: { id: "b", class_id: "c", properties: at(100, 50) },
        o: { id: "o", class_id: "c" },
      },
      edges: [
        ["a", "out", "b", "in"],
        ["o", "out", "a", "in"],
      ],
    });
    let count = 0;
    const pasted = pasteEdits(copyText(graph, ["a", "b"]), { x: 250, y: 125 }, () => `new-${++count}`);
    expect(pasted?.nodes).toEqual(["new-1", "new-2"]);
    expect(pasted?.edits).toEqual([
      {
        kind: "add_node",
        node: { id: "new-1", class_id: "c", properties: at(200, 100), ports: { in: { id: "in", value: 5 } } },
      },
      { kind: "add_node", node: { id: "new-2", class_id: "c", properties: at(300, 150) } },
      { kind: "add_edge", edge: ["new-1", "out", "new-2", "in"] },
    ]);
  });

  it.each(["", "hello", "{}", '{"type":"funcnodes/clipboard","nodes":[{"id":1}],"edges":[]}'])(
    "are not made from other text: %s",
    (text) => {
      expect(pasteEdits(text, { x: 0, y: 0 }, () => "n")).toBeNull();
    },
  );
});

describe("the fleet", () => {
  it("lists what runs first, then by name, and survives what it does not know", () => {
    const workers = toWorkers({
      workers: [
        { uuid: "1", name: "z", phase: "stopped" },
        { uuid: "2", name: "b", phase: "running", running_node: { node: "n", since: 5 }, deaf: true },
        { uuid: "3", name: "", phase: "a new phase" },
        { name: "no uuid" },
      ],
    });
    expect(workers.map(({ uuid, name, phase }) => [uuid, name, phase])).toEqual([
      ["2", "b", "running"],
      ["3", "3", "stopped"],
      ["1", "z", "stopped"],
    ]);
    expect(workers[0]).toMatchObject({ runningNode: { node: "n", since: 5 }, deaf: true });
  });

  it("reads progress between 0 and 1, and an empty message as none", () => {
    expect(toNotice({ message: "half", progress: 7, status: "odd" })).toEqual({
      workerid: null,
      message: "half",
      status: "info",
      progress: 1,
    });
    expect(toNotice({ message: "" })).toBeNull();
  });
});
