import { Tabs } from "radix-ui";
import { useState } from "react";
import { phaseText, type WorkerStatus } from "../model/fleet";
import { Modal } from "../parts/Modal";
import { useFleet } from "../store/fleet";
import { openDialog, useView, WORKER_TABS } from "../store/view";
import { Environment } from "./Environment";
import { PhaseDot } from "./PhaseDot";
import { WorkerEnds } from "./WorkerEnds";
import { WorkerLimits } from "./WorkerLimits";
import { WorkerLog } from "./WorkerLog";
import { WorkerNow } from "./WorkerNow";

/** All about one worker: what it does and uses, what it may use, how it ended, what it wrote, what is in its environment. */
export function WorkerDialog() {
  const uuid = useView((view) => view.dialogWorker);
  const worker = useFleet((fleet) => fleet.workers?.find((known) => known.uuid === uuid));
  if (!worker) return null;
  return <About key={worker.uuid} worker={worker} />;
}

function About({ worker }: { worker: WorkerStatus }) {
  const [tab, setTab] = useState<string>(useView.getState().dialogTab);
  return (
    <Modal title={worker.name} width="medium" onClose={() => openDialog(null)}>
      <p
        className="mb-3 flex items-start gap-2 text-ink-2 [&>span:first-child]:mt-1.5"
        data-testid="worker-phase"
      >
        <PhaseDot phase={worker.phase} />
        <span>
          {phaseText(worker.phase)}
          {worker.safe ? " in safe mode: nothing in its graph runs" : ""}
          {worker.reason ? ` — ${worker.reason}` : ""}
        </span>
      </p>
      <Tabs.Root value={tab} onValueChange={setTab} data-testid="worker-dialog">
        <Tabs.List className="mb-4 flex gap-1 border-line border-b" aria-label="About this worker">
          {WORKER_TABS.map((name) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="-mb-px whitespace-nowrap border-transparent border-b-2 px-3 py-1.5 font-medium max-md:px-1.5 text-ink-3 hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
            >
              {name}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="Now" className="outline-none">
          <WorkerNow worker={worker} />
        </Tabs.Content>
        <Tabs.Content value="Limits" className="outline-none">
          <WorkerLimits worker={worker} />
        </Tabs.Content>
        <Tabs.Content value="How it ended" className="outline-none">
          <WorkerEnds worker={worker} />
        </Tabs.Content>
        <Tabs.Content value="Log" className="outline-none">
          <WorkerLog worker={worker} />
        </Tabs.Content>
        <Tabs.Content value="Modules" className="outline-none">
          <Environment worker={worker} />
        </Tabs.Content>
      </Tabs.Root>
    </Modal>
  );
}
