import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { type RefObject, useMemo, useRef, useState } from "react";
import { searchNodes, summaryOf } from "../model/library";
import { familyOf } from "../model/portType";
import { familyColour } from "../parts/familyColour";
import { SearchField } from "../parts/SearchField";
import { useReturnFocus } from "../parts/useReturnFocus";
import { useGraph } from "../store/graph";
import { addNote, groupSelection } from "../store/layout";
import { addNodeOf } from "../store/nodes";
import { closePalette, focusOn, openDialog, setTheme, useView } from "../store/view";

const MOST = 40;

/** Quick add: type a few letters, Enter, and the node stands where it was asked for. */
export function Palette() {
  const isOpen = useView((view) => view.paletteOpen);
  return isOpen && <Asked />;
}

function Asked() {
  const at = useView((view) => view.paletteAt);
  const giveBack = useReturnFocus();
  const made = useRef<string | null>(null);
  const onClosed = (event: Event) => {
    if (made.current === null) return giveBack(event);
    // The keyboard goes on at the new node, not at the button the palette was opened with.
    event.preventDefault();
    focusOn(made.current);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && closePalette()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/20" />
        <Dialog.Content
          aria-describedby={undefined}
          onCloseAutoFocus={onClosed}
          className="rise fixed inset-x-0 top-[12vh] z-50 mx-auto w-[min(34rem,calc(100%-1.5rem))] overflow-hidden rounded-2xl border border-line bg-raised shadow-float"
        >
          <Dialog.Title className="sr-only">Add a node</Dialog.Title>
          <Search at={at} made={made} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface SearchProps {
  at: { x: number; y: number } | null;
  /** Told the id of the node that was added. */
  made: RefObject<string | null>;
}

function Search({ at, made }: SearchProps) {
  const [query, setQuery] = useState("");
  const classes = useGraph((state) => state.classes);
  const hits = useMemo(() => searchNodes(classes, query).slice(0, MOST), [classes, query]);
  const run = (action: () => void) => () => {
    closePalette();
    action();
  };
  return (
    <Command shouldFilter={false} loop>
      <SearchField testId="palette-input" query={query} onQuery={setQuery} placeholder="Add a node…" />
      <Command.List className="max-h-[46vh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-ink-3">Nothing matches “{query}”.</Command.Empty>
        {hits.map((node) => (
          <Command.Item
            key={node.id}
            value={node.id}
            onSelect={run(() => {
              made.current = addNodeOf(node.id, at);
            })}
            className="flex items-center gap-2.5 rounded-lg px-2.5 py-1.5 data-[selected=true]:bg-accent-soft"
          >
            <span
              className="size-2 shrink-0 rounded-full"
              style={{
                background: familyColour(node.outputs[0] ? familyOf(node.outputs[0].type) : "trigger"),
              }}
            />
            <span className="shrink-0 font-medium">{node.name}</span>
            <span className="truncate text-ink-3 text-xs">{summaryOf(node.description)}</span>
            <span className="ml-auto shrink-0 text-ink-3 text-xs">{node.path.at(-1)}</span>
          </Command.Item>
        ))}
        {query === "" && (
          <Command.Group
            heading="Commands"
            className="mt-1 border-line border-t pt-1 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-ink-3 [&_[cmdk-group-heading]]:text-xs"
          >
            <Row onSelect={run(() => addNote(at))}>Add a note</Row>
            <Row onSelect={run(groupSelection)}>Group what is selected</Row>
            <Row onSelect={run(() => openDialog("files"))}>Files…</Row>
            <Row onSelect={run(() => openDialog("modules"))}>Add modules…</Row>
            <Row onSelect={run(() => openDialog("new-worker"))}>New worker…</Row>
            <Row onSelect={run(() => setTheme("light"))}>Light theme</Row>
            <Row onSelect={run(() => setTheme("dark"))}>Dark theme</Row>
            <Row onSelect={run(() => openDialog("shortcuts"))}>Keyboard shortcuts</Row>
          </Command.Group>
        )}
      </Command.List>
    </Command>
  );
}

function Row({ onSelect, children }: { onSelect: () => void; children: string }) {
  return (
    <Command.Item
      onSelect={onSelect}
      className="rounded-lg px-2.5 py-1.5 data-[selected=true]:bg-accent-soft"
    >
      {children}
    </Command.Item>
  );
}
