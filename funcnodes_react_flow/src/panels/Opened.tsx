import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { failureText } from "../model/feed";
import { nodeOf, titleOf } from "../model/graph";
import { Button } from "../parts/Button";
import { Modal } from "../parts/Modal";
import { shownGraph, useGraph } from "../store/graph";
import { open, useView } from "../store/view";
import { OpenedValue } from "./OpenedValue";

/** A value in full, or a failure with its traceback. */
export function Opened() {
  const opened = useView((view) => view.opened);
  if (!opened) return null;
  return opened.kind === "error" ? (
    <Failure node={opened.node} />
  ) : (
    <Value key={`${opened.node}/${opened.port}`} node={opened.node} port={opened.port} />
  );
}

function useTitle(id: string): string {
  return useGraph((state) => {
    const node = nodeOf(shownGraph(state), id);
    return node ? titleOf(node) : id;
  });
}

function Failure({ node }: { node: string }) {
  const error = useGraph((state) => state.feed.states[node]?.error ?? null);
  const title = useTitle(node);
  const text = error
    ? error.traceback.map((line) => (line.endsWith("\n") ? line : `${line}\n`)).join("")
    : "";
  return (
    <Modal title={`${title} failed`} width="large" onClose={() => open(null)}>
      {error ? (
        <>
          <p className="mb-3 break-words font-medium text-danger">{failureText(error)}</p>
          <div className="relative">
            <pre
              data-testid="traceback"
              className="max-h-[58vh] overflow-auto rounded-xl border border-line bg-sunken p-4 font-mono text-xs leading-5"
            >
              {text || "No traceback was sent."}
            </pre>
            <div className="absolute top-2 right-2">
              <CopyButton text={`${error.message}\n${text}`} />
            </div>
          </div>
        </>
      ) : (
        <p className="text-ink-2">This node has run without an error since.</p>
      )}
    </Modal>
  );
}

function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      className="h-7"
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => setCopied(true));
      }}
    >
      {copied ? <Check size={13} className="text-ok" /> : <Copy size={13} />}
      {copied ? "Copied" : "Copy"}
    </Button>
  );
}

function Value({ node, port }: { node: string; port: string }) {
  const title = useTitle(node);
  return (
    <Modal title={`${title} · ${port}`} width="large" onClose={() => open(null)}>
      <OpenedValue node={node} port={port} title={title} />
    </Modal>
  );
}
