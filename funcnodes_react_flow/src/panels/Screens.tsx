import { KeyRound, Play, Plus, Terminal } from "lucide-react";
import type { ReactNode } from "react";
import { isMoving, phaseText, type WorkerStatus } from "../model/fleet";
import { Bar } from "../parts/Bar";
import { Button } from "../parts/Button";
import { Spinner } from "../parts/Spinner";
import { choose, startWorker, stopWorker, useFleet } from "../store/fleet";
import { useGraph } from "../store/graph";
import { openDialog } from "../store/view";
import { Logo } from "./Logo";
import { PhaseDot } from "./PhaseDot";
import { WorkerActions } from "./WorkerMenu";

function Screen({ children }: { children: ReactNode }) {
  return (
    <main className="grid h-full place-items-center overflow-y-auto p-5">
      <div className="rise w-full max-w-md">{children}</div>
    </main>
  );
}

/** What a page without a session says: how to get a link. */
export function NoSession() {
  return (
    <Screen>
      <div className="rounded-2xl border border-line bg-surface p-6 shadow-node" data-testid="no-session">
        <span className="grid size-10 place-items-center rounded-xl bg-accent-soft text-accent">
          <KeyRound size={20} />
        </span>
        <h1 className="mt-4 font-semibold text-xl tracking-tight">This browser has no session</h1>
        <p className="mt-1.5 text-ink-2">
          FuncNodes runs programs on this machine, so it opens only by a link that you make yourself. In the
          terminal of that machine, type:
        </p>
        <p className="mt-3 flex items-center gap-2 rounded-lg border border-line bg-sunken px-3 py-2.5 font-mono">
          <Terminal size={14} className="text-ink-3" />
          <span className="select-all">funcnodes link</span>
        </p>
        <p className="mt-3 text-ink-2">
          Then open the address it prints, in this browser. If you started FuncNodes with <code>--dir</code>,
          give the same one here.
        </p>
        <Button className="mt-5" onClick={() => window.location.reload()}>
          I have opened the link
        </Button>
      </div>
    </Screen>
  );
}

export function Waiting({ children }: { children: ReactNode }) {
  return (
    <Screen>
      <p className="flex items-center justify-center gap-2.5 text-ink-3">
        <Spinner className="size-4" /> {children}
      </p>
    </Screen>
  );
}

/** No worker is chosen: the first one is made here, or one of those that are there is taken. */
export function Welcome({ workers }: { workers: readonly WorkerStatus[] }) {
  return (
    <Screen>
      <div className="text-center">
        <div className="flex justify-center">
          <Logo size={52} />
        </div>
        <h1 className="mt-5 font-semibold text-2xl tracking-tight">
          {workers.length === 0 ? "Welcome to FuncNodes" : "Choose a worker"}
        </h1>
        <p className="mx-auto mt-2 max-w-sm text-ink-2">
          {workers.length === 0
            ? "Wire Python functions into a graph that runs as you change it. A worker holds one graph and its own Python environment."
            : "Each holds one graph and its own Python environment."}
        </p>
      </div>
      {workers.length > 0 && (
        <ul className="mt-6 divide-y divide-line rounded-xl border border-line bg-surface shadow-node">
          {workers.map((worker) => (
            <li key={worker.uuid} className="flex items-center">
              <button
                type="button"
                data-testid={`worker-item-${worker.uuid}`}
                className="flex min-w-0 flex-1 items-center gap-3 px-4 py-3 text-left hover:text-accent"
                onClick={() => choose(worker.uuid)}
              >
                <PhaseDot phase={worker.phase} />
                <span className="truncate font-medium">{worker.name}</span>
                <span className="ml-auto text-ink-3 text-xs">{phaseText(worker.phase)}</span>
              </button>
              <WorkerActions worker={worker} />
            </li>
          ))}
        </ul>
      )}
      <div className="mt-6 flex justify-center">
        <Button
          look="primary"
          className="h-10 px-5"
          data-testid="new-worker"
          onClick={() => openDialog("new-worker")}
        >
          <Plus size={16} /> {workers.length === 0 ? "Create your first worker" : "New worker"}
        </Button>
      </div>
    </Screen>
  );
}

const NOTHING_TOLD: readonly string[] = [];
const LINES = 5;

/** The chosen worker does not run (yet): what it is doing, how far it is, and what one can do. */
export function NotRunning({ worker }: { worker: WorkerStatus }) {
  const notice = useFleet((fleet) => fleet.notices[worker.uuid] ?? fleet.notices[""] ?? null);
  const told = useFleet((fleet) => fleet.told[worker.uuid] ?? fleet.told[""] ?? NOTHING_TOLD);
  const busy = useFleet((fleet) => fleet.busy.includes(worker.uuid));
  const moving = isMoving(worker) || busy;
  return (
    <Screen>
      <div className="rounded-2xl border border-line bg-surface p-6 shadow-node" data-testid="worker-screen">
        <div className="flex items-center gap-2.5">
          <PhaseDot phase={worker.phase} />
          <h1 className="truncate font-semibold text-lg tracking-tight">{worker.name}</h1>
        </div>
        <p className="mt-1 text-ink-2">
          {moving
            ? `It is ${doing(worker)}.`
            : worker.phase === "failed"
              ? "It has failed."
              : `It is ${phaseText(worker.phase)}.`}
        </p>
        {worker.reason && (
          <p
            className={`mt-2 whitespace-pre-wrap break-words ${worker.phase === "failed" ? "text-danger" : "text-ink-3"}`}
          >
            {worker.reason}
          </p>
        )}
        {moving && (
          <div className="mt-5">
            <Bar fraction={notice && notice.progress > 0 ? notice.progress : null} />
            <ol
              className="mt-3 min-h-5 space-y-0.5 break-words font-mono text-ink-3 text-xs"
              data-testid="worker-progress"
            >
              {told.slice(-LINES).map((line, index, lines) => (
                <li
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end.
                  key={index}
                  className={index === lines.length - 1 ? "text-ink-2" : ""}
                >
                  {line}
                </li>
              ))}
            </ol>
          </div>
        )}
        <div className="mt-5 flex gap-2">
          {moving ? (
            <Button onClick={() => void stopWorker(worker.uuid)}>Stop</Button>
          ) : (
            <Button look="primary" onClick={() => void startWorker(worker.uuid)}>
              <Play size={14} /> Start
            </Button>
          )}
          <Button look="quiet" onClick={() => choose(null)}>
            Other workers
          </Button>
        </div>
      </div>
    </Screen>
  );
}

function doing(worker: WorkerStatus): string {
  return isMoving(worker) ? phaseText(worker.phase) : "about to start";
}

/** The worker runs, its graph is on its way. */
export function OpeningGraph({ worker }: { worker: WorkerStatus }) {
  const reason = useGraph((graph) => graph.reason);
  return (
    <Waiting>
      Opening {worker.name}… {reason && <span className="block text-xs">{reason}</span>}
    </Waiting>
  );
}
