/** The chosen worker's flow as a file: where it is fetched, and one that is taken in. */
import { isObject } from "../rpc/json";
import { workerPath } from "../rpc/origin";
import { toast } from "./view";

export function exportPath(worker: string): string {
  return `${workerPath(worker)}export`;
}

/** Puts the flow of a `.fnw` file in the place of the worker's; what it could not do is said. */
export async function importFlow(worker: string, file: Blob): Promise<boolean> {
  try {
    const answer = await fetch(`${workerPath(worker)}import`, {
      method: "POST",
      headers: { "content-type": "application/zip" },
      body: file,
    });
    const said: unknown = await answer.json();
    if (!answer.ok) {
      const reason =
        isObject(said) && typeof said.error === "string" ? said.error : `status ${answer.status}`;
      toast("error", "The file was not imported", { detail: reason });
      return false;
    }
    const notes = isObject(said) && Array.isArray(said.notes) ? said.notes.map(String) : [];
    toast("info", "The flow was imported; undo brings the old one back", {
      detail: notes.join("\n") || null,
    });
    return true;
  } catch (error) {
    toast("error", "The file was not imported", { detail: String(error) });
    return false;
  }
}
