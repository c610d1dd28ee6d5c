import { Download, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "../parts/Button";
import { exportPath, importFlow } from "../store/transfer";

/** The chosen worker's flow as a file: out, and in. */
export function FlowFile({ worker, onDone }: { worker: string; onDone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    await importFlow(worker, file);
    setBusy(false);
    onDone();
  };
  return (
    <>
      <a
        href={exportPath(worker)}
        download
        data-testid="export-flow"
        className="flex h-8 items-center gap-1.5 rounded-lg px-2 font-medium text-ink-2 hover:bg-hover hover:text-ink"
        onClick={onDone}
      >
        <Download size={14} /> Export flow
      </a>
      <Button
        look="quiet"
        busy={busy}
        data-testid="import-flow"
        className="w-full justify-start px-2"
        onClick={() => input.current?.click()}
      >
        <Upload size={14} /> Import flow…
      </Button>
      <input
        ref={input}
        type="file"
        accept=".fnw"
        aria-label="A flow to import"
        data-testid="import-file"
        className="hidden"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
    </>
  );
}
