import { useEffect } from "react";
import { redo, undo } from "../store/history";
import { isUncovered, openPalette, useView } from "../store/view";

/** Keys of the whole page. Text fields and open dialogs keep theirs. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const turn = turnOf(event);
      if (turn && !isTyping(event.target) && isFree()) {
        event.preventDefault();
        void turn();
        return;
      }
      const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      const space = event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!(command || (space && isOnCanvas(event.target)))) return;
      if (!isUncovered()) return;
      event.preventDefault();
      openPalette();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Ctrl Z goes back, Ctrl Shift Z and Ctrl Y forward; the command key counts like Ctrl. */
export function turnOf(event: KeyboardEvent): (() => Promise<boolean>) | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? redo : undo;
  return key === "y" && !event.shiftKey ? redo : null;
}

/** A dialog keeps its keys, but for the history, which shows what they do. */
function isFree(): boolean {
  const { dialog, opened } = useView.getState();
  return opened === null && (dialog === null || dialog === "history");
}

/** What is typed has an undo of its own, of letters. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("textarea,select,[contenteditable=true],input:not([type=checkbox]):not([type=range])") !==
      null
  );
}

/** Space on a button presses it, in a field it is a space; anywhere else it asks for a node. */
function isOnCanvas(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    !target.closest(
      "input,textarea,select,button,a,[role=button],[role=dialog],[role=combobox],[role=slider],[role=checkbox]",
    )
  );
}
