/** Workers as the manager lists them. Pure. */
import { isObject } from "../rpc/json";

export type Phase =
  | "created"
  | "provisioning"
  | "starting"
  | "running"
  | "stopping"
  | "stopped"
  | "waiting"
  | "failed";

export interface WorkerStatus {
  uuid: string;
  name: string;
  phase: Phase;
  reason: string;
  envPath: string | null;
  runningNode: { node: string; since: number } | null;
  deaf: boolean;
  /** Nodes that are kept from running, since their runs ended the worker twice. */
  held: readonly string[];
  /** It was started without running anything. */
  safe: boolean;
  autostart: string;
}

export interface Notice {
  workerid: string | null;
  message: string;
  status: "info" | "success" | "error";
  progress: number;
}

const PHASES: readonly Phase[] = [
  "created",
  "provisioning",
  "starting",
  "running",
  "stopping",
  "stopped",
  "waiting",
  "failed",
];

/** Running first, then by name. */
export function toWorkers(answer: unknown): readonly WorkerStatus[] {
  const workers = isObject(answer) && Array.isArray(answer.workers) ? answer.workers : [];
  return workers
    .flatMap(toWorker)
    .sort(
      (a, b) =>
        Number(isUp(b)) - Number(isUp(a)) || a.name.localeCompare(b.name) || a.uuid.localeCompare(b.uuid),
    );
}

function toWorker(value: unknown): WorkerStatus[] {
  if (!isObject(value) || typeof value.uuid !== "string") return [];
  const running = isObject(value.running_node) ? value.running_node : null;
  return [
    {
      uuid: value.uuid,
      name: typeof value.name === "string" && value.name !== "" ? value.name : value.uuid,
      phase: PHASES.find((phase) => phase === value.phase) ?? "stopped",
      reason: typeof value.reason === "string" ? value.reason : "",
      envPath: typeof value.env_path === "string" ? value.env_path : null,
      runningNode:
        running && typeof running.node === "string"
          ? { node: running.node, since: typeof running.since === "number" ? running.since : 0 }
          : null,
      deaf: value.deaf === true,
      held: Array.isArray(value.held) ? value.held.filter((node) => typeof node === "string") : [],
      safe: value.safe === true,
      autostart: typeof value.autostart === "string" ? value.autostart : "never",
    },
  ];
}

export function isUp(worker: WorkerStatus): boolean {
  return worker.phase === "running";
}

export function isMoving(worker: WorkerStatus): boolean {
  return ["provisioning", "starting", "stopping", "waiting"].includes(worker.phase);
}

export function phaseText(phase: Phase): string {
  return phase === "provisioning"
    ? "building its environment"
    : phase === "waiting"
      ? "restarting soon"
      : phase;
}

/** Reads a progress message; null for "back to normal" (an empty message). */
export function toNotice(value: unknown): Notice | null {
  if (!isObject(value) || typeof value.message !== "string" || value.message === "") return null;
  const status = value.status === "error" || value.status === "success" ? value.status : "info";
  return {
    workerid: typeof value.workerid === "string" ? value.workerid : null,
    message: value.message,
    status,
    progress: typeof value.progress === "number" ? Math.min(1, Math.max(0, value.progress)) : 0,
  };
}
