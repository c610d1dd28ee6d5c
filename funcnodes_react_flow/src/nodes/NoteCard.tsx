import { NodeResizer } from "@xyflow/react";
import { memo, useLayoutEffect, useRef, useState } from "react";
import { noteOf, SMALLEST_NOTE } from "../model/notes";
import { tintStyle } from "../parts/tint";
import { shownGraph, useGraph } from "../store/graph";
import { writeText } from "../store/layout";
import { startWriting, useView } from "../store/view";

const PREFIX = "note:";

/** A text on the canvas. A double click lets it be written; its edges let it be resized. */
export const NoteCard = memo(function NoteCard({ id, selected }: { id: string; selected: boolean }) {
  const noteId = id.slice(PREFIX.length);
  const text = useGraph((state) => noteOf(shownGraph(state).properties, noteId)?.text ?? "");
  const tint = useGraph((state) => noteOf(shownGraph(state).properties, noteId)?.tint ?? "yellow");
  const writing = useView((view) => view.writing === noteId);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the menu of the canvas writes it as well.
    <div
      data-testid={`note-${noteId}`}
      style={tintStyle(tint)}
      className={`h-full w-full overflow-hidden rounded-lg border border-[var(--tint-line)] bg-[var(--tint-soft)] shadow-node ${
        selected ? "ring-2 ring-accent/45" : ""
      }`}
      onDoubleClick={() => startWriting(noteId)}
    >
      <NodeResizer
        isVisible={selected && !writing}
        minWidth={SMALLEST_NOTE.width}
        minHeight={SMALLEST_NOTE.height}
        lineClassName="note-line"
        handleClassName="note-handle"
      />
      {writing ? (
        <Writing
          text={text}
          onDone={(written) => {
            startWriting(null);
            writeText(noteId, written);
          }}
        />
      ) : (
        <p className="h-full overflow-hidden whitespace-pre-wrap break-words px-3 py-2 text-ink">
          {text || <span className="text-ink-3">Double click to write</span>}
        </p>
      )}
    </div>
  );
});

function Writing({ text, onDone }: { text: string; onDone: (text: string) => void }) {
  const [draft, setDraft] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  const given = useRef(false);
  const finish = (written: string) => {
    if (given.current) return;
    given.current = true;
    onDone(written);
  };
  useLayoutEffect(() => {
    // Behind the click or key that asked for it, which would take the cursor away again.
    const frame = requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <textarea
      ref={field}
      aria-label="Text of the note"
      value={draft}
      placeholder="Write a note"
      onChange={(event) => setDraft(event.target.value)}
      onBlur={() => finish(draft)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") finish(text);
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) finish(draft);
      }}
      className="nodrag nowheel h-full w-full resize-none bg-transparent px-3 py-2 text-ink outline-none placeholder:text-ink-3"
    />
  );
}
