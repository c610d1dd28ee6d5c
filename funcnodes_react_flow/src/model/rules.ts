/** Whether an edit is allowed: the twin of `document/rules` in Python, with the same names of refusals. Pure. */
import { isObject } from "../rpc/json";
import type { Edge, Edit, Json, NodeRecord, PortRecord } from "../wire/generated";
import { assertNever } from "./assertNever";
import { hasWorker } from "./externalWorkers";
import {
  edgesInto,
  type Graph,
  isInput,
  keyedPorts,
  nodeOf,
  portOf,
  sameEdge,
  sourcePortOf,
  TRIGGER_INPUT,
  TRIGGER_OUTPUT,
  titleOf,
} from "./graph";
import { changedGroups, checkGroups } from "./groupRules";
import { EditRejected } from "./rejected";

const HIGHEST_CYCLE_LIMIT = 1_000_000_000;
const NODE_OPTIONS: readonly string[] = ["description", "reset_inputs_on_trigger", "render_options"];
const PORT_OPTIONS: readonly string[] = [
  "name",
  "description",
  "hidden",
  "required",
  "does_trigger",
  "value_options",
  "render_options",
];

/** Raises `EditRejected` with the fact; returns when the edit may be applied. */
export function check(graph: Graph, edit: Edit): void {
  switch (edit.kind) {
    case "set_value":
    case "set_default":
      checkInputIsFree(graph, edit.node, edit.port, edit.value);
      return;
    case "set_port_option":
      needPort(graph, edit.node, edit.port);
      checkOption(edit.key, edit.value, PORT_OPTIONS);
      return;
    case "set_node_option":
      needNode(graph, edit.node);
      checkOption(edit.key, edit.value, NODE_OPTIONS);
      return;
    case "set_property":
    case "rename_node":
      needNode(graph, edit.node);
      return;
    case "remove_node":
      needNode(graph, edit.id);
      return;
    case "add_node":
      if (nodeOf(graph, edit.node.id)) {
        throw new EditRejected("NodeExists", `there is already a node ${quote(edit.node.id)}`);
      }
      checkPlace(edit.at);
      checkRecord(edit.node.id, edit.node);
      return;
    case "add_edge":
      checkPlace(edit.at);
      checkEdge(graph, edit.edge);
      return;
    case "remove_edge":
      if (!graph.edges.some((edge) => sameEdge(edge, edit.edge))) {
        throw new EditRejected("EdgeNotFound", "these ports are not connected");
      }
      return;
    case "set_groups":
      checkGroups(edit.groups, graph.nodes);
      return;
    case "change_groups":
      checkGroups(changedGroups(graph.groups, edit.groups), graph.nodes);
      return;
    case "name_external_worker":
      if (!hasWorker(graph.surroundings, edit.class_id, edit.worker)) {
        throw new EditRejected(
          "ExternalWorkerNotFound",
          `there is no external worker ${quote(edit.worker)}; it may have been removed`,
        );
      }
      return;
    case "replace_graph":
      for (const [key, value] of Object.entries(edit.document.properties ?? {}))
        checkGraphProperty(key, value);
      checkDocument(edit.document.nodes ?? {}, edit.document.edges ?? [], edit.document.groups ?? {});
      return;
    case "set_graph_property":
      checkGraphProperty(edit.key, edit.value);
      return;
    default:
      assertNever(edit);
  }
}

/** The properties that mean something to us, as in `document/graph_properties`. */
function checkGraphProperty(key: string, value: Json | undefined): void {
  if (key !== "cycle_limit" || value === undefined) return;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= HIGHEST_CYCLE_LIMIT)
    return;
  throw new EditRejected(
    "WrongGraphProperty",
    `the graph's property ${quote(key)} takes a whole number from 1 to ${HIGHEST_CYCLE_LIMIT}`,
  );
}

function needNode(graph: Graph, id: string): NodeRecord {
  const node = nodeOf(graph, id);
  if (!node) throw new EditRejected("NodeNotFound", `there is no node ${quote(id)}`);
  return node;
}

function needPort(graph: Graph, nodeId: string, id: string): PortRecord {
  const node = needNode(graph, nodeId);
  const port = portOf(node, id) ?? bareTrigger(id);
  if (!port) throw new EditRejected("PortNotFound", `${quote(titleOf(node))} has no port ${quote(id)}`);
  return port;
}

function needSource(graph: Graph, nodeId: string, id: string): PortRecord {
  return sourcePortOf(needNode(graph, nodeId), id) ?? needPort(graph, nodeId, id);
}

