import { Square, TriangleAlert, Zap } from "lucide-react";
import { useEffect, useState } from "react";
import { nodeOf, titleOf } from "../model/graph";
import { Button } from "../parts/Button";
import { chosenWorker, killWorker, restartWorker, useFleet } from "../store/fleet";
import { interrupt, shownGraph, useGraph } from "../store/graph";
import { BANNER } from "./Banner";

/** A worker that does not answer: which node holds it, since when, and what helps. */
export function DeafBanner() {
  const worker = useFleet(chosenWorker);
  const now = useNow(worker?.deaf === true);
  const running = worker?.runningNode ?? null;
  const title = useGraph((state) => {
    const node = running && nodeOf(shownGraph(state), running.node);
    return node ? titleOf(node) : running?.node;
  });
  if (!worker?.deaf) return null;
  const seconds = running ? Math.max(0, Math.round(now / 1000 - running.since)) : null;
  return (
    <div role="alert" data-testid="deaf-banner" className={BANNER}>
      <TriangleAlert size={18} className="shrink-0 text-warn" />
      <p className="min-w-48 flex-1">
        <span className="font-medium">
          {title ? `“${title}” keeps this worker from answering` : "This worker does not answer"}
          {seconds === null ? "" : ` for ${seconds} s`}.
        </span>
        <span className="block text-ink-3 text-xs">
          Every change so far is saved. Killing it starts it again with its graph.
        </span>
      </p>
      <div className="flex gap-2">
        <Button onClick={() => void interrupt(running?.node ?? null)}>
          <Square size={12} /> Interrupt
        </Button>
        <Button onClick={() => void restartWorker(worker.uuid)}>Restart</Button>
        <Button look="danger" data-testid="kill-worker" onClick={() => void killWorker(worker.uuid)}>
          <Zap size={13} /> Kill and restart
        </Button>
      </div>
    </div>
  );
}

function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
