import { useEffect } from "react";
import { toast } from "../store/view";

/**
 * A file dropped where nothing takes it would make the browser leave the page for the file. It is told where such
 * files go instead: a flow is imported only by the word that says so.
 */
export function useStrayFiles(): void {
  useEffect(() => {
    document.addEventListener("dragover", stay);
    document.addEventListener("drop", tell);
    return () => {
      document.removeEventListener("dragover", stay);
      document.removeEventListener("drop", tell);
    };
  }, []);
}

function stay(event: DragEvent): void {
  if (isStray(event)) event.preventDefault();
}

function tell(event: DragEvent): void {
  if (!isStray(event)) return;
  event.preventDefault();
  const isFlow = [...(event.dataTransfer?.files ?? [])].some((file) => file.name.endsWith(".fnw"));
  if (isFlow) toast("info", "To open this flow, choose “Import flow…” in the menu of the worker");
  else toast("info", "Drop files on an input for a file, or open Files and drop them there");
}

function isStray(event: DragEvent): boolean {
  return !event.defaultPrevented && event.dataTransfer?.types.includes("Files") === true;
}
