// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Edit, NodeRecord } from "../wire/generated";
import { EMPTY_GRAPH, type Graph, titleOf, toGraph } from "./graph";
import {
  acknowledge,
  begin,
  catchUp,
  commit,
  drop,
  type History,
  isDone,
  observe,
  propose,
  restart,
} from "./pending";
import { EditRejected } from "./rejected";

const ME = "me";

function node(id: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return { id, class_id: "c", ports: { x: { id: "x" } }, ...more };
}

const rename = (name: string, id = "a"): Edit => ({ kind: "rename_node", node: id, name });
const graph = toGraph({ nodes: { a: node("a"), b: node("b") } });

/** What is shown of `a`, in one word. */
function nameOf(history: History): string | undefined {
  return history.shown.nodes.a && titleOf(history.shown.nodes.a);
}

function fromMe(revision: number, ...edits: Edit[]) {
  return { revision, author: ME, edits };
}

describe("an edit of our own", () => {
  it("is shown at once, and stays shown through its answer and its event", () => {
    const proposed = propose(begin(graph, 1), "t", [rename("New")]);
    const answered = acknowledge(proposed, "t", 2);
    const committed = commit(answered, fromMe(2, rename("New")));
    expect([proposed, answered, committed].map(nameOf)).toEqual(["New", "New", "New"]);
    expect([committed.pending, committed.revision]).toEqual([[], 2]);
  });

  it("draws nothing twice: what its event brings is what was shown already", () => {
    const answered = acknowledge(propose(begin(graph, 1), "t", [rename("New")]), "t", 2);
    expect(commit(answered, fromMe(2, rename("New"))).shown).toBe(answered.shown);
  });

  it("may be answered after its event", () => {
    const proposed = propose(begin(graph, 1), "t", [rename("New")]);
    const after = acknowledge(commit(proposed, fromMe(2, rename("New"))), "t", 2);
    expect([nameOf(after), after.pending]).toEqual(["New", []]);
  });

  it("leaves no trace when the worker refuses it", () => {
    const refused = drop(propose(begin(graph, 1), "t", [rename("New")]), "t");
    expect(refused).toEqual(begin(graph, 1));
  });

  it("is not taken up at all when the rules refuse it", () => {
    expect(() => propose(begin(graph, 1), "t", [rename("New", "nobody")])).toThrow(EditRejected);
  });

  it("is taken back alone; those after it stay", () => {
    const first = propose(begin(graph, 1), "1", [rename("First")]);
    const both = propose(first, "2", [rename("Second", "b")]);
    const after = drop(both, "1");
    expect([after.shown.nodes.a, after.shown.nodes.b?.name]).toEqual([graph.nodes.a, "Second"]);
  });

  it("takes what leaned on it along when it is refused", () => {
    const added = propose(begin(graph, 1), "1", [{ kind: "add_node", node: node("n") }]);
    const after = drop(propose(added, "2", [rename("Mine", "n")]), "1");
    expect(after.shown).toEqual(graph);
    expect(after.pending.map((item) => item.id)).toEqual(["2"]);
  });

  it("is shown as the worker completed it", () => {
    const bare: Edit = { kind: "add_node", node: { id: "n", class_id: "c" } };
    const whole: Edit = { kind: "add_node", node: node("n") };
    const proposed = propose(begin(graph, 1), "t", [bare]);
    const after = commit(acknowledge(proposed, "t", 2), fromMe(2, whole));
    expect(after.shown.nodes.n).toEqual(node("n"));
  });
});

describe("an edit of somebody else", () => {
  it("comes below what is still pending here", () => {
    const mine = propose(begin(graph, 1), "t", [rename("Mine")]);
    const after = commit(mine, { revision: 2, author: "other", edits: [rename("Theirs")] });
    expect([after.committed.nodes.a?.name, nameOf(after)]).toEqual(["Theirs", "Mine"]);
  });

  it("counts once, however often it is heard", () => {
    const event = { revision: 2, author: "other", edits: [rename("Theirs")] };
    const once = commit(begin(graph, 1), event);
    expect(commit(once, event)).toBe(once);
  });

  it("may take the ground from under a pending one, which is then not shown", () => {
    const mine = propose(begin(graph, 1), "t", [rename("Mine")]);
    const after = commit(mine, { revision: 2, author: "other", edits: [{ kind: "remove_node", id: "a" }] });
    expect(Object.keys(after.shown.nodes)).toEqual(["b"]);
  });
});

