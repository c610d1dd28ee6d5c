import { Archive, Ban, CircleAlert, Hand, Info, Play, Square, Unplug } from "lucide-react";
import { memo, useState } from "react";
import { failureText, heldText, isHeld, type NodeState } from "../model/feed";
import { sentenceOf } from "../model/figures";
import { isInput, keyOf, titleOf } from "../model/graph";
import { Bar } from "../parts/Bar";
import { Spinner } from "../parts/Spinner";
import { interrupt, runNode } from "../store/graph";
import { rename } from "../store/nodes";
import { open } from "../store/view";
import type { NodeRecord } from "../wire/generated";
import { InputRow, OutputRow } from "./PortRow";
import { BigPreview } from "./previews/BigPreview";
import {
  useConnectedInputs,
  useIsKnown,
  useNodePorts,
  useNodeRecord,
  useNodeState,
  useNodeValues,
} from "./useNode";

const RING = {
  idle: "border-line",
  marked: "border-line-strong",
  running: "border-accent",
  failed: "border-danger",
  blocked: "border-warn",
} as const;

/** One node on the canvas. It reads its own part of the store, so an edit elsewhere does not draw it again. */
export const NodeCard = memo(function NodeCard({ id, selected }: { id: string; selected: boolean }) {
  const node = useNodeRecord(id);
  return node ? <Card node={node} selected={selected} /> : null;
});

function Card({ node, selected }: { node: NodeRecord; selected: boolean }) {
  const state = useNodeState(node.id);
  const values = useNodeValues(node.id);
  const ports = useNodePorts(node).filter((port) => port.hidden !== true);
  const connected = useConnectedInputs(node.id);
  const known = useIsKnown(node.class_id);
  return (
    <article
      data-testid={`node-${node.id}`}
      data-class-id={node.class_id}
      data-status={state.status}
      aria-label={titleOf(node)}
      className={`group/node w-60 rounded-xl border bg-surface shadow-node transition-[border-color,box-shadow] ${isHeld(state) ? RING.blocked : RING[state.status]} ${
        selected ? "ring-2 ring-accent/45" : ""
      } ${known ? "" : "border-dashed"}`}
    >
      <Header node={node} state={state} known={known} />
      {(state.status === "running" || state.progress) && <Running state={state} />}
      <div className="pb-1.5">
        {ports.filter(isInput).map((port) => (
          <InputRow
            key={port.id}
            node={node.id}
            port={port}
            connected={connected.has(port.id)}
            preview={values[port.id]}
          />
        ))}
        {ports
          .filter((port) => !isInput(port))
          .map((port) => (
            <OutputRow
              key={port.id}
              node={node.id}
              port={port}
              place={keyOf(node, port)}
              preview={values[keyOf(node, port)]}
            />
          ))}
      </div>
      <BigPreview node={node} ports={ports} values={values} />
      <Footer node={node} state={state} />
    </article>
  );
}

function Header({ node, state, known }: { node: NodeRecord; state: NodeState; known: boolean }) {
  return (
    <header className="flex h-9 items-center gap-1.5 border-line border-b pr-1.5 pl-3">
      {!known && (
        <span title="The module with this node class is not installed. Nothing of the node is lost.">
          <Unplug size={13} className="text-warn" />
        </span>
      )}
      <Title node={node} history={sentenceOf(state.figures)} />
      {state.kept && (
        <span
          role="img"
          data-testid={`kept-${node.id}`}
          aria-label="Kept"
          title="Kept from before the worker started: it was not computed again, since nothing it depends on differs."
          className="text-ink-3"
        >
          <Archive size={12} />
        </span>
      )}
      {state.status === "running" ? (
        <button
          type="button"
          title="Interrupt: end this run"
          aria-label="Interrupt this node"
          data-testid={`interrupt-${node.id}`}
          className="nodrag flex h-6 items-center gap-1.5 rounded-md bg-accent-soft px-1.5 text-accent hover:bg-danger-soft hover:text-danger"
          onClick={() => void interrupt(node.id)}
        >
          <Spinner className="size-3" />
          <Square size={9} fill="currentColor" />
        </button>
      ) : (
        <button
          type="button"
          title={["Run this node", sentenceOf(state.figures)].filter(Boolean).join("\n")}
          aria-label="Run this node"
          className="nodrag grid size-6 place-items-center rounded-md text-ink-3 opacity-0 transition-opacity hover:bg-hover hover:text-ink focus-visible:opacity-100 group-hover/node:opacity-100"
          onClick={() => void runNode(node.id)}
        >
          <Play size={12} />
        </button>
      )}
    </header>
  );
}

