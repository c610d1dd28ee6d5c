import type { Phase } from "../model/fleet";

const COLOUR: Record<Phase, string> = {
  created: "bg-ink-3",
  provisioning: "bg-accent animate-pulse",
  starting: "bg-accent animate-pulse",
  running: "bg-ok",
  stopping: "bg-warn animate-pulse",
  stopped: "bg-line-strong",
  waiting: "bg-warn animate-pulse",
  failed: "bg-danger",
};

export function PhaseDot({ phase }: { phase: Phase }) {
  return <span className={`size-2 shrink-0 rounded-full ${COLOUR[phase]}`} />;
}
