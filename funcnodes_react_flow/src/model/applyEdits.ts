/**
 * What edits do to a document: the twin of `document/rules` and `document/apply` in Python. Pure.
 *
 * Both run the cases in `tests/contract/edits`. What did not change keeps its identity, so that one edit redraws
 * one node.
 */
import { is } from "../rpc/check";
import { sameJson } from "../rpc/json";
import type { Edge, Edit, GroupRecord, Json, NodeRecord, PortRecord, Wire } from "../wire/generated";
import { assertNever } from "./assertNever";
import { withWorkerName } from "./externalWorkers";
import { type Graph, sameEdge, TRIGGER_INPUT, TRIGGER_OUTPUT, toGraph } from "./graph";
import { changedGroups } from "./groupRules";
import { check } from "./rules";

/** Returns the document after all edits, or raises `EditRejected` and leaves nothing changed. */
export function applyEdits(graph: Graph, edits: readonly Edit[]): Graph {
  return edits.reduce((current, edit) => {
    check(current, edit);
    return apply(current, edit);
  }, graph);
}

/** Returns the document after one edit that the worker has already allowed. */
export function apply(graph: Graph, edit: Edit): Graph {
  switch (edit.kind) {
    case "add_node":
      return { ...graph, nodes: insertKey(graph.nodes, edit.node.id, edit.node, edit.at) };
    case "remove_node":
      return removeNode(graph, edit.id);
    case "add_edge":
      return addEdge(graph, edit.edge, edit.at);
    case "remove_edge":
      return { ...graph, edges: graph.edges.filter((edge) => !sameEdge(edge, edit.edge)) };
    case "set_value":
      return withPort(graph, edit.node, edit.port, (port) => ({ ...port, value: edit.value }));
    case "set_default":
      return withPort(graph, edit.node, edit.port, (port) => ({ ...port, default: edit.value }));
    case "rename_node":
      return withNode(graph, edit.node, (node) => ({ ...node, name: edit.name }));
    case "set_property":
      return withNode(graph, edit.node, (node) => ({
        ...node,
        properties: withEntry(node.properties ?? {}, edit.key, edit.value),
      }));
    case "set_node_option":
      return withNode(graph, edit.node, (node) => withOption("NodeRecord", node, edit.key, edit.value));
    case "set_port_option":
      return withPort(graph, edit.node, edit.port, (port) =>
        withOption("PortRecord", port, edit.key, edit.value),
      );
    case "set_graph_property":
      return { ...graph, properties: withEntry(graph.properties, edit.key, edit.value) };
    case "set_groups":
      return { ...graph, groups: edit.groups };
    case "change_groups":
      return { ...graph, groups: changedGroups(graph.groups, edit.groups) };
    case "name_external_worker":
      return { ...graph, surroundings: withWorkerName(graph.surroundings, edit) };
    case "replace_graph":
      return toGraph(edit.document);
    default:
      return assertNever(edit);
  }
}

/** Returns a copy with the entry set, or without it when there is no value. */
function withEntry<Item>(
  entries: { readonly [key: string]: Item },
  key: string,
  value: Item | undefined,
): { readonly [key: string]: Item } {
  if (value !== undefined) return { ...entries, [key]: value };
  const { [key]: _gone, ...rest } = entries;
  return rest;
}

/** Returns the record with an option set; one whose value has the wrong shape stays as it was. */
function withOption<Name extends "NodeRecord" | "PortRecord">(
  name: Name,
  record: Wire[Name],
  key: string,
  value: Json | undefined,
): Wire[Name] {
  const changed: unknown = { ...record, [key]: value };
  return is(name, changed) ? changed : record;
}

function withNode(graph: Graph, id: string, change: (node: NodeRecord) => NodeRecord): Graph {
  const node = graph.nodes[id];
  return node === undefined ? graph : { ...graph, nodes: { ...graph.nodes, [id]: change(node) } };
}

/**
 * A port that is not listed is made here rather than missed: an edit was allowed when it was made. The trigger
 * pair is listed only while something is said about it.
 */
function withPort(graph: Graph, id: string, port: string, change: (port: PortRecord) => PortRecord): Graph {
  return withNode(graph, id, (node) => {
    const bare: PortRecord = port === TRIGGER_OUTPUT ? { id: port, is_input: false } : { id: port };
    const changed = change(node.ports?.[port] ?? bare);
    const says = (port !== TRIGGER_INPUT && port !== TRIGGER_OUTPUT) || !sameJson(changed, bare);
    return { ...node, ports: withEntry(node.ports ?? {}, port, says ? changed : undefined) };
  });
}

function insertKey(
  nodes: Graph["nodes"],
  id: string,
  node: NodeRecord,
  at: number | null | undefined,
): Graph["nodes"] {
  const entries = Object.entries(nodes);
  if (at === undefined || at === null || at >= entries.length) return { ...nodes, [id]: node };
  return Object.fromEntries([...entries.slice(0, at), [id, node], ...entries.slice(at)]);
}

function addEdge(graph: Graph, edge: Edge, at: number | null | undefined): Graph {
  const place = at ?? graph.edges.length;
  return { ...graph, edges: [...graph.edges.slice(0, place), edge, ...graph.edges.slice(place)] };
}

function removeNode(graph: Graph, id: string): Graph {
  const { [id]: _gone, ...nodes } = graph.nodes;
  return {
    ...graph,
    nodes,
    edges: graph.edges.filter((edge) => edge[0] !== id && edge[2] !== id),
    groups: withoutMember(graph.groups, id),
  };
}

function withoutMember(groups: Graph["groups"], node: string): Graph["groups"] {
  const holder = Object.entries(groups).find(([, group]) => group.node_ids?.includes(node));
  if (!holder) return groups;
  const [id, group] = holder;
  const left = { ...group, node_ids: (group.node_ids ?? []).filter((member) => member !== node) };
  return dropEmpty({ ...groups, [id]: left }, id);
}

/** A group with neither nodes nor groups in it is gone, and its parent may follow. */
function dropEmpty(groups: Graph["groups"], id: string): Graph["groups"] {
  const group: GroupRecord | undefined = groups[id];
  if (!group || (group.node_ids?.length ?? 0) > 0 || (group.child_groups?.length ?? 0) > 0) return groups;
  const { [id]: _gone, ...rest } = groups;
  const parent = group.parent_group;
  const above = parent === undefined || parent === null ? undefined : rest[parent];
  if (above === undefined || parent === undefined || parent === null) return rest;
  const children = (above.child_groups ?? []).filter((child) => child !== id);
  return dropEmpty({ ...rest, [parent]: { ...above, child_groups: children } }, parent);
}
