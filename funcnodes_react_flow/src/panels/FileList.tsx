import { Download, File, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { type FileEntry, matching, sizeText } from "../model/files";
import { IconButton } from "../parts/Button";
import { FIELD, TextField } from "../parts/Field";
import { Spinner } from "../parts/Spinner";
import { deleteFile, downloadUrl, renameFile, useFiles } from "../store/files";
import { when } from "./when";

const MOST_SHOWN = 500;

export function FileList() {
  const { files, cut } = useFiles();
  const [typed, setTyped] = useState("");
  const [renamed, setRenamed] = useState<string | null>(null);
  if (files === null) return <Spinner />;
  const found = matching(files, typed);
  return (
    <>
      {files.length > 8 && (
        <TextField
          aria-label="Search files"
          placeholder="Search files…"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="mb-2"
        />
      )}
      <ul className="divide-y divide-line" data-testid="files-list">
        {found.slice(0, MOST_SHOWN).map((file) => (
          <li
            key={file.path}
            data-testid={`file-${file.path}`}
            className="flex min-h-10 items-center gap-3 py-1"
          >
            <File size={15} className="shrink-0 text-ink-3" />
            {renamed === file.path ? (
              <Renaming file={file} onDone={() => setRenamed(null)} />
            ) : (
              <Row file={file} onRename={() => setRenamed(file.path)} />
            )}
          </li>
        ))}
      </ul>
      {files.length === 0 && (
        <p className="py-10 text-center text-ink-3">No files yet. Upload some, or drop them here.</p>
      )}
      {files.length > 0 && found.length === 0 && (
        <p className="py-10 text-center text-ink-3">No file has this name.</p>
      )}
      {(cut || found.length > MOST_SHOWN) && (
        <p className="py-2 text-ink-3 text-xs">
          There are more. Search, or look into the worker's folder itself.
        </p>
      )}
    </>
  );
}

function Row({ file, onRename }: { file: FileEntry; onRename: () => void }) {
  const cut = file.path.lastIndexOf("/") + 1;
  return (
    <>
      <span className="min-w-0 flex-1 truncate" title={file.path}>
        <span className="text-ink-3">{file.path.slice(0, cut)}</span>
        <span className="font-medium">{file.path.slice(cut)}</span>
      </span>
      <span className="numeric w-20 shrink-0 text-right text-ink-3 text-xs">{sizeText(file.size)}</span>
      <span className="numeric w-24 shrink-0 whitespace-nowrap text-right text-ink-3 text-xs max-md:hidden">
        {when(file.modified)}
      </span>
      <span className="flex shrink-0">
        <a
          href={downloadUrl(file.path)}
          download={file.path.slice(cut)}
          aria-label={`Download ${file.path}`}
          title="Download"
          className="inline-grid size-8 place-items-center rounded-lg text-ink-2 hover:bg-hover hover:text-ink"
        >
          <Download size={14} />
        </a>
        <IconButton label={`Rename ${file.path}`} title="Rename or move" onClick={onRename}>
          <Pencil size={14} />
        </IconButton>
        <IconButton
          label={`Delete ${file.path}`}
          title="Move to the trash"
          onClick={() => void deleteFile(file.path)}
        >
          <Trash2 size={14} />
        </IconButton>
      </span>
    </>
  );
}

function Renaming({ file, onDone }: { file: FileEntry; onDone: () => void }) {
  const [draft, setDraft] = useState(file.path);
  const finish = () => {
    const to = draft.trim();
    if (to !== "" && to !== file.path) void renameFile(file.path, to);
    onDone();
  };
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: it appears because the user asked to write here.
      autoFocus
      aria-label="New name"
      title="A / puts it into a folder"
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={({ target }) => {
        const dot = target.value.lastIndexOf(".");
        target.setSelectionRange(target.value.lastIndexOf("/") + 1, dot > 0 ? dot : target.value.length);
      }}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish();
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.nativeEvent.stopImmediatePropagation();
        onDone();
      }}
      className={`h-8 ${FIELD}`}
    />
  );
}
