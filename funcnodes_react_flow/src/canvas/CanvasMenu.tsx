import { useReactFlow } from "@xyflow/react";
import { ContextMenu } from "radix-ui";
import { type MouseEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { homeOf, membersOf } from "../model/grouping";
import type { Point } from "../model/newNode";
import { TINTS, type Tint } from "../model/tint";
import { tintStyle } from "../parts/tint";
import { interrupt, runNode, shownGraph, useGraph } from "../store/graph";
import {
  addNote,
  colourGroup,
  colourNote,
  groupSelection,
  nodesInSelection,
  putIn,
  removeSelected,
  takeSelectionOut,
  ungroupSelection,
} from "../store/layout";
import { copySelection, paste } from "../store/nodes";
import { askForWire, openPalette, startWriting, toast, useView } from "../store/view";

/** What was under the pointer when the menu was asked for, if it is about one thing. */
export interface Under {
  readonly kind: "node" | "group" | "note" | "canvas";
  readonly id: string;
  /** The nodes that were selected until then: they can be put into a group. */
  readonly others?: readonly string[];
}

interface Props {
  children: ReactNode;
  /** Called before the menu opens: says what it is about, and selects it. */
  onAsk: (target: Element) => Under;
}

/** The menu of the canvas: a right click, or a long touch. Text fields keep the browser's own. */
export function CanvasMenu({ children, onAsk }: Props) {
  const flow = useReactFlow();
  const [under, setUnder] = useState<Under>({ kind: "canvas", id: "" });
  const [at, setAt] = useState<Point>({ x: 0, y: 0 });
  const touched = useRef<{ target: Element; x: number; y: number } | null>(null);
  const ask = (target: Element, x: number, y: number) => {
    setAt(flow.screenToFlowPosition({ x, y }));
    setUnder(onAsk(target));
  };
  const onRightClick = (event: MouseEvent) => {
    touched.current = null;
    if (!(event.target instanceof Element) || isText(event.target)) event.stopPropagation();
    else ask(event.target, event.clientX, event.clientY);
  };
  // A long touch opens the menu without a right click; what it is about is what the finger came down on.
  const onTouch = (event: PointerEvent) => {
    const { target, clientX: x, clientY: y } = event;
    touched.current = event.pointerType !== "mouse" && target instanceof Element ? { target, x, y } : null;
  };
  const onOpenChange = (open: boolean) => {
    const touch = touched.current;
    if (open && touch) ask(touch.target, touch.x, touch.y);
  };
  return (
    <ContextMenu.Root onOpenChange={onOpenChange}>
      <ContextMenu.Trigger asChild onContextMenuCapture={onRightClick} onPointerDownCapture={onTouch}>
        {children}
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content
          collisionPadding={8}
          data-testid="canvas-menu"
          className="rise z-40 min-w-56 rounded-xl border border-line bg-raised p-1.5 shadow-float"
        >
          {under.kind === "canvas" ? <OfCanvas at={at} /> : <OfSelection under={under} />}
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

/** Text fields keep the browser's own menu. */
function isText(target: Element): boolean {
  return target.closest("input,textarea,[role=dialog]") !== null;
}

function OfCanvas({ at }: { at: Point }) {
  return (
    <>
      <Item keys="Space" onSelect={() => openPalette(at)}>
        Add a node here…
      </Item>
      <Item keys="N" onSelect={() => addNote(at)}>
        Add a note here
      </Item>
      <Item keys="Ctrl V" onSelect={() => void pasteFromClipboard()}>
        Paste
      </Item>
    </>
  );
}

function OfSelection({ under }: { under: Under }) {
  const { selected, selectedGroups, selectedNotes } = useView();
  const groups = useGraph((state) => shownGraph(state).groups);
  const running = useGraph((state) => state.feed.states[under.id]?.status === "running");
  const count = selected.length + selectedGroups.length + selectedNotes.length;
  const members = under.kind === "group" ? membersOf(groups, under.id) : [];
  const outside = (under.others ?? []).filter((node) => !members.includes(node));
  const isGrouped = selected.some((node) => homeOf(groups, node) !== null);
  return (
    <>
      {under.kind === "node" && count === 1 && (
        <Item onSelect={() => void (running ? interrupt(under.id) : runNode(under.id))}>
          {running ? "Interrupt" : "Run"}
        </Item>
      )}
      {under.kind === "node" && count === 1 && under.id !== "" && (
        <Item keys="C" onSelect={() => later(() => askForWire({ node: under.id, port: null }))}>
          Connect…
        </Item>
      )}
      {under.kind === "group" && (
        <Item onSelect={() => later(() => startWriting(under.id))}>Name the group</Item>
      )}
      {under.kind === "note" && <Item onSelect={() => later(() => startWriting(under.id))}>Write</Item>}
      {selected.length > 0 && (
        <Item keys="Ctrl C" onSelect={() => void copyToClipboard()}>
          Copy
        </Item>
      )}
      {selected.length + selectedGroups.length > 0 && (
        <Item keys="Ctrl G" onSelect={groupSelection}>
          Group
        </Item>
      )}
      {under.kind === "group" && outside.length > 0 && (
        <Item onSelect={() => putIn(under.id, outside)}>
          Put {outside.length === 1 ? "the selected node" : `${outside.length} selected nodes`} in here
        </Item>
      )}
      {isGrouped && <Item onSelect={takeSelectionOut}>Take out of the group</Item>}
      {(selectedGroups.length > 0 || isGrouped) && (
        <Item keys="Ctrl Alt G" onSelect={ungroupSelection}>
          Dissolve the group
        </Item>
      )}
      {(under.kind === "group" || under.kind === "note") && <Colours under={under} />}
      <ContextMenu.Separator className="my-1 h-px bg-line" />
      <Removal />
    </>
  );
}

/** Del takes only the frame of a group away; a group with all that is in it goes by this menu. */
function Removal() {
  const { selected, selectedGroups, selectedNotes } = useView();
  const nodes = nodesInSelection();
  const count = nodes.length + selectedNotes.length;
  const isWhole = nodes.length > selected.length;
  return (
    <Item
      keys={isWhole ? undefined : "Del"}
      danger
      onSelect={() => removeSelected({ nodes, edges: [], notes: selectedNotes, groups: selectedGroups })}
    >
      {isWhole
        ? `Delete the group with ${countOf(nodes.length, "node")}`
        : count === 1
          ? "Delete"
          : `Delete ${count}`}
    </Item>
  );
}

function countOf(count: number, what: string): string {
  return count === 1 ? `its ${what}` : `its ${count} ${what}s`;
}

/** The menu gives the focus back when it closes; what is written must not lose it by that. */
function later(action: () => void): void {
  setTimeout(action, 0);
}

function Colours({ under }: { under: Under }) {
  const choose = (tint: Tint) =>
    under.kind === "group" ? colourGroup(under.id, tint) : colourNote(under.id, tint);
  return (
    <div className="flex items-center gap-1 px-2 py-1">
      {TINTS.map((tint) => (
        <ContextMenu.Item
          key={tint}
          aria-label={`Colour: ${tint}`}
          title={tint}
          style={tintStyle(tint)}
          className="size-6 cursor-pointer rounded-full border-2 border-transparent bg-[var(--tint)] bg-clip-content p-0.5 outline-none data-highlighted:border-[var(--tint)]"
          onSelect={() => choose(tint)}
        />
      ))}
    </div>
  );
}

function Item({
  children,
  onSelect,
  keys,
  danger = false,
}: {
  children: ReactNode;
  onSelect: () => void;
  keys?: string | undefined;
  danger?: boolean;
}) {
  return (
    <ContextMenu.Item
      onSelect={onSelect}
      className={`flex cursor-pointer items-center gap-6 rounded-lg px-2.5 py-1.5 outline-none ${
        danger ? "text-danger data-highlighted:bg-danger-soft" : "data-highlighted:bg-accent-soft"
      }`}
    >
      <span className="flex-1">{children}</span>
      {keys && <kbd className="font-sans text-[11px] text-ink-3">{keys}</kbd>}
    </ContextMenu.Item>
  );
}

async function copyToClipboard(): Promise<void> {
  const text = copySelection();
  try {
    if (text !== null) await navigator.clipboard.writeText(text);
  } catch {
    toast("error", "This browser did not let the page copy", { detail: "Ctrl C works." });
  }
}

async function pasteFromClipboard(): Promise<void> {
  try {
    if (!paste(await navigator.clipboard.readText())) toast("info", "There are no nodes to paste");
  } catch {
    toast("error", "This browser did not let the page paste", { detail: "Ctrl V works." });
  }
}
