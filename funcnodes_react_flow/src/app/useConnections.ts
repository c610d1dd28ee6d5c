import { useEffect } from "react";
import type { WorkerStatus } from "../model/fleet";
import { chosenWorker, hurryFleet, startFleet, useFleet } from "../store/fleet";
import { connect, disconnect, hurryGraph, useGraph } from "../store/graph";

/** Opens the manager once, and the chosen worker's graph while there is a process to speak to. */
export function useConnections(): void {
  const worker = useFleet(chosenWorker);
  const uuid = worker?.uuid ?? null;
  const phase = worker?.phase ?? null;

  useEffect(() => {
    void startFleet();
    const hurry = () => {
      if (document.visibilityState === "hidden") return;
      hurryFleet();
      hurryGraph();
    };
    window.addEventListener("online", hurry);
    window.addEventListener("offline", hurry);
    document.addEventListener("visibilitychange", hurry);
    return () => {
      window.removeEventListener("online", hurry);
      window.removeEventListener("offline", hurry);
      document.removeEventListener("visibilitychange", hurry);
    };
  }, []);

  useEffect(() => {
    const { worker: open } = useGraph.getState();
    if (open !== null && open !== uuid) disconnect();
    if (uuid === null || phase === null) return;
    if (phase === "running") connect(uuid);
    else if (isOver(phase)) disconnect();
    // Starting, stopping and waiting for a restart leave the graph on screen: its channel dials by itself.
    else if (open === uuid) hurryGraph();
  }, [uuid, phase]);
}

function isOver(phase: WorkerStatus["phase"]): boolean {
  return phase === "stopped" || phase === "failed" || phase === "created";
}
