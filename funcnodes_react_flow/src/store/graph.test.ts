import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isObject, parseObject } from "../rpc/json";
import { connect, disconnect, edit, shownGraph, useGraph } from "./graph";
import { redo, undo } from "./history";
import { addNodeOf, connectPorts, copySelection, paste, removeAll, rename, setValue } from "./nodes";
import { dismiss, select, useView } from "./view";

/** A worker without a network: it answers what the store asks, when the test lets it. */
class Worker {
  static readonly OPEN = 1;
  static all: Worker[] = [];
  static subscription: object = {};
  readonly readyState = 1;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];

  constructor(readonly url: string) {
    Worker.all.push(this);
  }

  send(text: string): void {
    const frame = parseObject(text);
    if (!frame) return;
    this.sent.push(frame);
    if (frame.method === "subscribe") this.answer(frame, { result: Worker.subscription });
    if (frame.method === "get_library") this.answer(frame, { result: LIBRARY });
  }

  close(): void {}

  answer(frame: Record<string, unknown> | undefined, answer: object): void {
    queueMicrotask(() => this.say({ jsonrpc: "2.0", id: frame?.id, ...answer }));
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  tell(method: string, params: object): void {
    this.say({ jsonrpc: "2.0", method, params });
  }

  calls(method: string): Record<string, unknown>[] {
    return this.sent.filter((frame) => frame.method === method);
  }
}

const LIBRARY = {
  shelves: [
    {
      name: "s",
      nodes: [{ node_id: "c", node_name: "Class", inputs: [{ uuid: "in" }], outputs: [{ uuid: "out" }] }],
      subshelves: [],
    },
  ],
};

const record = (id: string) => ({
  id,
  class_id: "c",
  ports: { in: { id: "in" }, out: { id: "out", is_input: false } },
});

const DOCUMENT = { nodes: { a: record("a"), b: record("b") } };

function worker(): Worker {
  const last = Worker.all.at(-1);
  if (!last) throw new Error("nobody has dialled");
  return last;
}

