import { useEffect } from "react";
import { openPalette, useView } from "../store/view";

/** Keys of the whole page. Text fields and open dialogs keep theirs. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      const space = event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!(command || (space && isOnCanvas(event.target)))) return;
      const { dialog, opened } = useView.getState();
      if (dialog !== null || opened !== null) return;
      event.preventDefault();
      openPalette();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
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
