// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel, type ChannelOptions, type ChannelState, type Socket } from "./channel";
import { RpcError } from "./errors";
import { parseObject } from "./json";

/** One end of a socket without a network: what was sent is kept, what comes back is said by the test. */
class Wire implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    const frame = parseObject(text);
    if (frame && frame.method !== "ping") this.sent.push(frame);
  }

  close(): void {
    this.closed = true;
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Answers the newest call of a method. */
  answer(method: string, answer: object): void {
    const call = this.sent.findLast((frame) => frame.method === method);
    this.say({ jsonrpc: "2.0", id: call?.id, ...answer });
  }

  drop(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  get methods(): readonly unknown[] {
    return this.sent.map((frame) => frame.method);
  }
}

function conversation(options: Partial<ChannelOptions> = {}) {
  const wires: Wire[] = [];
  const states: ChannelState[] = [];
  const heard: [string, unknown][] = [];
  let count = 0;
  const channel = new Channel({
    open: () => {
      const wire = new Wire();
      wires.push(wire);
      return wire;
    },
    greet: async (call) => {
      await call("hello", {});
    },
    onNotification: (method, params) => heard.push([method, params]),
    onState: (state) => states.push(state),
    longestPause_ms: 800,
    newId: () => `id-${++count}`,
    ...options,
  });
  const wire = () => {
    const last = wires.at(-1);
    if (!last) throw new Error("nobody has dialled");
    return last;
  };
  /** Opens the newest socket and answers the greeting. */
  const welcome = async () => {
    wire().onopen?.();
    wire().answer("hello", { result: {} });
    await settled();
  };
  return { channel, wires, wire, states, heard, welcome };
}

/** Lets promises that are settled say so. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a channel", () => {
  it("greets first and then sends what waited", async () => {
    const { channel, wire, states } = conversation();
    channel.start();
    const answer = channel.call("edit", { edits: [] }, { repeatable: true });
    wire().onopen?.();
    await settled();
    expect(wire().methods).toEqual(["hello"]);
    wire().answer("hello", { result: {} });
    await settled();
    expect(wire().methods).toEqual(["hello", "edit"]);
    wire().answer("edit", { result: { revision: 4 } });
    await expect(answer).resolves.toEqual({ revision: 4 });
    expect(states).toEqual(["connecting", "open"]);
  });

  it("gives each answer to its own call, whatever their order", async () => {
    const { channel, wire, welcome } = conversation();
    channel.start();
    await welcome();
    const first = channel.call("first", {});
    const second = channel.call("second", {});
    wire().answer("second", { result: 2 });
    wire().answer("first", { result: 1 });
    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });

  it("raises an error with code, kind and traceback", async () => {
    const { channel, wire, welcome } = conversation();
    channel.start();
    await welcome();
    const answer = channel.call("edit", {});
    const data = { kind: "NodeNotFound", traceback: ["one\n", "two\n"] };
    wire().answer("edit", { error: { code: -32000, message: "no such node", data } });
    await expect(answer).rejects.toEqual(new RpcError(-32000, "no such node", "NodeNotFound", "one\ntwo\n"));
  });

  it("hands notifications on and passes over what is no message", async () => {
    const { channel, wire, welcome, heard } = conversation();
    channel.start();
    await welcome();
    wire().onmessage?.({ data: "pong" });
    wire().onmessage?.({ data: new ArrayBuffer(2) });
    wire().say({ jsonrpc: "2.0", id: "of-nobody", result: 1 });
    wire().say({ jsonrpc: "2.0", method: "feed", params: { states: {} } });
    expect(heard).toEqual([["feed", { states: {} }]]);
  });

  it("sends a repeatable call again under its own id on the next socket", async () => {
    const { channel, wire, wires, welcome } = conversation();
    channel.start();
    await welcome();
    const answer = channel.call("edit", { edits: [1] }, { repeatable: true, id: "mine" });
    const sent = wire().sent.at(-1);
    wire().drop();
    await vi.advanceTimersByTimeAsync(200);
    await welcome();
    expect(wires).toHaveLength(2);
    expect(wire().sent.at(-1)).toEqual(sent);
    expect(sent?.id).toBe("mine");
    wire().answer("edit", { result: { revision: 9 } });
    await expect(answer).resolves.toEqual({ revision: 9 });
  });

  it("does not repeat any other call: it is refused when the socket goes", async () => {
    const { channel, wire, welcome } = conversation();
    channel.start();
    await welcome();
    const answer = channel.call("trigger_node", { nid: "a" });
    wire().drop();
    await expect(answer).rejects.toThrow("The connection was lost before the answer came.");
    await expect(channel.call("trigger_node", {})).rejects.toThrow("no connection");
    await vi.advanceTimersByTimeAsync(200);
    await welcome();
    expect(wire().methods).toEqual(["hello"]);
  });

  it("does not send what the worker would close every socket for", async () => {
    const { channel, wire, welcome } = conversation();
    channel.start();
    await welcome();
    const call = channel.call("edit", { text: "ü".repeat(600_000) }, { repeatable: true });
    await expect(call).rejects.toThrow("larger than 1 MiB");
    wire().drop(1006);
    await vi.advanceTimersByTimeAsync(1000);
    await welcome();
    expect(wire().methods).toEqual(["hello"]);
  });

  it("does not send a call whose effect was seen in the greeting", async () => {
    const seen: { channel: Channel | null } = { channel: null };
    const { channel, wire, welcome } = conversation({
      greet: async (call) => {
        await call("hello", {});
        seen.channel?.settle("mine", { revision: 5 });
      },
    });
    seen.channel = channel;
    channel.start();
    const answer = channel.call("edit", {}, { repeatable: true, id: "mine" });
    await welcome();
    await expect(answer).resolves.toEqual({ revision: 5 });
    expect(wire().methods).toEqual(["hello"]);
  });

  it("dials with growing pauses up to the longest, and quickly again after a success", async () => {
    const { channel, wire, wires, welcome } = conversation();
    channel.start();
    for (const pause of [200, 400, 800, 800]) {
      wire().drop();
      const before = wires.length;
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(wires).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(wires).toHaveLength(before + 1);
    }
    await welcome();
    wire().drop();
    await vi.advanceTimersByTimeAsync(200);
    expect(wires).toHaveLength(6);
  });

  it("dials at once when it is hurried, and only while it waits", async () => {
    const { channel, wire, wires } = conversation();
    channel.start();
    channel.hurry();
    expect(wires).toHaveLength(1);
    wire().drop();
    channel.hurry();
    expect(wires).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(wires).toHaveLength(2);
  });

  it("tries again when the greeting is refused", async () => {
    const { channel, wire, wires, states } = conversation();
    channel.start();
    wire().onopen?.();
    wire().answer("hello", { error: { code: -32003, message: "not ready" } });
    await settled();
    expect([wires[0]?.closed, states.at(-1)]).toEqual([true, "lost"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(wires).toHaveLength(2);
  });

  it("takes a silent socket for a lost one", async () => {
    const { channel, wires, welcome } = conversation();
    channel.start();
    await welcome();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(wires[0]?.closed).toBe(true);
    expect(wires.length).toBeGreaterThan(1);
  });

  it("asks whether somebody is there when the network went, and believes no silence", async () => {
    const { channel, wires, wire, welcome } = conversation();
    channel.start();
    await welcome();
    await vi.advanceTimersByTimeAsync(1_000);
    channel.hurry();
    channel.hurry();
    await vi.advanceTimersByTimeAsync(100);
    wire().say({ jsonrpc: "2.0", id: "ping", result: "pong" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([channel.state, wires.length]).toEqual(["open", 1]);
    await vi.advanceTimersByTimeAsync(1_000);
    channel.hurry();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([channel.state, wires[0]?.closed]).toEqual(["lost", true]);
  });

  it("passes over the late end of a socket that was given up", async () => {
    const { channel, wires, wire, welcome } = conversation();
    channel.start();
    const late = wire().onclose;
    wire().drop();
    await vi.advanceTimersByTimeAsync(200);
    await welcome();
    late?.({ code: 1006, reason: "" });
    expect(channel.state).toBe("open");
    expect(wires).toHaveLength(2);
  });

  it("stops dialling when its session is over, and refuses what waits", async () => {
    const { channel, wire, wires, states, welcome } = conversation();
    channel.start();
    await welcome();
    const answer = channel.call("edit", {}, { repeatable: true });
    wire().drop(4401, "session ended");
    await expect(answer).rejects.toThrow("no session");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([wires.length, states.at(-1)]).toEqual([1, "unauthorized"]);
  });

  it("says nothing more after it was closed", async () => {
    const { channel, wire, wires, welcome } = conversation();
    channel.start();
    await welcome();
    const waiting = channel.call("edit", {}, { repeatable: true });
    channel.close();
    await expect(waiting).rejects.toThrow("closed");
    await expect(channel.call("edit", {})).rejects.toThrow("closed");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([wire().closed, wires.length]).toEqual([true, 1]);
  });
});
