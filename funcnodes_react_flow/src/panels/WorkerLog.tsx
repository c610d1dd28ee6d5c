import { useEffect, useRef } from "react";
import type { WorkerStatus } from "../model/fleet";
import { Spinner } from "../parts/Spinner";
import { followLog, useLog } from "../store/log";

/** What the worker and its nodes have written, the last lines in sight; new ones come as they are written. */
export function WorkerLog({ worker }: { worker: WorkerStatus }) {
  const { lines, problem } = useLog();
  const frame = useRef<HTMLPreElement>(null);
  const { uuid } = worker;
  useEffect(() => followLog(uuid), [uuid]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what it scrolls for.
  useEffect(() => {
    const box = frame.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, [lines]);
  if (problem !== null) return <p className="text-danger">{problem}</p>;
  if (lines === null) return <Spinner />;
  if (lines.length === 0) {
    return (
      <p data-testid="worker-log" className="py-6 text-center text-ink-3">
        Nothing was written yet.
      </p>
    );
  }
  return (
    <pre
      ref={frame}
      data-testid="worker-log"
      className="h-[50vh] overflow-auto whitespace-pre-wrap break-words rounded-lg bg-sunken p-3 font-mono text-ink-2 text-xs leading-5"
    >
      {lines.join("\n")}
    </pre>
  );
}
