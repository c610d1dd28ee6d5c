import { Redo2, RotateCcw, Undo2 } from "lucide-react";
import { createElement, Fragment, type ReactNode, useCallback, useEffect, useState } from "react";
import type { HistoryPage, HistoryStep } from "../model/history";
import { Button } from "../parts/Button";
import { Modal } from "../parts/Modal";
import { Spinner } from "../parts/Spinner";
import { useGraph } from "../store/graph";
import { readHistory, redo, restore, undo } from "../store/history";
import { authorId } from "../store/identity";
import { openDialog } from "../store/view";
import { when } from "./when";

/** Everything that was done to this graph, newest first, and the way back to any of it. */
export function History() {
  const revision = useGraph((graph) => graph.history.revision);
  const [epoch, setEpoch] = useState<string | null>(null);
  const [page, setPage] = useState<HistoryPage | null>(null);
  const [asked, setAsked] = useState<number | null>(null);

  const read = useCallback(async (line: string | null) => {
    const first = await readHistory(null, line);
    if (first) setPage(first);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision is the reason to read again
  useEffect(() => {
    void read(epoch);
  }, [read, epoch, revision]);

  const readMore = async () => {
    const last = page?.steps.at(-1);
    if (!page || !last) return;
    const next = await readHistory(last.revision, epoch);
    if (next) setPage({ ...next, steps: [...page.steps, ...next.steps] });
  };
  const goBack = async (step: HistoryStep) => {
    if (page && (await restore(step.revision, page.epoch))) {
      setAsked(null);
      setEpoch(null);
    }
  };

  return (
    <Modal
      title="History"
      description="What was done to this graph, newest first. Every step is on disk and can be gone back to."
      width="medium"
      onClose={() => openDialog(null)}
    >
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Button onClick={() => void undo()}>
          <Undo2 size={14} /> Undo
        </Button>
        <Button onClick={() => void redo()}>
          <Redo2 size={14} /> Redo
        </Button>
        {page && page.lines.length > 1 && (
          <select
            aria-label="Line of history"
            className="ml-auto h-8 rounded-lg border border-line bg-surface px-2"
            value={page.epoch}
            onChange={(event) => setEpoch(event.target.value)}
          >
            {[...page.lines].reverse().map((line) => (
              <option key={line.epoch} value={line.epoch}>
                {line.current ? "This graph" : `Before the file was replaced · begun ${when(line.begun)}`}
              </option>
            ))}
          </select>
        )}
      </div>
      {page === null && <Spinner />}
      {page?.steps.length === 0 && <p className="py-6 text-center text-ink-3">Nothing was changed yet.</p>}
      <ol data-testid="history" className="divide-y divide-line">
        {page?.steps.map((step) => (
          <Line
            key={step.revision}
            step={step}
            asked={asked === step.revision}
            onAsk={setAsked}
            onRestore={goBack}
          />
        ))}
      </ol>
      {page?.more && (
        <div className="flex justify-center pt-3">
          <Button look="quiet" onClick={() => void readMore()}>
            Show earlier
          </Button>
        </div>
      )}
    </Modal>
  );
}

interface LineProps {
  step: HistoryStep;
  asked: boolean;
  onAsk: (revision: number | null) => void;
  onRestore: (step: HistoryStep) => Promise<void>;
}

function Line({ step, asked, onAsk, onRestore }: LineProps) {
  const mine = step.author === authorId();
  return (
    <li data-testid={`history-${step.revision}`} className="group flex items-center gap-3 py-2">
      <span className="w-20 shrink-0 text-ink-3 text-xs tabular-nums">{when(step.time)}</span>
      <span className="min-w-0 flex-1">
        <span className={`break-words ${step.undone ? "text-ink-3 line-through" : ""}`}>
          {inWords(step.title)}
        </span>
        <span className="block text-ink-3 text-xs">
          {mine ? "You" : "Somebody else"}
          {step.undone && " · undone"}
        </span>
      </span>
      {asked ? (
        <span className="flex shrink-0 items-center gap-1.5">
          <span className="text-ink-2 text-xs max-md:hidden">
            Put this graph in place of the present one?
          </span>
          <Button look="primary" onClick={() => void onRestore(step)}>
            Restore
          </Button>
          <Button look="quiet" onClick={() => onAsk(null)}>
            Cancel
          </Button>
        </span>
      ) : (
        <Button
          look="quiet"
          aria-label={`Go back to “${step.title}”`}
          className="shrink-0 opacity-60 group-hover:opacity-100 focus-visible:opacity-100"
          onClick={() => onAsk(step.revision)}
        >
          <RotateCcw size={14} /> Go back here
        </Button>
      )}
    </li>
  );
}

/** A title with what stands between backticks, names of ports and options, as such. */
function inWords(title: string): ReactNode {
  const parts = title
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`")
        ? createElement("code", { className: "rounded bg-hover px-1 font-mono text-xs" }, part.slice(1, -1))
        : part,
    );
  return createElement(Fragment, null, ...parts);
}
