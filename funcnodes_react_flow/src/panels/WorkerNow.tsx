import { Copy, Play, RotateCw, ShieldQuestion, Square } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { isMoving, isUp, type WorkerStatus } from "../model/fleet";
import { bytesText, type MachineFigures, POLICIES, POLICY_TEXT, spanText, toPolicy } from "../model/machine";
import { Button } from "../parts/Button";
import { FIELD, Labelled, TextField } from "../parts/Field";
import { cloneWorker, restartWorker, startWorker, stopWorker, useFleet } from "../store/fleet";
import { useGraph } from "../store/graph";
import { configure, useMachine, watchFigures } from "../store/machine";
import { openDialog } from "../store/view";
import { Written } from "./Written";

const NONE: readonly MachineFigures[] = [];

/** What a worker uses right now, its name and policy, and what can be done with it. */
export function WorkerNow({ worker }: { worker: WorkerStatus }) {
  const readings = useMachine((state) => state.figures[worker.uuid] ?? NONE);
  useEffect(() => watchFigures(), []);
  return (
    <div className="space-y-5">
      {isUp(worker) && <Figures readings={readings} />}
      <Settings worker={worker} />
      <Actions worker={worker} />
    </div>
  );
}

function Figures({ readings }: { readings: readonly MachineFigures[] }) {
  const now = readings.at(-1);
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-4" data-testid="worker-figures">
      <Figure
        name="Processor"
        value={now && `${Math.round(now.cpu)} %`}
        line={readings.map((reading) => reading.cpu)}
        atLeast={100}
      />
      <Figure
        name="Memory"
        value={now && bytesText(now.memory)}
        line={readings.map((reading) => reading.memory)}
        atLeast={1}
      />
      <Figure name="Threads" value={now && String(now.threads)} />
      <Figure name="Running for" value={now && spanText(now.uptime)} />
    </dl>
  );
}

function Figure({
  name,
  value,
  line,
  atLeast = 1,
}: {
  name: string;
  value: string | undefined;
  line?: readonly number[];
  atLeast?: number;
}) {
  return (
    <div className="relative overflow-hidden rounded-xl border border-line bg-surface p-3 pb-4">
      {line && line.length > 1 && <Spark values={line} atLeast={atLeast} />}
      <dt className="relative text-ink-3 text-xs">{name}</dt>
      <dd className="numeric relative mt-0.5 font-semibold text-[17px] tracking-tight">{value ?? "…"}</dd>
    </div>
  );
}

/** The last minute, drawn behind the figure. */
function Spark({ values, atLeast }: { values: readonly number[]; atLeast: number }) {
  const top = Math.max(atLeast, ...values) * 1.1;
  const points = values.map((value, index) => `${60 - values.length + 1 + index},${20 - (value / top) * 20}`);
  const first = 60 - values.length + 1;
  return (
    <svg
      viewBox="0 0 60 20"
      preserveAspectRatio="none"
      aria-hidden="true"
      className="absolute inset-x-0 bottom-0 h-1/2 w-full text-accent"
    >
      <polygon points={`${first},20 ${points.join(" ")} 60,20`} fill="currentColor" opacity="0.1" />
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.2"
        vectorEffect="non-scaling-stroke"
        opacity="0.55"
      />
    </svg>
  );
}

function Settings({ worker }: { worker: WorkerStatus }) {
  const isOpen = useGraph((graph) => graph.worker === worker.uuid && graph.state === "open");
  return (
    <fieldset disabled={!isOpen} className="grid gap-4 disabled:opacity-60 md:grid-cols-2">
      <Labelled label="Name">
        <Written
          value={worker.name}
          onCommit={(name) => {
            if (name.trim() !== "") void configure({ name: name.trim() });
          }}
        />
      </Labelled>
      <Labelled label="When it starts by itself">
        <select
          data-testid="worker-policy"
          className={`h-8 ${FIELD}`}
          value={toPolicy(worker.autostart)}
          onChange={(event) => void configure({ autostart: toPolicy(event.target.value) })}
        >
          {POLICIES.map((policy) => (
            <option key={policy} value={policy}>
              {POLICY_TEXT[policy]}
            </option>
          ))}
        </select>
      </Labelled>
      {!isOpen && (
        <p className="text-ink-3 text-xs md:col-span-2">
          Start this worker and open it to change its name and when it starts.
        </p>
      )}
    </fieldset>
  );
}

function Actions({ worker }: { worker: WorkerStatus }) {
  const busy = useFleet((fleet) => fleet.busy.includes(worker.uuid)) || isMoving(worker);
  const [cloning, setCloning] = useState(false);
  const { uuid } = worker;
  const up = isUp(worker);
  return (
    <div className="border-line border-t pt-4">
      <div className="flex flex-wrap gap-2">
        {up ? (
          <>
            <Button busy={busy} onClick={() => void restartWorker(uuid)}>
              <RotateCw size={13} /> Restart
            </Button>
            <Button disabled={busy} onClick={() => void stopWorker(uuid)}>
              <Square size={12} /> Stop
            </Button>
          </>
        ) : (
          <Button look="primary" busy={busy} onClick={() => void startWorker(uuid)}>
            <Play size={13} /> Start
          </Button>
        )}
        <Button
          disabled={busy}
          data-testid="safe-mode"
          title="Opens the graph without running anything in it"
          onClick={() => void (up ? restartWorker(uuid, true) : startWorker(uuid, true))}
        >
          <ShieldQuestion size={14} /> {up ? "Restart in safe mode" : "Start in safe mode"}
        </Button>
        <Button data-testid="clone-worker" disabled={busy} onClick={() => setCloning(!cloning)}>
          <Copy size={13} /> Clone…
        </Button>
      </div>
      {cloning && <Cloning worker={worker} onDone={() => setCloning(false)} />}
    </div>
  );
}

function Cloning({ worker, onDone }: { worker: WorkerStatus; onDone: () => void }) {
  const [name, setName] = useState(`${worker.name} copy`);
  const [withFiles, setWithFiles] = useState(true);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const made = await cloneWorker(worker.uuid, name.trim(), withFiles);
    setBusy(false);
    if (!made) return;
    onDone();
    openDialog(null);
  };
  return (
    <form onSubmit={submit} className="mt-4 space-y-3 rounded-xl border border-line bg-sunken p-3">
      <p className="text-ink-2">
        A second worker with the same graph, its history, and the very same versions of every package.
      </p>
      <Labelled label="Name of the clone">
        <TextField
          data-testid="clone-name"
          value={name}
          maxLength={80}
          onChange={(event) => setName(event.target.value)}
        />
      </Labelled>
      <label className="flex items-center gap-2.5">
        <input
          type="checkbox"
          className="size-4 accent-[var(--accent)]"
          checked={withFiles}
          onChange={(event) => setWithFiles(event.target.checked)}
        />
        With its files
      </label>
      <div className="flex gap-2">
        <Button
          look="primary"
          type="submit"
          data-testid="clone-start"
          busy={busy}
          disabled={name.trim() === ""}
        >
          Clone and open
        </Button>
        <Button look="quiet" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
