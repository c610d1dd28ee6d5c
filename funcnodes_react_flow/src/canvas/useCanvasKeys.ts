import { useEffect } from "react";
import { addNote, groupSelection, ungroupSelection } from "../store/layout";
import { askForWire, isUncovered, toast, useView } from "../store/view";
import { isWriting } from "./useClipboard";

/** Keys of the canvas, beside those React Flow has itself. Text fields and open dialogs keep theirs. */
export function useCanvasKeys(selectAll: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isWriting() || !isFree(event.target)) return;
      const action = actionOf(event, selectAll);
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [selectAll]);
}

/** What a key means: Ctrl A, Ctrl G, Ctrl Alt G (or Ctrl Shift G), N, C. The command key counts like Ctrl. */
export function actionOf(event: KeyboardEvent, selectAll: () => void): (() => void) | null {
  const command = event.ctrlKey || event.metaKey;
  // With Alt some keyboards write another letter; the key itself is what is meant.
  const isG = event.code === "KeyG" || event.key.toLowerCase() === "g";
  if (command && isG) return event.altKey || event.shiftKey ? ungroupSelection : groupSelection;
  if (command && !event.altKey && event.key.toLowerCase() === "a") return selectAll;
  if (!command && !event.altKey && !event.shiftKey && event.key === "n") return () => addNote();
  if (!command && !event.altKey && !event.shiftKey && event.key === "c") return connectSelected;
  return null;
}

/** Lets the wires of the one selected node be chosen from a list. */
export function connectSelected(): void {
  const [node, ...others] = useView.getState().selected;
  if (node !== undefined && others.length === 0) askForWire({ node, port: null });
  else toast("info", "Select the one node to connect first");
}

function isFree(target: EventTarget | null): boolean {
  if (!isUncovered()) return false;
  return !(target instanceof Element && target.closest("[role=dialog],[role=menu],select"));
}
