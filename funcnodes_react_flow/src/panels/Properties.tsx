import { Eye, EyeOff, Group, RotateCcw, Spline } from "lucide-react";
import { Fragment } from "react";
import { failureText, heldText, isHeld, type Preview } from "../model/feed";
import { duration, type Figures } from "../model/figures";
import { isInput, keyOf, titleOf } from "../model/graph";
import { summaryOf } from "../model/library";
import { familyOf, typeLabel } from "../model/portType";
import { lineOf } from "../model/preview";
import { InputControl } from "../nodes/controls/InputControl";
import {
  useConnectedInputs,
  useNodePorts,
  useNodeRecord,
  useNodeState,
  useNodeValues,
} from "../nodes/useNode";
import { Button, IconButton } from "../parts/Button";
import { Labelled } from "../parts/Field";
import { familyColour } from "../parts/familyColour";
import { shownGraph, useGraph } from "../store/graph";
import { groupSelection } from "../store/layout";
import { removeAll, rename, setNodeOption, setPortOption, setValue } from "../store/nodes";
import { askForWire, open, useView } from "../store/view";
import type { NodeRecord, PortRecord } from "../wire/generated";
import { GroupProperties } from "./GroupProperties";
import { Written } from "./Written";

/** What can be said about the selected node; about the graph when none is selected. */
export function Properties() {
  const selected = useView((view) => view.selected);
  const [group, ...moreGroups] = useView((view) => view.selectedGroups);
  const [only] = selected;
  return (
    <div className="h-full overflow-y-auto" data-testid="properties">
      {only === undefined && group !== undefined && moreGroups.length === 0 ? (
        <GroupProperties key={group} name={group} />
      ) : only === undefined ? (
        <GraphSummary />
      ) : selected.length === 1 ? (
        <OfNode key={only} id={only} />
      ) : (
        <Several ids={selected} />
      )}
    </div>
  );
}

function GraphSummary() {
  const nodes = useGraph((state) => Object.keys(shownGraph(state).nodes).length);
  const edges = useGraph((state) => shownGraph(state).edges.length);
  const failed = useGraph(
    (state) => Object.values(state.feed.states).filter((s) => s.status === "failed" && !isHeld(s)).length,
  );
  return (
    <div className="p-4 text-ink-2">
      <h2 className="font-semibold text-ink">Graph</h2>
      <dl className="numeric mt-3 grid grid-cols-[1fr_auto] gap-y-1.5">
        <dt>Nodes</dt>
        <dd>{nodes}</dd>
        <dt>Wires</dt>
        <dd>{edges}</dd>
        {failed > 0 && (
          <>
            <dt className="text-danger">Failed</dt>
            <dd className="text-danger">{failed}</dd>
          </>
        )}
      </dl>
      <p className="mt-4 text-ink-3 text-xs">Select a node to see and change its properties.</p>
    </div>
  );
}

function Several({ ids }: { ids: readonly string[] }) {
  return (
    <div className="p-4">
      <h2 className="font-semibold">{ids.length} nodes</h2>
      <p className="mt-1 text-ink-3 text-xs">
        Drag to move them together; Ctrl+C copies them with their values.
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <Button onClick={groupSelection}>
          <Group size={14} /> Group them
        </Button>
        <Button look="danger" onClick={() => removeAll(ids, [])}>
          Delete {ids.length} nodes
        </Button>
      </div>
    </div>
  );
}

function OfNode({ id }: { id: string }) {
  const node = useNodeRecord(id);
  if (!node) return null;
  return <Form node={node} />;
}

const STATUS = {
  idle: "Idle",
  marked: "Waits for its turn",
  running: "Running",
  failed: "Failed",
  blocked: "Waits: a node before it failed",
} as const;

