import { useReactFlow } from "@xyflow/react";
import { Crosshair, ShieldQuestion, TriangleAlert } from "lucide-react";
import { nodeOf, titleOf } from "../model/graph";
import { Button } from "../parts/Button";
import { chosenWorker, restartWorker, useFleet } from "../store/fleet";
import { runNode, shownGraph, useGraph } from "../store/graph";
import { openWorker } from "../store/view";
import { BANNER } from "./Banner";

const NONE: readonly string[] = [];

/** Nodes that are kept from running since their runs ended the worker twice, and safe mode, which runs none. */
export function NodesHeldBanner() {
  const worker = useFleet(chosenWorker);
  const isOpen = useGraph((graph) => graph.state === "open");
  const held = worker?.held ?? NONE;
  if (!worker || !isOpen) return null;
  return (
    <>
      {worker.safe && (
        <div role="status" data-testid="safe-banner" className={BANNER}>
          <ShieldQuestion size={18} className="shrink-0 text-warn" />
          <p className="min-w-48 flex-1">
            <span className="font-medium">Safe mode: nothing in this graph runs by itself.</span>
            <span className="block text-ink-3 text-xs">
              A node that you change or run goes on from there. Restart the worker to run all of it.
            </span>
          </p>
          <Button onClick={() => void restartWorker(worker.uuid)}>Restart and run</Button>
        </div>
      )}
      {held.map((node) => (
        <HeldNode key={node} node={node} worker={worker.uuid} />
      ))}
    </>
  );
}

function HeldNode({ node, worker }: { node: string; worker: string }) {
  const flow = useReactFlow();
  const title = useGraph((state) => {
    const record = nodeOf(shownGraph(state), node);
    return record ? titleOf(record) : null;
  });
  // It was deleted: there is nothing left to let go.
  if (title === null) return null;
  return (
    <div role="alert" data-testid={`node-held-${node}`} className={BANNER}>
      <TriangleAlert size={18} className="shrink-0 text-warn" />
      <p className="min-w-48 flex-1">
        <span className="font-medium">“{title}” is held: this worker ended twice while it ran.</span>
        <span className="block text-ink-3 text-xs">
          Everything beside it runs. Change it, and it runs again by itself; or let it go as it is.
        </span>
      </p>
      <div className="flex flex-wrap gap-2">
        <Button
          onClick={() =>
            void flow.fitView({ nodes: [{ id: node }], maxZoom: 1, duration: 300, padding: 0.5 })
          }
        >
          <Crosshair size={13} /> Show it
        </Button>
        <Button onClick={() => openWorker(worker, "How it ended")}>What happened</Button>
        <Button look="danger" data-testid={`let-go-${node}`} onClick={() => void runNode(node)}>
          Let it go
        </Button>
      </div>
    </div>
  );
}
