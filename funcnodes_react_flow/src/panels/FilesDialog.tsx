import { Upload } from "lucide-react";
import { Tabs } from "radix-ui";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { Button } from "../parts/Button";
import { Modal } from "../parts/Modal";
import { useFileChanges } from "../store/fileChanges";
import { loadFiles, loadTrash, uploadAll, useFiles } from "../store/files";
import { useGraph } from "../store/graph";
import { openDialog } from "../store/view";
import { FileList } from "./FileList";
import { TrashList } from "./TrashList";
import { Uploads } from "./Uploads";

/** The files of the chosen worker: brought here, taken away, renamed, deleted and brought back. */
export function FilesDialog() {
  const { files, trash } = useFiles();
  const changes = useFileChanges((state) => state.count);
  const isOpen = useGraph((graph) => graph.state === "open");
  const [over, setOver] = useState(false);
  const [tab, setTab] = useState<string>("files");
  const chooser = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change is the reason to read again.
  useEffect(() => {
    if (!isOpen) return;
    void loadFiles();
    void loadTrash();
  }, [changes, isOpen]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void uploadAll([...event.dataTransfer.files]);
  };
  return (
    <Modal
      title="Files"
      description="Files of this worker. Nodes find them by the names you see here."
      width="medium"
      onClose={() => openDialog(null)}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is one way more; the button opens the same. */}
      <div
        data-testid="files"
        className={`-m-1.5 rounded-xl p-1.5 ${over ? "outline-2 outline-accent outline-dashed" : ""}`}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Tabs.Root value={tab} onValueChange={setTab}>
          <div className="mb-3 flex items-center gap-1 border-line border-b">
            <Tabs.List className="-mb-px flex flex-1 gap-1" aria-label="Files">
              <Tab value="files" name="Files" count={files?.length} />
              <Tab value="trash" name="Trash" count={trash?.length} />
            </Tabs.List>
            <input
              ref={chooser}
              type="file"
              multiple
              aria-label="Files to upload"
              data-testid="files-chooser"
              className="hidden"
              onChange={(event) => {
                void uploadAll([...(event.target.files ?? [])]);
                event.target.value = "";
              }}
            />
            <Button look="primary" className="mb-1.5" onClick={() => chooser.current?.click()}>
              <Upload size={14} /> Upload
            </Button>
          </div>
          <Uploads />
          <Tabs.Content value="files" className="outline-none">
            <FileList />
          </Tabs.Content>
          <Tabs.Content value="trash" className="outline-none">
            <TrashList />
          </Tabs.Content>
        </Tabs.Root>
      </div>
    </Modal>
  );
}

function Tab({ value, name, count }: { value: string; name: string; count: number | undefined }) {
  return (
    <Tabs.Trigger
      value={value}
      className="border-transparent border-b-2 px-3 py-1.5 font-medium text-ink-3 hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
    >
      {name}
      {count ? <span className="numeric ml-1.5 text-ink-3 text-xs">{count}</span> : null}
    </Tabs.Trigger>
  );
}
