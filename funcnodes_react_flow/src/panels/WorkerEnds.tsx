import { useEffect, useState } from "react";
import type { WorkerStatus } from "../model/fleet";
import { nodeOf, titleOf } from "../model/graph";
import type { End } from "../model/machine";
import { Spinner } from "../parts/Spinner";
import { shownGraph, useGraph } from "../store/graph";
import { readEnds } from "../store/machine";
import { when } from "./when";

/** How the processes of a worker ended, the last first: the cause with its evidence, and what followed. */
export function WorkerEnds({ worker }: { worker: WorkerStatus }) {
  const [ends, setEnds] = useState<readonly End[] | null>(null);
  const { uuid, phase } = worker;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another phase may mean another end.
  useEffect(() => {
    void readEnds(uuid).then(setEnds);
  }, [uuid, phase]);
  if (ends === null) return <Spinner />;
  if (ends.length === 0) return <p className="py-6 text-center text-ink-3">It has never ended.</p>;
  return (
    <ol className="divide-y divide-line" data-testid="worker-ends">
      {ends.map((end) => (
        <li key={`${end.at}`} className="flex gap-3 py-2.5">
          <span className="numeric w-20 shrink-0 pt-px text-ink-3 text-xs">{when(end.at)}</span>
          <div className="min-w-0 flex-1">
            <p className="whitespace-pre-wrap break-words">{capital(end.sentence)}</p>
            {end.node !== null && (
              <p className="mt-0.5 text-ink-3 text-xs">
                <RunningNode node={end.node} /> was running.
              </p>
            )}
            {end.followed && <p className="mt-0.5 text-ink-3 text-xs">{capital(end.followed)}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}

function RunningNode({ node }: { node: string }) {
  const title = useGraph((state) => {
    const record = nodeOf(shownGraph(state), node);
    return record ? titleOf(record) : node;
  });
  return <span className="font-medium text-ink-2">{title}</span>;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
