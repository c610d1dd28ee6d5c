import { useEffect, useState } from "react";
import { chosenWorker, useFleet } from "../store/fleet";
import { useGraph } from "../store/graph";

/** An edit is on disk within milliseconds; one that is not answered for this long is worth a word. */
const SLOW_MS = 1_000;

type State = "connected" | "saving" | "connecting" | "lost" | "deaf" | "unauthorized";

const LOOK: Record<State, { dot: string; text: string }> = {
  connected: { dot: "bg-ok", text: "Connected" },
  saving: { dot: "bg-warn animate-pulse", text: "Saving…" },
  connecting: { dot: "bg-warn animate-pulse", text: "Connecting…" },
  lost: { dot: "bg-warn animate-pulse", text: "Reconnecting…" },
  deaf: { dot: "bg-warn animate-pulse", text: "Worker busy" },
  unauthorized: { dot: "bg-danger", text: "No session" },
};

/** Whether what one sees is what is: the state of manager and worker in one word. */
export function ConnectionState() {
  const connection = useConnection();
  const waiting = useGraph((graph) => graph.history.pending.length);
  const slow = useLasts(waiting > 0 && connection === "connected", SLOW_MS);
  const state = slow ? "saving" : connection;
  const look = LOOK[state];
  return (
    <span
      data-testid="connection-state"
      data-state={state}
      role="status"
      className="flex h-8 items-center gap-1.5 whitespace-nowrap px-1 text-ink-3 text-xs"
      title={look.text}
    >
      <span className={`size-2 rounded-full ${look.dot}`} />
      <span className={state === "connected" ? "hidden lg:inline" : ""}>{look.text}</span>
      {waiting > 0 && state !== "connected" && <span className="numeric">· {waiting} to send</span>}
    </span>
  );
}

/** Whether this has been so for a while. */
function useLasts(is: boolean, forMs: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!is) return setLasts(false);
    const timer = setTimeout(() => setLasts(true), forMs);
    return () => clearTimeout(timer);
  }, [is, forMs]);
  return is && lasts;
}

function useConnection(): State {
  const manager = useFleet((fleet) => fleet.state);
  const stranger = useFleet((fleet) => fleet.session?.session === false);
  const deaf = useFleet((fleet) => chosenWorker(fleet)?.deaf === true);
  const opened = useGraph((graph) => graph.worker !== null);
  const worker = useGraph((graph) => graph.state);
  const hadGraph = useGraph((graph) => graph.ready);
  if ((stranger && manager !== "lost") || manager === "unauthorized" || worker === "unauthorized")
    return "unauthorized";
  if (deaf) return "deaf";
  if (opened && worker === "lost") return "lost";
  if (manager === "lost") return "lost";
  if (manager === "open" && (!opened || worker === "open")) return "connected";
  return hadGraph ? "lost" : "connecting";
}
