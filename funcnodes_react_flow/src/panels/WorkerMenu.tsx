import { ChevronsUpDown, Play, Plus, RotateCw, Settings2, Square, Trash2 } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { isMoving, isUp, phaseText, type WorkerStatus } from "../model/fleet";
import { Button, IconButton } from "../parts/Button";
import { Spinner } from "../parts/Spinner";
import {
  choose,
  chosenWorker,
  deleteWorker,
  restartWorker,
  startWorker,
  stopWorker,
  useFleet,
} from "../store/fleet";
import { openDialog, openWorker } from "../store/view";
import { FlowFile } from "./FlowFile";
import { PhaseDot } from "./PhaseDot";

/** Which worker is shown, and what can be done with each. */
export function WorkerMenu() {
  const [isOpen, setOpen] = useState(false);
  const workers = useFleet((fleet) => fleet.workers);
  const chosen = useFleet(chosenWorker);
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger
        data-testid="worker-menu"
        className="flex h-8 min-w-0 max-w-56 items-center gap-2 rounded-lg border border-line bg-surface px-2.5 font-medium hover:bg-hover"
      >
        {chosen ? <PhaseDot phase={chosen.phase} /> : null}
        <span className="truncate">{chosen?.name ?? "Choose a worker"}</span>
        <ChevronsUpDown size={13} className="shrink-0 text-ink-3" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          className="rise z-30 w-[min(23rem,calc(100vw-1rem))] rounded-xl border border-line bg-raised p-1.5 shadow-float"
        >
          <p className="px-2 pt-1 pb-1.5 font-medium text-ink-3 text-xs">Workers</p>
          <div className="max-h-[50vh] space-y-0.5 overflow-y-auto">
            {workers?.map((worker) => (
              <WorkerRow
                key={worker.uuid}
                worker={worker}
                chosen={worker.uuid === chosen?.uuid}
                onChoose={() => {
                  choose(worker.uuid);
                  setOpen(false);
                }}
                onDetails={() => {
                  setOpen(false);
                  openWorker(worker.uuid);
                }}
              />
            ))}
            {workers?.length === 0 && <p className="px-2 py-3 text-ink-3">None yet.</p>}
          </div>
          <div className="mt-1 border-line border-t pt-1.5">
            {chosen && isUp(chosen) && <FlowFile worker={chosen.uuid} onDone={() => setOpen(false)} />}
            <Button
              look="quiet"
              data-testid="new-worker"
              className="w-full justify-start px-2"
              onClick={() => {
                setOpen(false);
                openDialog("new-worker");
              }}
            >
              <Plus size={14} /> New worker…
            </Button>
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function WorkerRow({
  worker,
  chosen,
  onChoose,
  onDetails,
}: {
  worker: WorkerStatus;
  chosen: boolean;
  onChoose: () => void;
  onDetails: () => void;
}) {
  return (
    <div className={`flex items-center rounded-lg ${chosen ? "bg-accent-soft" : "hover:bg-hover"}`}>
      <button
        type="button"
        data-testid={`worker-item-${worker.uuid}`}
        aria-current={chosen}
        className="flex min-w-0 flex-1 items-center gap-2.5 px-2 py-1.5 text-left"
        onClick={onChoose}
      >
        <PhaseDot phase={worker.phase} />
        <span className="min-w-0">
          <span className="block truncate font-medium">{worker.name}</span>
          <span className="block truncate text-ink-3 text-xs" title={worker.reason || worker.uuid}>
            {phaseText(worker.phase)}
            {worker.reason ? ` — ${worker.reason}` : ""}
          </span>
        </span>
      </button>
      <WorkerActions worker={worker} onDetails={onDetails} />
    </div>
  );
}

interface ActionsProps {
  worker: WorkerStatus;
  onDetails?: () => void;
}

export function WorkerActions({ worker, onDetails = () => openWorker(worker.uuid) }: ActionsProps) {
  const busy = useFleet((fleet) => fleet.busy.includes(worker.uuid)) || isMoving(worker);
  const [asking, setAsking] = useState(false);
  if (asking) {
    return (
      <span className="flex items-center gap-1 pr-1.5">
        <Button look="danger" className="h-7" onClick={() => void deleteWorker(worker.uuid)}>
          Delete for good
        </Button>
        <Button look="quiet" className="h-7 px-2" onClick={() => setAsking(false)}>
          Keep
        </Button>
      </span>
    );
  }
  return (
    <span className="flex items-center pr-1">
      {busy && <Spinner className="mr-1.5 size-3.5 text-ink-3" />}
      <IconButton
        label="Details"
        data-testid={`worker-details-${worker.uuid}`}
        className="size-7"
        onClick={onDetails}
      >
        <Settings2 size={13} />
      </IconButton>
      {isUp(worker) && (
        <IconButton label="Restart" className="size-7" onClick={() => void restartWorker(worker.uuid)}>
          <RotateCw size={13} />
        </IconButton>
      )}
      {isUp(worker) || isMoving(worker) ? (
        <IconButton label="Stop" className="size-7" onClick={() => void stopWorker(worker.uuid)}>
          <Square size={12} />
        </IconButton>
      ) : (
        <>
          <IconButton
            label="Start"
            className="size-7"
            disabled={busy}
            onClick={() => void startWorker(worker.uuid)}
          >
            <Play size={13} />
          </IconButton>
          <IconButton label="Delete" className="size-7" onClick={() => setAsking(true)}>
            <Trash2 size={13} />
          </IconButton>
        </>
      )}
    </span>
  );
}
