import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toInfo } from "../model/values";
import { useGraph } from "./graph";
import { readInfo, readWindow, ValueChanged, valueUrl } from "./values";

const INFO = { generation: "g", kind: "table", type: "DataFrame", rows: 1000, total_columns: 2, formats: [] };

beforeEach(() => {
  vi.useFakeTimers();
  useGraph.setState({ worker: "w" });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("reading a value", () => {
  it("names node and port whatever they hold", () => {
    expect(valueUrl("a/b", "ö", { info: "1" })).toBe("/worker/w/values/a%2Fb/%C3%B6?info=1");
  });

  it("waits for a busy graph and says for which node", async () => {
    const busy = new Response(JSON.stringify({ error: "node 'n' runs" }), {
      status: 503,
      headers: { "Retry-After": "1" },
    });
    const answers = [busy, new Response(JSON.stringify(INFO))];
    vi.stubGlobal("fetch", async () => answers.shift());
    const heard: string[] = [];
    const info = readInfo("n", "out", (why) => heard.push(why));
    await vi.runAllTimersAsync();
    expect((await info).rows).toBe(1000);
    expect(heard).toEqual(["node 'n' runs"]);
  });

  it("asks for a window of the one value it knows, and says when it is another", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      asked.push(url);
      return new Response("{}", { status: 412 });
    });
    const info = toInfo(INFO);
    if (!info) throw new Error("not understood");
    await expect(readWindow("n", "out", info, 2, 50, [1])).rejects.toBeInstanceOf(ValueChanged);
    expect(asked).toEqual(["/worker/w/values/n/out?rows=400%3A600&columns=50%3A100&generation=g&at=1"]);
  });
});