describe("after a reconnect", () => {
  it("a pending transaction that arrived is found among the missed ones and given up", () => {
    const mine = propose(begin(graph, 1), "t", [rename("Mine")]);
    const after = catchUp(mine, [fromMe(2, rename("Mine"))], ME);
    expect([after.pending, after.revision, nameOf(after)]).toEqual([[], 2, "Mine"]);
  });

  it("a new node is found by its id, though the worker completed it", () => {
    const mine = propose(begin(graph, 1), "t", [{ kind: "add_node", node: { id: "n", class_id: "c" } }]);
    const after = catchUp(mine, [fromMe(2, { kind: "add_node", node: node("n") })], ME);
    expect(after.pending).toEqual([]);
  });

  it("the same words of another author are not ours", () => {
    const mine = propose(begin(graph, 1), "t", [rename("Same")]);
    const after = catchUp(mine, [{ revision: 2, author: "other", edits: [rename("Same")] }], ME);
    expect(after.pending.map((item) => item.id)).toEqual(["t"]);
  });

  it("two equal transactions of ours are given up one by one", () => {
    const twice = propose(propose(begin(graph, 1), "1", [rename("Mine")]), "2", [rename("Mine")]);
    const after = catchUp(twice, [fromMe(2, rename("Mine"))], ME);
    expect(after.pending.map((item) => item.id)).toEqual(["2"]);
  });

  it("a whole document replaces what was known, and what is not acknowledged lies over it", () => {
    const open = propose(begin(graph, 1), "open", [rename("Mine")]);
    const both = acknowledge(propose(open, "done", [rename("Done", "b")]), "done", 2);
    const after = restart(both, toGraph({ nodes: { a: node("a"), b: node("b", { name: "Done" }) } }), 7);
    expect([nameOf(after), after.shown.nodes.b?.name, after.revision]).toEqual(["Mine", "Done", 7]);
    expect(after.pending.map((item) => item.id)).toEqual(["open"]);
  });
});

describe("what node code changes on its ports", () => {
  it("becomes part of the document, below what is pending", () => {
    const mine = propose(begin(graph, 1), "t", [rename("Mine")]);
    const after = observe(mine, { a: [{ id: "x" }, { id: "y" }], gone: [{ id: "z" }] });
    expect(Object.keys(after.shown.nodes.a?.ports ?? {})).toEqual(["x", "y"]);
    expect(nameOf(after)).toBe("Mine");
    expect(after.shown.nodes.b).toBe(graph.nodes.b);
  });

  it("changes nothing when nothing of this document is in it", () => {
    const history = begin(graph, 1);
    expect(observe(history, { gone: [] })).toBe(history);
  });

  it("knows an external worker that came", () => {
    const around = { external_workers: { "bench.pump": [{ uuid: "w1" }] } };
    expect(observe(begin(graph, 1), {}, around).shown.surroundings).toEqual(around);
  });
});

describe("a repeated transaction that is refused", () => {
  const wired: Graph = { ...graph, edges: [["a", "o", "b", "x"]] };
  it.each<[Edit, boolean]>([
    [{ kind: "add_node", node: node("a") }, true],
    [{ kind: "add_node", node: node("n") }, false],
    [{ kind: "remove_node", id: "n" }, true],
    [{ kind: "remove_node", id: "a" }, false],
    [{ kind: "add_edge", edge: ["a", "o", "b", "x"] }, true],
    [{ kind: "remove_edge", edge: ["a", "o", "b", "y"] }, true],
    [rename("n"), false],
  ])("has been done already when the document is as it wants it: %j", (edit, done) => {
    expect(isDone(wired, [edit])).toBe(done);
  });
});

it("ends at the worker's document, whatever the order of answers, events and other people's edits", () => {
  const step = fc.record({
    mine: fc.boolean(),
    name: fc.string(),
    late: fc.boolean(),
    refused: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let history = begin(toGraph({ nodes: { a: node("a") } }), 0);
      let revision = 0;
      const answers: (() => void)[] = [];
      for (const [index, { mine, name, late, refused }] of steps.entries()) {
        const id = String(index);
        if (mine) history = propose(history, id, [rename(name)]);
        if (mine && refused) {
          history = drop(history, id);
          continue;
        }
        revision += 1;
        const at = revision;
        const answer = () => {
          if (mine) history = acknowledge(history, id, at);
        };
        if (late) answers.push(answer);
        else answer();
        history = commit(history, { revision, author: mine ? ME : "other", edits: [rename(name)] });
      }
      for (const answer of answers) answer();
      expect(history.pending).toEqual([]);
      expect(history.shown).toEqual(history.committed);
    }),
  );
});

it("begins empty", () => {
  expect(begin(EMPTY_GRAPH, -1).shown).toBe(EMPTY_GRAPH);
});
