/** How often somebody changed the files of the open worker: a reason to read them again. */
import { create } from "zustand";
import { isObject } from "../rpc/json";

export const useFileChanges = create<{ count: number }>(() => ({ count: 0 }));

/** Called by the graph store for every event of the worker. */
export function heardFiles(params: unknown): void {
  if (isObject(params) && params.event === "files_changed")
    useFileChanges.setState(({ count }) => ({ count: count + 1 }));
}