/** Every node has the trigger pair without listing it. */
export function bareTrigger(id: string): PortRecord | undefined {
  if (id === TRIGGER_INPUT) return { id };
  return id === TRIGGER_OUTPUT ? { id, is_input: false } : undefined;
}

function checkInputIsFree(graph: Graph, node: string, id: string, value: Json | undefined): void {
  const port = needPort(graph, node, id);
  if (!isInput(port)) {
    throw new EditRejected("NotAnInput", `port ${quote(id)} is an output; only inputs take values`);
  }
  if (value !== undefined && edgesInto(graph, node, id).length > 0) throw connected(graph, node, id);
}

function connected(graph: Graph, node: string, port: string): EditRejected {
  const title = titleOf(needNode(graph, node));
  return new EditRejected(
    "InputIsConnected",
    `input ${quote(port)} of ${quote(title)} is connected; remove that edge first`,
  );
}

function checkOption(key: string, value: Json | undefined, known: readonly string[]): void {
  if (!known.includes(key)) throw new EditRejected("UnknownOption", `there is no option ${quote(key)}`);
  if (value !== undefined && !optionFits(key, value)) {
    throw new EditRejected("WrongOptionValue", `option ${quote(key)} does not take such a value`);
  }
}

function optionFits(key: string, value: Json): boolean {
  switch (key) {
    case "name":
      return typeof value === "string";
    case "description":
      return value === null || typeof value === "string";
    case "value_options":
    case "render_options":
      return isObject(value);
    default:
      return typeof value === "boolean";
  }
}

function checkPlace(at: number | null | undefined): void {
  if (typeof at === "number" && at < 0) throw brokenRecord(`a place counts from 0, not ${at}`);
}

function checkRecord(key: string, node: NodeRecord): void {
  if (node.id === "" || key !== node.id)
    throw brokenRecord(`node ${quote(node.id)} stands under the id ${quote(key)}`);
  const keys = keyedPorts(Object.values(node.ports ?? {}));
  for (const [name, port] of Object.entries(node.ports ?? {})) {
    if (keys[name] !== port) throw brokenRecord(`port ${quote(port.id)} stands under the id ${quote(name)}`);
  }
}

function brokenRecord(reason: string): EditRejected {
  return new EditRejected("BrokenRecord", `the record contradicts itself: ${reason}`);
}

function checkEdge(graph: Graph, edge: Edge): void {
  const source = needSource(graph, edge[0], edge[1]);
  const target = needPort(graph, edge[2], edge[3]);
  if (!isInput(target)) {
    throw new EditRejected("NotAnInput", `an edge ends in an input; ${quote(target.id)} is an output`);
  }
  if (graph.edges.some((known) => sameEdge(known, edge))) {
    throw new EditRejected("EdgeExists", "these two ports are connected already");
  }
  if (target.allow_multiple !== true && edgesInto(graph, edge[2], edge[3]).length > 0) {
    throw connected(graph, edge[2], edge[3]);
  }
  if (isInput(source)) checkForward(graph, edge);
  else if (source.allow_multiple === false && graph.edges.some((e) => e[0] === edge[0] && e[1] === edge[1])) {
    throw new EditRejected("OutputIsConnected", `output ${quote(source.id)} allows no second edge`);
  }
}

/** Inputs that forward to each other in a ring would never get a value from outside. */
function checkForward(graph: Graph, edge: Edge): void {
  const seen = new Set<string>();
  const open: (readonly [string, string])[] = [[edge[2], edge[3]]];
  for (let here = open.pop(); here !== undefined; here = open.pop()) {
    const [node, port] = here;
    if (node === edge[0] && port === edge[1]) {
      throw new EditRejected("ForwardsInACircle", "these inputs would feed each other in a circle");
    }
    const key = JSON.stringify(here);
    if (seen.has(key)) continue;
    seen.add(key);
    if (!isInput(needSource(graph, node, port))) continue;
    for (const next of graph.edges) if (next[0] === node && next[1] === port) open.push([next[2], next[3]]);
  }
}

function checkDocument(nodes: Graph["nodes"], edges: Graph["edges"], groups: Graph["groups"]): void {
  for (const [key, node] of Object.entries(nodes)) checkRecord(key, node);
  for (const edge of edges) {
    for (const end of [edge[0], edge[2]]) {
      if (!Object.hasOwn(nodes, end))
        throw new EditRejected("NodeNotFound", `there is no node ${quote(end)}`);
    }
  }
  if (new Set(edges.map((edge) => JSON.stringify(edge))).size !== edges.length) {
    throw brokenRecord("an edge stands in it twice");
  }
  checkGroups(groups, nodes);
}

function quote(text: string): string {
  return `“${text}”`;
}
