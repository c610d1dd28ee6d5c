/** Reading values of any size of the open worker: what one is like, windows of it, addresses to load it from. */
import { PAGE_COLUMNS, PAGE_ROWS, toInfo, toWindow, type ValueInfo, type ValueWindow } from "../model/values";
import { isObject } from "../rpc/json";
import { workerPath } from "../rpc/origin";
import { useGraph } from "./graph";

/** Raised when a window is asked of a value that is not there any more. */
export class ValueChanged extends Error {}

/** The address of a port's value on the open worker. */
export function valueUrl(node: string, port: string, query: Readonly<Record<string, string>>): string {
  const worker = useGraph.getState().worker ?? "";
  const path = `${workerPath(worker)}values/${encodeURIComponent(node)}/${encodeURIComponent(port)}`;
  return `${path}?${new URLSearchParams(query)}`;
}

/** `onBusy` hears which node keeps the graph from answering; it is asked again until it does. */
export async function readInfo(
  node: string,
  port: string,
  onBusy: (why: string) => void = () => {},
): Promise<ValueInfo> {
  const info = toInfo(await fetchJson(valueUrl(node, port, { info: "1" }), onBusy));
  if (!info) throw new TypeError("What the worker says about this value was not understood.");
  return info;
}

/** Returns one page of rows, and the columns from `column` on. */
export async function readWindow(
  node: string,
  port: string,
  info: ValueInfo,
  page: number,
  column: number,
  at: readonly number[],
): Promise<ValueWindow> {
  const start = page * PAGE_ROWS;
  const window = toWindow(
    await fetchJson(
      valueUrl(node, port, {
        rows: `${start}:${start + PAGE_ROWS}`,
        columns: `${column}:${column + PAGE_COLUMNS}`,
        generation: info.generation,
        ...(at.length > 0 ? { at: at.join(",") } : {}),
      }),
    ),
  );
  if (!window) throw new TypeError("The worker's window of this value was not understood.");
  return window;
}

const BUSY = 503;
const MOST_TRIES = 60;
const PAUSE_MS = 500;

async function fetchJson(url: string, onBusy: (why: string) => void = () => {}): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url, { headers: { accept: "application/json" } });
    if (answer.ok) return answer.json();
    if (answer.status === 412) throw new ValueChanged("The value has changed.");
    const why = await sentenceOf(answer);
    if (answer.status !== BUSY || !answer.headers.has("Retry-After") || tries === MOST_TRIES)
      throw new Error(why);
    onBusy(why);
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
  }
}

/** The sentence an answer gives for what went wrong. */
export async function sentenceOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const said: unknown = JSON.parse(text);
    if (isObject(said) && typeof said.error === "string") return said.error;
  } catch {
    // A relay says it in plain text.
  }
  return text || `The worker answered ${answer.status}.`;
}
