/** What one node's card reads from the store; each selector returns something that keeps its identity. */
import { useMemo } from "react";
import { IDLE, type NodeState, type PortValues } from "../model/feed";
import { nodeOf, TRIGGER_INPUT, TRIGGER_OUTPUT } from "../model/graph";
import { shownGraph, useGraph } from "../store/graph";
import type { NodeRecord, PortRecord } from "../wire/generated";

const NO_VALUES: PortValues = {};

export function useNodeRecord(id: string): NodeRecord | undefined {
  return useGraph((state) => nodeOf(shownGraph(state), id));
}

export function useNodeState(id: string): NodeState {
  return useGraph((state) => state.feed.states[id] ?? IDLE);
}

export function useNodeValues(id: string): PortValues {
  return useGraph((state) => state.feed.values[id] ?? NO_VALUES);
}

export function useNodePorts(node: NodeRecord): readonly PortRecord[] {
  const { ports } = node;
  return useMemo(() => Object.values(ports ?? {}).filter((port) => !isTrigger(port.id)), [ports]);
}

function isTrigger(port: string): boolean {
  return port === TRIGGER_INPUT || port === TRIGGER_OUTPUT;
}

/** The connected inputs of a node, as one text so that other edges redraw nothing. */
export function useConnectedInputs(id: string): ReadonlySet<string> {
  const ports = useGraph((state) =>
    shownGraph(state)
      .edges.filter((edge) => edge[2] === id)
      .map((edge) => edge[3])
      .join("\n"),
  );
  return useMemo(() => new Set(ports === "" ? [] : ports.split("\n")), [ports]);
}

/** The worker knows this class; without it the node is a placeholder. Unknown until the library is here. */
export function useIsKnown(classId: string): boolean {
  return useGraph((state) => state.shelves === null || state.classes.some((kind) => kind.id === classId));
}
