import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import type { Preview } from "../model/feed";
import { nodeOf, titleOf } from "../model/graph";
import { shown } from "../model/preview";
import { PreviewBody } from "../nodes/previews/PreviewBody";
import { Button } from "../parts/Button";
import { Modal } from "../parts/Modal";
import { Spinner } from "../parts/Spinner";
import { messageOf } from "../rpc/errors";
import { fullValue, shownGraph, useGraph } from "../store/graph";
import { open, useView } from "../store/view";

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
          <p className="mb-3 break-words font-medium text-danger">{error.message}</p>
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

type Loaded = { preview: Preview | null } | { failed: string } | null;

function Value({ node, port }: { node: string; port: string }) {
  const title = useTitle(node);
  const preview = useGraph((state) => state.feed.values[node]?.[port]);
  const [full, setFull] = useState<Loaded>(null);
  useEffect(() => {
    // Only a value that was cut has more to show. When the value changes, the whole of the new one is asked.
    let wanted = true;
    if (!preview?.cut) {
      setFull({ preview: preview ?? null });
      return;
    }
    setFull(null);
    fullValue(node, port).then(
      (value) => wanted && setFull({ preview: value }),
      (error: unknown) => wanted && setFull({ failed: messageOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [node, port, preview]);
  const show = full && "preview" in full && full.preview ? full.preview : preview;
  return (
    <Modal
      title={`${title} · ${port}`}
      description={preview?.type || preview?.mime}
      width="large"
      onClose={() => open(null)}
    >
      {full === null && (
        <p className="mb-2 flex items-center gap-2 text-ink-3">
          <Spinner /> Reading the whole value…
        </p>
      )}
      {full && "failed" in full && <p className="mb-2 text-danger">{full.failed} Shown is the preview.</p>}
      <div className="overflow-hidden rounded-xl border border-line bg-sunken">
        <PreviewBody shown={shown(show)} large />
      </div>
    </Modal>
  );
}
