import { type RefObject, useEffect } from "react";
import { copySelection, paste } from "../store/nodes";

/** Copy and paste of nodes; text fields and selected text keep their own. */
export function useClipboard(frame: RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const ours = () => frame.current !== null && !isWriting();
    const onCopy = (event: ClipboardEvent) => {
      if (!ours() || !window.getSelection()?.isCollapsed) return;
      const text = copySelection();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    const onPaste = (event: ClipboardEvent) => {
      if (ours() && paste(event.clipboardData?.getData("text/plain") ?? "")) event.preventDefault();
    };
    document.addEventListener("copy", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [frame]);
}

export function isWriting(): boolean {
  const active = document.activeElement;
  return (
    active instanceof HTMLInputElement ||
    active instanceof HTMLTextAreaElement ||
    (active instanceof HTMLElement && active.isContentEditable)
  );
}
