/** What one node's card reads from the store; each selector returns something that keeps its identity. */
import { useMemo } from "react";
import { IDLE, type NodeState, type PortValues } from "../model/feed";
import { edgeKey, nodeOf } from "../model/graph";
import { livePorts } from "../model/newNode";
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
  const reported = useGraph((state) => state.feed.ports[node.id]);
  return useMemo(() => livePorts(node, reported), [node, reported]);
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
  return useGraph(
    (state) => Object.keys(state.classes).length === 0 || Object.hasOwn(state.classes, classId),
  );
}

export { edgeKey };