function Form({ node }: { node: NodeRecord }) {
  const state = useNodeState(node.id);
  const ports = useNodePorts(node);
  const values = useNodeValues(node.id);
  const connected = useConnectedInputs(node.id);
  const description = useGraph(
    (graph) => graph.classes.find((kind) => kind.id === node.class_id)?.description,
  );
  const resets = node.reset_inputs_on_trigger === true;
  return (
    <div className="space-y-5 p-4">
      <section className="space-y-3">
        <Labelled label="Name">
          <Written value={titleOf(node)} onCommit={(name) => rename(node.id, name)} />
        </Labelled>
        <Labelled label="Description">
          <Written
            value={node.description ?? ""}
            placeholder={summaryOf(description ?? "") || "What this node is for"}
            title={description}
            long
            onCommit={(text) => setNodeOption(node.id, "description", text === "" ? undefined : text)}
          />
        </Labelled>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-xs">
          <dt className="text-ink-3">Class</dt>
          <dd className="truncate text-right font-mono" title={node.class_id}>
            {node.class_id}
          </dd>
          <dt className="text-ink-3">Status</dt>
          <dd className={`text-right ${state.status === "failed" && !isHeld(state) ? "text-danger" : ""}`}>
            {isHeld(state) ? "Held" : STATUS[state.status]}
          </dd>
          <dt className="text-ink-3">Runs</dt>
          <dd className="numeric text-right">{state.run}</dd>
          {state.figures.runs > 0 && <RunFigures figures={state.figures} />}
        </dl>
        <label className="flex items-center gap-2 text-xs">
          <input
            type="checkbox"
            data-testid="reset-inputs"
            className="size-4 accent-[var(--accent)]"
            checked={resets}
            onChange={() => setNodeOption(node.id, "reset_inputs_on_trigger", !resets)}
          />
          Reset its inputs after each run
        </label>
        {state.notice !== null && <p className="text-ink-2 text-xs">{state.notice}</p>}
        {isHeld(state) && (
          <p className="rounded-lg bg-warn-soft px-3 py-2 text-warn text-xs">
            {heldText(state.error?.message ?? "")}
          </p>
        )}
        {state.error && !isHeld(state) && (
          <button
            type="button"
            className="w-full rounded-lg bg-danger-soft px-3 py-2 text-left text-danger text-xs hover:underline"
            onClick={() => open({ kind: "error", node: node.id })}
          >
            {failureText(state.error)}
          </button>
        )}
      </section>
      <Ports title="Inputs" node={node} ports={ports.filter(isInput)} values={values} connected={connected} />
      <Ports
        title="Outputs"
        node={node}
        ports={ports.filter((port) => !isInput(port))}
        values={values}
        connected={connected}
      />
      <Button look="danger" onClick={() => removeAll([node.id], [])}>
        Delete node
      </Button>
    </div>
  );
}

function RunFigures({ figures }: { figures: Figures }) {
  const rows = [
    ["Last run", duration(figures.last)],
    ["All runs", duration(figures.total)],
    ["Waited for its turn", duration(figures.queue)],
    ["Ran because", figures.reason],
  ] as const;
  return rows
    .filter(([, said]) => said !== "")
    .map(([what, said]) => (
      <Fragment key={what}>
        <dt className="text-ink-3">{what}</dt>
        <dd className="numeric truncate text-right" title={said}>
          {said}
        </dd>
      </Fragment>
    ));
}

interface PortsProps {
  title: string;
  node: NodeRecord;
  ports: readonly PortRecord[];
  values: Readonly<Record<string, Preview | null>>;
  connected: ReadonlySet<string>;
}

function Ports({ title, node, ports, values, connected }: PortsProps) {
  if (ports.length === 0) return null;
  return (
    <section>
      <h3 className="mb-1.5 font-medium text-ink-3 text-xs">{title}</h3>
      <ul className="divide-y divide-line rounded-lg border border-line">
        {ports.map((port) => (
          <li key={port.id} className="p-2.5">
            <PortHead node={node} port={port} connected={connected.has(port.id)} />
            {isInput(port) && !connected.has(port.id) ? (
              <div className="mt-1.5 flex">
                <InputControl node={node.id} port={port} where="panel" />
              </div>
            ) : (
              <button
                type="button"
                className="numeric mt-1 block w-full truncate text-left font-mono text-ink-2 text-xs hover:text-ink"
                onClick={() => open({ kind: "value", node: node.id, port: keyOf(node, port) })}
              >
                {lineOf(values[keyOf(node, port)]) || "no value"}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function PortHead({ node, port, connected }: { node: NodeRecord; port: PortRecord; connected: boolean }) {
  const hidden = port.hidden === true;
  return (
    <div className="flex items-center gap-1.5" title={port.description ?? undefined}>
      <span
        className="size-2 shrink-0 rounded-full"
        style={{ background: familyColour(familyOf(port.type)) }}
      />
      <span className="max-w-[60%] shrink-0 truncate font-medium" title={port.name || port.id}>
        {port.name || port.id}
      </span>
      <span className="min-w-0 truncate text-ink-3 text-xs" title={typeLabel(port.type)}>
        {typeLabel(port.type)}
      </span>
      <span className="ml-auto flex">
        {isInput(port) && port.value !== undefined && !connected && (
          <IconButton
            label="Back to the default"
            className="size-6"
            onClick={() => setValue(node.id, port.id, undefined)}
          >
            <RotateCcw size={12} />
          </IconButton>
        )}
        <IconButton
          label={`Connect ${port.name || port.id}…`}
          data-testid={`connect-${node.id}-${keyOf(node, port)}`}
          className="size-6"
          onClick={() => askForWire({ node: node.id, port: keyOf(node, port) })}
        >
          <Spline size={12} />
        </IconButton>
        <IconButton
          label={
            connected ? "A connected port stays visible" : hidden ? "Show on the node" : "Hide on the node"
          }
          className="size-6"
          disabled={connected}
          onClick={() => setPortOption(node.id, keyOf(node, port), "hidden", hidden ? undefined : true)}
        >
          {hidden ? <EyeOff size={12} /> : <Eye size={12} />}
        </IconButton>
      </span>
    </div>
  );
}