/** The name; a double click lets it be written. */
function Title({ node, history }: { node: NodeRecord; history: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  const title = titleOf(node);
  const finish = () => {
    if (draft !== null && draft !== title) rename(node.id, draft);
    setDraft(null);
  };
  if (draft !== null) {
    return (
      <input
        // biome-ignore lint/a11y/noAutofocus: it appears because the user asked to write here.
        autoFocus
        aria-label="Name of the node"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
          if (event.key === "Escape") setDraft(null);
        }}
        className="nodrag min-w-0 flex-1 rounded bg-sunken px-1 font-semibold outline-none ring-1 ring-accent"
      />
    );
  }
  return (
    <button
      type="button"
      tabIndex={-1}
      className="min-w-0 flex-1 cursor-grab truncate text-left outline-none font-semibold tracking-[-0.01em]"
      title={[node.class_id, node.description, history, "Double click to rename"].filter(Boolean).join("\n")}
      onDoubleClick={() => setDraft(title)}
    >
      {title}
    </button>
  );
}

function Running({ state }: { state: NodeState }) {
  return (
    <div className="px-3 pt-2">
      <Bar fraction={state.progress?.fraction ?? null} />
      {state.progress && <p className="numeric mt-1 truncate text-ink-3 text-xs">{state.progress.text}</p>}
    </div>
  );
}

function Footer({ node, state }: { node: NodeRecord; state: NodeState }) {
  if (isHeld(state) && state.error) {
    return (
      <p
        data-testid={`node-kept-back-${node.id}`}
        title={state.error.message}
        className="flex items-start gap-1.5 rounded-b-[11px] border-warn/30 border-t bg-warn-soft px-3 py-1.5 text-warn text-xs"
      >
        <Hand size={12} className="mt-0.5 shrink-0" />
        <span className="line-clamp-3 min-w-0 break-words">{heldText(state.error.message)}</span>
      </p>
    );
  }
  if (state.status === "failed" && state.error) {
    return (
      <button
        type="button"
        data-testid={`node-error-${node.id}`}
        title="Show the traceback"
        className="nodrag flex w-full items-start gap-1.5 rounded-b-[11px] border-danger/30 border-t bg-danger-soft px-3 py-2 text-left text-danger text-xs hover:underline"
        onClick={() => open({ kind: "error", node: node.id })}
      >
        <CircleAlert size={13} className="mt-px shrink-0" />
        <span className="line-clamp-3 min-w-0 break-words">{failureText(state.error)}</span>
      </button>
    );
  }
  if (state.status === "blocked") {
    return (
      <p className="flex items-center gap-1.5 rounded-b-[11px] border-warn/30 border-t bg-warn-soft px-3 py-1.5 text-warn text-xs">
        <Ban size={12} className="shrink-0" />
        <BlockedBy node={state.blockedBy} />
      </p>
    );
  }
  if (state.notice !== null) {
    return (
      <p
        data-testid={`node-notice-${node.id}`}
        title={state.notice}
        className="flex items-start gap-1.5 rounded-b-[11px] border-line border-t bg-sunken px-3 py-1.5 text-ink-2 text-xs"
      >
        <Info size={12} className="mt-0.5 shrink-0" />
        <span className="line-clamp-2 min-w-0 break-words">{state.notice}</span>
      </p>
    );
  }
  return null;
}

function BlockedBy({ node }: { node: string | null }) {
  const failed = useNodeRecord(node ?? "");
  return (
    <span className="truncate">
      {failed ? `Waits: ${titleOf(failed)} failed` : "Waits: a node before it failed"}
    </span>
  );
}
