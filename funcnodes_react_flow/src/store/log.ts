/** The log of the worker that somebody looks at: its end, and each new line while it is open. */
import { create } from "zustand";
import { toLines, withLines } from "../model/logText";
import { messageOf } from "../rpc/errors";
import { askManager } from "./line";

const FIRST_LINES = 500;

interface Log {
  worker: string | null;
  /** null: not read yet. */
  lines: readonly string[] | null;
  problem: string | null;
}

const NOTHING: Log = { worker: null, lines: null, problem: null };

export const useLog = create<Log>(() => NOTHING);
const { setState, getState } = useLog;

let turn = 0;

/** Follows a worker's log until what is returned is called. */
export function followLog(worker: string): () => void {
  turn += 1;
  const ours = turn;
  setState({ worker, lines: null, problem: null });
  // An answer may come after the log was closed, and opened again by another turn.
  askManager("logs", { workerid: worker, lines: FIRST_LINES, follow: true }).then(
    (told) => ours === turn && setState(({ lines }) => ({ lines: withLines(toLines(told), lines ?? []) })),
    (error: unknown) => ours === turn && setState({ problem: messageOf(error) }),
  );
  return () => {
    if (ours === turn) setState(NOTHING);
    // Without a connection nobody follows any more.
    askManager("logs", { workerid: worker, lines: 0, follow: false }).catch(() => {});
  };
}

/** Called by the fleet store, which hears the manager. */
export function heardLog(params: unknown): void {
  const { worker } = getState();
  if (worker === null) return;
  const more = toLines(params, worker);
  if (more.length > 0) setState(({ lines }) => ({ lines: withLines(lines ?? [], more) }));
}
