/** What is only about this window: selection, panels, theme, short notices. Never sent anywhere. */
import { create } from "zustand";
import { newId, read, write } from "./identity";

export type Theme = "auto" | "light" | "dark";
export type Dialog = "modules" | "new-worker" | "shortcuts" | "history" | "files" | "worker" | null;

export const WORKER_TABS = ["Now", "Limits", "How it ended", "Log", "Modules"] as const;
export type WorkerTab = (typeof WORKER_TABS)[number];

export interface Toast {
  id: string;
  tone: "info" | "success" | "error";
  title: string;
  detail: string | null;
  /** Where on the screen it belongs, when it answers something done there. */
  at: { x: number; y: number } | null;
}

/** A value opened in full, or a failure with its traceback. */
export type Opened = { kind: "value"; node: string; port: string } | { kind: "error"; node: string } | null;

interface View {
  theme: Theme;
  libraryOpen: boolean;
  propertiesOpen: boolean;
  overviewOpen: boolean;
  paletteOpen: boolean;
  /** Where in the graph a node from the palette goes; null: the middle of what is seen. */
  paletteAt: { x: number; y: number } | null;
  dialog: Dialog;
  opened: Opened;
  /** The node, or the port of it, that a wire is chosen for from a list. */
  wiring: { node: string; port: string | null } | null;
  /** A node that gets the keyboard once it is drawn. */
  toFocus: string | null;
  /** The selected nodes. */
  selected: readonly string[];
  selectedGroups: readonly string[];
  selectedNotes: readonly string[];
  /** The note or group whose text is being written. */
  writing: string | null;
  /** The worker that the dialog "worker" is about. */
  dialogWorker: string | null;
  /** And where it is opened. */
  dialogTab: WorkerTab;
  toasts: readonly Toast[];
}

const THEME_KEY = "funcnodes.theme";
const OVERVIEW_KEY = "funcnodes.overview";
const WIDE = "(min-width: 900px)";

/** Panels stand beside the canvas; on a phone they are sheets above it. */
export function isWide(): boolean {
  return typeof window.matchMedia === "function" ? window.matchMedia(WIDE).matches : true;
}

function rememberedTheme(): Theme {
  const theme = read(localStorage, THEME_KEY);
  return theme === "light" || theme === "dark" ? theme : "auto";
}

export const useView = create<View>(() => ({
  theme: rememberedTheme(),
  libraryOpen: isWide(),
  propertiesOpen: isWide(),
  overviewOpen: read(localStorage, OVERVIEW_KEY) !== "no",
  paletteOpen: false,
  paletteAt: null,
  dialog: null,
  opened: null,
  wiring: null,
  toFocus: null,
  selected: [],
  selectedGroups: [],
  selectedNotes: [],
  writing: null,
  dialogWorker: null,
  dialogTab: "Now",
  toasts: [],
}));

const { setState, getState } = useView;

export function setTheme(theme: Theme): void {
  write(localStorage, THEME_KEY, theme);
  setState({ theme });
}

export function toggleOverview(): void {
  const overviewOpen = !getState().overviewOpen;
  write(localStorage, OVERVIEW_KEY, overviewOpen ? "yes" : "no");
  setState({ overviewOpen });
}

export function toggleLibrary(): void {
  setState(({ libraryOpen }) => ({
    libraryOpen: !libraryOpen,
    ...(isWide() ? {} : { propertiesOpen: false }),
  }));
}

export function toggleProperties(): void {
  setState(({ propertiesOpen }) => ({
    propertiesOpen: !propertiesOpen,
    ...(isWide() ? {} : { libraryOpen: false }),
  }));
}

export function closeSheets(): void {
  if (!isWide()) setState({ libraryOpen: false, propertiesOpen: false });
}

export function openPalette(at: { x: number; y: number } | null = null): void {
  setState({ paletteOpen: true, paletteAt: at });
}

export function closePalette(): void {
  setState({ paletteOpen: false });
}

export function openDialog(dialog: Dialog): void {
  setState({ dialog });
}

export function open(opened: Opened): void {
  setState({ opened });
}

export function askForWire(wiring: View["wiring"]): void {
  setState({ wiring });
}

/** Gives the keyboard to a node once it is drawn: one goes on where one has put something. */
export function focusOn(toFocus: string | null): void {
  setState({ toFocus });
}

/** Whether nothing lies over the page that has keys of its own. */
export function isUncovered(): boolean {
  const { dialog, opened, paletteOpen, wiring } = getState();
  return dialog === null && opened === null && wiring === null && !paletteOpen;
}

export function openWorker(dialogWorker: string, dialogTab: WorkerTab = "Now"): void {
  setState({ dialog: "worker", dialogWorker, dialogTab });
}

export function startWriting(writing: string | null): void {
  setState({ writing });
}

export function select(
  nodes: readonly string[],
  groups: readonly string[] = [],
  notes: readonly string[] = [],
): void {
  const known = getState();
  const next = {
    selected: sameList(known.selected, nodes),
    selectedGroups: sameList(known.selectedGroups, groups),
    selectedNotes: sameList(known.selectedNotes, notes),
  };
  const isSame =
    next.selected === known.selected &&
    next.selectedGroups === known.selectedGroups &&
    next.selectedNotes === known.selectedNotes;
  if (!isSame) setState(next);
}

/** The list that was known, when the new one says the same. */
function sameList(known: readonly string[], list: readonly string[]): readonly string[] {
  return known.length === list.length && known.every((id, index) => id === list[index]) ? known : list;
}

const SHOWN_MS = 6000;
const MOST = 4;

export function toast(
  tone: Toast["tone"],
  title: string,
  { detail = null, at = null }: { detail?: string | null; at?: Toast["at"] } = {},
): void {
  const shown = { id: newId(), tone, title, detail, at };
  setState(({ toasts }) => ({
    toasts: [...toasts.filter((known) => known.title !== title).slice(1 - MOST), shown],
  }));
  setTimeout(() => dismiss(shown.id), tone === "error" && detail ? 2 * SHOWN_MS : SHOWN_MS);
}

/** The next thing done makes a notice about the last one old. */
export function dismissPlaced(): void {
  setState(({ toasts }) =>
    toasts.some((shown) => shown.at) ? { toasts: toasts.filter((shown) => !shown.at) } : {},
  );
}

export function dismiss(id: string): void {
  setState(({ toasts }) => ({ toasts: toasts.filter((shown) => shown.id !== id) }));
}
