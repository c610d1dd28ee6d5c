/** Undo, redo, the list of what was done, and going back: what the toolbar, the keys and the history panel do. */
import { type HistoryPage, toHistoryPage } from "../model/history";
import { messageOf, REFUSED_EDIT, RpcError } from "../rpc/errors";
import { ask } from "./line";
import { dismissPlaced, toast } from "./view";

const PAGE = 50;

export function undo(): Promise<boolean> {
  return turn("undo");
}

export function redo(): Promise<boolean> {
  return turn("redo");
}

/** The worker knows what is ours to undo; what it refuses it says why, and nothing has changed. */
async function turn(method: "undo" | "redo"): Promise<boolean> {
  dismissPlaced();
  try {
    await ask(method, {}, true);
    return true;
  } catch (error) {
    if (error instanceof RpcError && (error.kind === "NothingToUndo" || error.kind === "NothingToRedo")) {
      toast("info", method === "undo" ? "There is nothing of yours to undo" : "There is nothing to redo");
    } else if (error instanceof RpcError && error.code === REFUSED_EDIT) {
      toast("error", method === "undo" ? "This can not be undone" : "This can not be redone", {
        detail: messageOf(error),
      });
    } else {
      toast("error", method === "undo" ? "Undo came to nothing" : "Redo came to nothing", {
        detail: messageOf(error),
      });
    }
    return false;
  }
}

/** Reads lines of the history, newest first; null when it can not be read, which is said. */
export async function readHistory(
  before: number | null = null,
  epoch: string | null = null,
): Promise<HistoryPage | null> {
  try {
    const where = { ...(before === null ? {} : { before }), ...(epoch === null ? {} : { epoch }) };
    return toHistoryPage(await ask("history", { limit: PAGE, ...where }));
  } catch (error) {
    toast("error", "The history could not be read", { detail: messageOf(error) });
    return null;
  }
}

/** Puts the graph of an earlier revision in place; one more step, that can be undone. */
export async function restore(revision: number, epoch: string): Promise<boolean> {
  try {
    await ask("restore", { revision, epoch }, true);
    toast("success", "The earlier graph is back", { detail: "Undo brings back the one you had." });
    return true;
  } catch (error) {
    toast("error", "The earlier graph could not be brought back", { detail: messageOf(error) });
    return false;
  }
}