/** Lets what is due now happen. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

async function open(): Promise<void> {
  worker().onopen?.();
  await settled();
}

const shown = () => shownGraph(useGraph.getState());
const toasts = () => useView.getState().toasts.map(({ title, tone }) => [tone, title]);
const refusal = { error: { code: -32000, message: "the worker does not want it", data: {} } };

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Worker);
  Worker.all = [];
  Worker.subscription = { epoch: "e", revision: 5, document: DOCUMENT, edits: null, feed: {} };
  connect("w 1");
  await open();
});

afterEach(async () => {
  disconnect();
  // What still waited is refused now, and says so.
  await settled();
  for (const { id } of useView.getState().toasts) dismiss(id);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a worker's graph", () => {
  it("is opened with its document, its library and an address of this origin", () => {
    const { ready, state, epoch, history, classes } = useGraph.getState();
    expect([ready, state, epoch, history.revision]).toEqual([true, "open", "e", 5]);
    expect(Object.keys(shown().nodes)).toEqual(["a", "b"]);
    expect(classes.map((kind) => kind.id)).toEqual(["c"]);
    expect(new URL(worker().url).pathname).toBe("/worker/w%201/");
    expect(worker().calls("subscribe")[0]?.params).not.toHaveProperty("since");
  });

  it("follows other people's edits and the feed", () => {
    const edits = [{ kind: "rename_node", node: "a", name: "Theirs" }];
    worker().tell("edit", { revision: 6, author: "other", edits });
    worker().tell("feed", { states: { a: { status: "running", run: 1 } }, ports: { b: [{ id: "new" }] } });
    expect(shown().nodes.a?.name).toBe("Theirs");
    expect(useGraph.getState().feed.states.a?.status).toBe("running");
    expect(Object.keys(shown().nodes.b?.ports ?? {})).toEqual(["new"]);
  });

  it("passes over an edit that is none", () => {
    const before = shown();
    worker().tell("edit", { revision: 6, author: "x", edits: [{ kind: "unheard of" }] });
    expect(shown()).toBe(before);
  });

  it("is left behind whole when another worker is opened", async () => {
    connect("w2");
    expect(useGraph.getState()).toMatchObject({ worker: "w2", ready: false, classes: [] });
    await open();
    expect(useGraph.getState().ready).toBe(true);
  });
});

describe("undo and redo", () => {
  it("are asked of the worker, and a refusal says why", async () => {
    const done = undo();
    worker().answer(worker().calls("undo")[0], { result: { revision: 6, undone: 5, title: "x" } });
    expect(await done).toBe(true);
    expect(toasts()).toEqual([]);

    const refused = redo();
    const message = "“x” can not be redone: somebody else's later change builds on it";
    worker().answer(worker().calls("redo")[0], {
      error: { code: -32000, message, data: { kind: "BuiltUpon" } },
    });
    expect(await refused).toBe(false);
    expect(useView.getState().toasts).toMatchObject([
      { tone: "error", title: "This can not be redone", detail: message },
    ]);
  });

  it("say quietly that there is nothing left", async () => {
    const refused = undo();
    const error = { code: -32000, message: "there is nothing to undo", data: { kind: "NothingToUndo" } };
    worker().answer(worker().calls("undo")[0], { error });
    expect(await refused).toBe(false);
    expect(toasts()).toEqual([["info", "There is nothing of yours to undo"]]);
  });

  it("forget what was shown of nodes that another graph replaced", () => {
    const values = { a: { out: { mime: "application/json", value: 7 } } };
    worker().tell("feed", { values, states: { b: { status: "running", run: 1 } } });
    const rename = [{ kind: "rename_node", node: "a", name: "x" }];
    worker().tell("edit", { revision: 6, author: "other", edits: rename });
    expect(useGraph.getState().feed.values.a?.out?.value).toBe(7);
    worker().tell("edit", { revision: 7, author: "other", edits: [{ kind: "remove_node", id: "b" }] });
    expect(Object.keys(useGraph.getState().feed.states)).toEqual([]);
    worker().tell("edit", {
      revision: 8,
      author: "other",
      edits: [{ kind: "replace_graph", document: DOCUMENT }],
    });
    expect(useGraph.getState().feed).toEqual({ states: {}, values: {}, ports: {} });
  });
});

describe("an edit", () => {
  it("is shown at once, sent once, and stays when it is answered", async () => {
    setValue("a", "in", 7);
    expect(shown().nodes.a?.ports?.in?.value).toBe(7);
    const [call, ...others] = worker().calls("edit");
    expect([call?.params, others]).toEqual([
      { edits: [{ kind: "set_value", node: "a", port: "in", value: 7 }] },
      [],
    ]);
    worker().answer(call, { result: { revision: 6 } });
    await settled();
    expect(useGraph.getState().history.pending).toMatchObject([{ revision: 6 }]);
    worker().tell("edit", {
      revision: 6,
      author: "me",
      edits: [{ kind: "set_value", node: "a", port: "in", value: 7 }],
    });
    expect(useGraph.getState().history).toMatchObject({ revision: 6, pending: [] });
    expect(shown().nodes.a?.ports?.in?.value).toBe(7);
  });

  it("is taken back when the worker refuses it, and says why", async () => {
    const before = shown().nodes.a;
    rename("a", "Mine");
    expect(shown().nodes.a?.name).toBe("Mine");
    worker().answer(worker().calls("edit")[0], refusal);
    await settled();
    expect(shown().nodes.a).toBe(before);
    expect(toasts()).toEqual([["error", "The worker does not want it"]]);
  });

  it("is not even sent when the rules refuse it", async () => {
    await edit([{ kind: "remove_node", id: "nobody" }]);
    expect(worker().calls("edit")).toEqual([]);
    expect(toasts()).toEqual([["error", "There is no node “nobody”"]]);
  });

  it("typed without a connection waits, is shown, and is sent once with the next one", async () => {
    worker().onclose?.({ code: 1006, reason: "" });
    setValue("a", "in", 7);
    expect(shown().nodes.a?.ports?.in?.value).toBe(7);
    Worker.subscription = { epoch: "e", revision: 5, document: null, edits: [], feed: {} };
    await vi.advanceTimersByTimeAsync(200);
    await open();
    expect(worker().calls("subscribe")[0]?.params).toMatchObject({ since: { epoch: "e", revision: 5 } });
    expect(worker().calls("edit")).toHaveLength(1);
  });

  it("whose answer got lost is sent again under its id", async () => {
    setValue("a", "in", 7);
    const [first] = worker().calls("edit");
    worker().onclose?.({ code: 1006, reason: "" });
    Worker.subscription = { epoch: "e", revision: 5, document: null, edits: [], feed: {} };
    await vi.advanceTimersByTimeAsync(200);
    await open();
    expect(worker().calls("edit")).toEqual([first]);
  });

  it("that arrived although its answer got lost is not sent again", async () => {
    setValue("a", "in", 7);
    const params = worker().calls("subscribe")[0]?.params;
    const me = isObject(params) ? params.author : null;
    worker().onclose?.({ code: 1006, reason: "" });
    const edits = [{ kind: "set_value", node: "a", port: "in", value: 7 }];
    Worker.subscription = {
      epoch: "e",
      revision: 6,
      document: null,
      edits: [{ revision: 6, author: me, edits }],
      feed: {},
    };
    await vi.advanceTimersByTimeAsync(200);
    await open();
    expect(worker().calls("edit")).toEqual([]);
    expect(useGraph.getState().history).toMatchObject({ revision: 6, pending: [] });
    expect(toasts()).toEqual([]);
  });

  it("that is refused because its first copy arrived counts as done", async () => {
    addNodeOf("c", { x: 0, y: 0 });
    const [first] = worker().calls("edit");
    const id = Object.keys(shown().nodes).at(-1) ?? "";
    worker().onclose?.({ code: 1006, reason: "" });
    // Another epoch: the worker knows neither our revision nor the id of the call any more.
    const nodes = { ...DOCUMENT.nodes, [id]: record(id) };
    Worker.subscription = { epoch: "f", revision: 1, document: { nodes }, edits: null, feed: {} };
    await vi.advanceTimersByTimeAsync(200);
    await open();
    worker().answer(worker().calls("edit")[0], refusal);
    await settled();
    expect(worker().calls("edit")).toEqual([first]);
    expect([Object.keys(shown().nodes), toasts()]).toEqual([["a", "b", id], []]);
  });
});

describe("what a person does with nodes", () => {
  it("adds one with the ports of its class, and none of a class nobody knows", () => {
    const id = addNodeOf("c", { x: 3, y: 4 });
    expect(shown().nodes[id ?? ""]).toMatchObject({ class_name: "Class", ports: { in: {}, out: {} } });
    expect(worker().calls("edit")[0]?.params).toEqual({
      edits: [{ kind: "add_node", node: { id, class_id: "c", properties: { "frontend:pos": [3, 4] } } }],
    });
    expect(addNodeOf("unknown")).toBeNull();
    expect(toasts()).toEqual([["error", "There is no node class “unknown” in this worker's library"]]);
  });

  it("puts nodes that nobody placed beside each other", () => {
    const ids = [1, 2, 3].map(() => addNodeOf("c") ?? "");
    const places = ids.map((id) => shown().nodes[id]?.properties?.["frontend:pos"]);
    expect(new Set(places.map(String)).size).toBe(3);
  });

  it("wires, and says where a wire cannot be", () => {
    const at = { x: 5, y: 6 };
    connectPorts({ node: "a", port: "out" }, { node: "b", port: "in" }, at);
    expect(shown().edges).toEqual([["a", "out", "b", "in"]]);
    connectPorts({ node: "a", port: "out" }, { node: "b", port: "out" }, at);
    expect(useView.getState().toasts.map((toast) => toast.at)).toEqual([at]);
    expect(shown().edges).toHaveLength(1);
  });

  it("removes nodes with their wires as one step", () => {
    connectPorts({ node: "a", port: "out" }, { node: "b", port: "in" }, null);
    removeAll(["a"], shown().edges);
    expect([Object.keys(shown().nodes), shown().edges]).toEqual([["b"], []]);
    expect(worker().calls("edit")[1]?.params).toEqual({ edits: [{ kind: "remove_node", id: "a" }] });
  });

  it("copies what is selected, and pastes it as one step", () => {
    expect(copySelection()).toBeNull();
    select(["a"]);
    const text = copySelection();
    expect(paste(text ?? "")).toBe(true);
    expect(Object.keys(shown().nodes)).toHaveLength(3);
    expect([paste("something else"), worker().calls("edit").length]).toEqual([false, 1]);
  });
});
