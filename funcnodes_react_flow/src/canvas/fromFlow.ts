/** React Flow's changes become edits, here and nowhere else. Selection and measures stay in the window. */
import type { NodeChange } from "@xyflow/react";
import { moveNode } from "../model/graph";
import type { Edit } from "../wire/generated";
import type { FlowNode } from "./toFlow";

/** Returns the edits that these changes mean; a node on its way is none, a node put down is one. */
export function fromFlow(changes: readonly NodeChange<FlowNode>[]): readonly Edit[] {
  return changes.flatMap((change) =>
    change.type === "position" && change.position && change.dragging === false
      ? [moveNode(change.id, change.position)]
      : [],
  );
}

/** Nodes and edges come and go with the document only, never by React Flow's own hand. */
export function staysInWindow<Change extends { type: string }>(change: Change): boolean {
  return change.type !== "remove" && change.type !== "add" && change.type !== "replace";
}
