import { FolderOpen, Upload } from "lucide-react";
import { Popover } from "radix-ui";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { matching, sizeText } from "../../model/files";
import { Bar } from "../../parts/Bar";
import { Button } from "../../parts/Button";
import { FIELD } from "../../parts/Field";
import { loadFiles, upload, useFiles } from "../../store/files";
import { openDialog } from "../../store/view";
import type { ControlProps } from "./props";
import { TextControl } from "./TextControl";

const MOST_SHOWN = 200;

/** The place of a file: typed, chosen among the worker's files, or a file dropped here, which is uploaded. */
export function FileControl(props: ControlProps) {
  const { onCommit, testId, label } = props;
  const uploading = useFiles((state) => state.uploading[testId]);
  const [over, setOver] = useState(false);
  const [open, setOpen] = useState(false);

  const send = async (file: File | undefined) => {
    const path = file && (await upload(testId, file));
    if (path) onCommit(path);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    void send(event.dataTransfer.files[0]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one way more; the button opens the same.
    <div
      data-testid={`${testId}-drop`}
      className={`flex min-w-0 flex-1 items-center gap-1 rounded-md ${over ? "outline-2 outline-accent outline-dashed" : ""}`}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {uploading?.phase === "running" ? (
        <div className="min-w-0 flex-1" data-testid={`${testId}-progress`}>
          <p className="truncate text-ink-3 text-xs">
            {uploading.name} · {Math.round(uploading.fraction * 100)} %
          </p>
          <Bar fraction={uploading.fraction} />
        </div>
      ) : (
        <TextControl {...props} placeholder={over ? "drop to upload" : "choose a file…"} />
      )}
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger
          data-testid={`${testId}-choose`}
          aria-label={`Choose a file for ${label}`}
          title="Choose a file"
          className="nodrag grid size-7 shrink-0 place-items-center rounded-md border border-line bg-surface text-ink-2 hover:bg-hover hover:text-ink"
        >
          <FolderOpen size={14} />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={4}
            collisionPadding={8}
            className="rise z-50 flex w-[min(22rem,calc(100vw-1rem))] flex-col rounded-xl border border-line bg-raised p-2 shadow-float"
          >
            <Picker
              onPick={(path) => {
                setOpen(false);
                onCommit(path);
              }}
              onFile={(file) => {
                setOpen(false);
                void send(file);
              }}
            />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}

function Picker({
  onPick,
  onFile,
}: {
  onPick: (path: string) => void;
  onFile: (file: File | undefined) => void;
}) {
  const files = useFiles((state) => state.files);
  const [typed, setTyped] = useState("");
  const chooser = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void loadFiles();
  }, []);
  const found = matching(files ?? [], typed);
  return (
    <>
      <input
        aria-label="Search files"
        placeholder="Search files…"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className={`h-8 ${FIELD}`}
      />
      <ul className="my-2 max-h-64 overflow-auto" data-testid="file-list">
        {found.slice(0, MOST_SHOWN).map((file) => (
          <li key={file.path}>
            <button
              type="button"
              className="flex w-full items-center gap-3 rounded-md px-2 py-1 text-left hover:bg-hover"
              onClick={() => onPick(file.path)}
            >
              <span className="min-w-0 flex-1 truncate">{file.path}</span>
              <span className="numeric shrink-0 text-ink-3 text-xs">{sizeText(file.size)}</span>
            </button>
          </li>
        ))}
        {found.length === 0 && (
          <li className="px-2 py-3 text-ink-3">
            {files === null
              ? "Reading…"
              : files.length === 0
                ? "No files yet. Upload one, or drop it on the input."
                : "No file has this name."}
          </li>
        )}
        {found.length > MOST_SHOWN && (
          <li className="px-2 py-1 text-ink-3">… {found.length - MOST_SHOWN} more</li>
        )}
      </ul>
      <input
        ref={chooser}
        type="file"
        className="hidden"
        data-testid="file-chooser"
        onChange={(event) => onFile(event.target.files?.[0])}
      />
      <Button onClick={() => chooser.current?.click()}>
        <Upload size={14} /> Upload a file
      </Button>
      <Button look="quiet" className="mt-1" onClick={() => openDialog("files")}>
        All files, and the trash
      </Button>
    </>
  );
}
