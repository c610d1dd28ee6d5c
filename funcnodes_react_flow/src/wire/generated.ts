// Written by scripts/schema.py from the Python records: run `make schema`, do not edit.

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Wire two ports. The target gives up the value and the default a user had set on it. */
export interface AddEdge {
  readonly kind: "add_edge";
  readonly edge: Edge;
  readonly at?: number | null;
}

/** Put a node into the document, at the end or at a place in the order of nodes. */
export interface AddNode {
  readonly kind: "add_node";
  readonly node: NodeRecord;
  readonly at?: number | null;
}

/** Put these groups in the place of those with the same ids, and take away those that are null. */
export interface ChangeGroups {
  readonly kind: "change_groups";
  readonly groups: { readonly [key: string]: GroupRecord | null };
}

/** What the library knows about a node class, as plain data. */
export interface ClassRecord {
  readonly class_id: string;
  readonly class_name?: string;
  readonly description?: string | null;
  readonly ports?: readonly PortRecord[];
  readonly reset_inputs_on_trigger?: boolean;
  readonly render_options?: { readonly [key: string]: Json };
}

/** A whole graph as its user made it. An edit gives a new one that shares what did not change. */
export interface Document {
  readonly nodes?: { readonly [key: string]: NodeRecord };
  readonly edges?: readonly Edge[];
  readonly properties?: { readonly [key: string]: Json };
  readonly groups?: { readonly [key: string]: GroupRecord };
  readonly extra?: { readonly [key: string]: Json };
  readonly surroundings?: { readonly [key: string]: Json };
}

/** A wire from an output (or a forwarding input) to an input. In JSON a list of its four texts. */
export type Edge = readonly [string, string, string, string];

export type Edit = AddNode | RemoveNode | AddEdge | RemoveEdge | SetValue | SetDefault | RenameNode | SetProperty | SetNodeOption | SetPortOption | SetGraphProperty | SetGroups | ChangeGroups | NameExternalWorker | ReplaceGraph;

/** A group of nodes and of other groups. */
export interface GroupRecord {
  readonly node_ids?: readonly string[];
  readonly child_groups?: readonly string[];
  readonly parent_group?: string | null;
  readonly meta?: { readonly [key: string]: Json };
  readonly position?: readonly [number, number];
  readonly extra?: { readonly [key: string]: Json };
}

/** Call an instance of an external worker by another name; without one, by that of its class. */
export interface NameExternalWorker {
  readonly kind: "name_external_worker";
  readonly class_id: string;
  readonly worker: string;
  readonly name?: string;
}

/** A node of the graph. While its class is missing it is a placeholder, and nothing of it is lost. */
export interface NodeRecord {
  readonly id: string;
  readonly class_id: string;
  readonly class_name?: string;
  readonly name?: string;
  readonly description?: string | null;
  readonly reset_inputs_on_trigger?: boolean;
  readonly ports?: { readonly [key: string]: PortRecord };
  readonly properties?: { readonly [key: string]: Json };
  readonly render_options?: { readonly [key: string]: Json };
  readonly extra?: { readonly [key: string]: Json };
  readonly order?: readonly string[];
}

/** A port of one node: what its class says about it, changed by what the user and the node's code say. */
export interface PortRecord {
  readonly id: string;
  readonly is_input?: boolean;
  readonly name?: string;
  readonly type?: Json;
  readonly description?: string | null;
  readonly class_default?: Json;
  readonly default?: Json;
  readonly value?: Json;
  readonly allow_multiple?: boolean;
  readonly required?: boolean;
  readonly does_trigger?: boolean;
  readonly hidden?: boolean;
  readonly emit_value_set?: boolean;
  readonly value_options?: { readonly [key: string]: Json };
  readonly render_options?: { readonly [key: string]: Json };
  readonly extra?: { readonly [key: string]: Json };
  readonly order?: readonly string[];
}

/** Take a wire out. */
export interface RemoveEdge {
  readonly kind: "remove_edge";
  readonly edge: Edge;
}

/** Take a node out, with its edges and its place in a group. */
export interface RemoveNode {
  readonly kind: "remove_node";
  readonly id: string;
}

/** Call a node by another name; without one, it has none of its own. */
export interface RenameNode {
  readonly kind: "rename_node";
  readonly node: string;
  readonly name?: string;
}

/** Put another document in the place of this one. */
export interface ReplaceGraph {
  readonly kind: "replace_graph";
  readonly document: Document;
}

/** Give an input a default of its own; without one, it goes back to that of the class. */
export interface SetDefault {
  readonly kind: "set_default";
  readonly node: string;
  readonly port: string;
  readonly value?: Json;
}

/** Set or take away a property of the whole graph. */
export interface SetGraphProperty {
  readonly kind: "set_graph_property";
  readonly key: string;
  readonly value?: Json;
}

/** Put these groups in the place of all groups. */
export interface SetGroups {
  readonly kind: "set_groups";
  readonly groups: { readonly [key: string]: GroupRecord };
}

/** Set an option of a node (`NODE_OPTIONS`); without a value, what the class says applies. */
export interface SetNodeOption {
  readonly kind: "set_node_option";
  readonly node: string;
  readonly key: string;
  readonly value?: Json;
}

/** Set an option of a port (`PORT_OPTIONS`); without a value, what the class says applies. */
export interface SetPortOption {
  readonly kind: "set_port_option";
  readonly node: string;
  readonly port: string;
  readonly key: string;
  readonly value?: Json;
}

/** Set or take away a property of a node: `frontend:pos` is its place, `frontend:size` how large it is. */
export interface SetProperty {
  readonly kind: "set_property";
  readonly node: string;
  readonly key: string;
  readonly value?: Json;
}

/** Give an input a value; without one, it goes back to its default. */
export interface SetValue {
  readonly kind: "set_value";
  readonly node: string;
  readonly port: string;
  readonly value?: Json;
}

export interface Wire {
  AddEdge: AddEdge;
  AddNode: AddNode;
  ChangeGroups: ChangeGroups;
  ClassRecord: ClassRecord;
  Document: Document;
  Edge: Edge;
  Edit: Edit;
  GroupRecord: GroupRecord;
  NameExternalWorker: NameExternalWorker;
  NodeRecord: NodeRecord;
  PortRecord: PortRecord;
  RemoveEdge: RemoveEdge;
  RemoveNode: RemoveNode;
  RenameNode: RenameNode;
  ReplaceGraph: ReplaceGraph;
  SetDefault: SetDefault;
  SetGraphProperty: SetGraphProperty;
  SetGroups: SetGroups;
  SetNodeOption: SetNodeOption;
  SetPortOption: SetPortOption;
  SetProperty: SetProperty;
  SetValue: SetValue;
}

/** What a value must look like: see `rpc/check.ts`. */
export type Shape =
  | { readonly ref: keyof Wire }
  | { readonly any: true }
  | { readonly of: readonly Shape[] }
  | { readonly one: readonly (string | number | boolean | null)[] }
  | { readonly is: "string" | "boolean" | "null" | "number" }
  | { readonly tuple: readonly Shape[] }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: { readonly [key: string]: Shape }; readonly required: readonly string[] };

export const shapes: { readonly [Name in keyof Wire]: Shape } = {
  AddEdge: {"fields": {"kind": {"one": ["add_edge"]}, "edge": {"ref": "Edge"}, "at": {"of": [{"is": "number"}, {"is": "null"}]}}, "required": ["kind", "edge"]},
  AddNode: {"fields": {"kind": {"one": ["add_node"]}, "node": {"ref": "NodeRecord"}, "at": {"of": [{"is": "number"}, {"is": "null"}]}}, "required": ["kind", "node"]},
  ChangeGroups: {"fields": {"kind": {"one": ["change_groups"]}, "groups": {"map": {"of": [{"ref": "GroupRecord"}, {"is": "null"}]}}}, "required": ["kind", "groups"]},
  ClassRecord: {"fields": {"class_id": {"is": "string"}, "class_name": {"is": "string"}, "description": {"of": [{"is": "string"}, {"is": "null"}]}, "ports": {"list": {"ref": "PortRecord"}}, "reset_inputs_on_trigger": {"is": "boolean"}, "render_options": {"map": {"any": true}}}, "required": ["class_id"]},
  Document: {"fields": {"nodes": {"map": {"ref": "NodeRecord"}}, "edges": {"list": {"ref": "Edge"}}, "properties": {"map": {"any": true}}, "groups": {"map": {"ref": "GroupRecord"}}, "extra": {"map": {"any": true}}, "surroundings": {"map": {"any": true}}}, "required": []},
  Edge: {"tuple": [{"is": "string"}, {"is": "string"}, {"is": "string"}, {"is": "string"}]},
  Edit: {"of": [{"ref": "AddNode"}, {"ref": "RemoveNode"}, {"ref": "AddEdge"}, {"ref": "RemoveEdge"}, {"ref": "SetValue"}, {"ref": "SetDefault"}, {"ref": "RenameNode"}, {"ref": "SetProperty"}, {"ref": "SetNodeOption"}, {"ref": "SetPortOption"}, {"ref": "SetGraphProperty"}, {"ref": "SetGroups"}, {"ref": "ChangeGroups"}, {"ref": "NameExternalWorker"}, {"ref": "ReplaceGraph"}]},
  GroupRecord: {"fields": {"node_ids": {"list": {"is": "string"}}, "child_groups": {"list": {"is": "string"}}, "parent_group": {"of": [{"is": "string"}, {"is": "null"}]}, "meta": {"map": {"any": true}}, "position": {"tuple": [{"is": "number"}, {"is": "number"}]}, "extra": {"map": {"any": true}}}, "required": []},
  NameExternalWorker: {"fields": {"kind": {"one": ["name_external_worker"]}, "class_id": {"is": "string"}, "worker": {"is": "string"}, "name": {"is": "string"}}, "required": ["kind", "class_id", "worker"]},
  NodeRecord: {"fields": {"id": {"is": "string"}, "class_id": {"is": "string"}, "class_name": {"is": "string"}, "name": {"is": "string"}, "description": {"of": [{"is": "string"}, {"is": "null"}]}, "reset_inputs_on_trigger": {"is": "boolean"}, "ports": {"map": {"ref": "PortRecord"}}, "properties": {"map": {"any": true}}, "render_options": {"map": {"any": true}}, "extra": {"map": {"any": true}}, "order": {"list": {"is": "string"}}}, "required": ["id", "class_id"]},
  PortRecord: {"fields": {"id": {"is": "string"}, "is_input": {"is": "boolean"}, "name": {"is": "string"}, "type": {"any": true}, "description": {"of": [{"is": "string"}, {"is": "null"}]}, "class_default": {"any": true}, "default": {"any": true}, "value": {"any": true}, "allow_multiple": {"is": "boolean"}, "required": {"is": "boolean"}, "does_trigger": {"is": "boolean"}, "hidden": {"is": "boolean"}, "emit_value_set": {"is": "boolean"}, "value_options": {"map": {"any": true}}, "render_options": {"map": {"any": true}}, "extra": {"map": {"any": true}}, "order": {"list": {"is": "string"}}}, "required": ["id"]},
  RemoveEdge: {"fields": {"kind": {"one": ["remove_edge"]}, "edge": {"ref": "Edge"}}, "required": ["kind", "edge"]},
  RemoveNode: {"fields": {"kind": {"one": ["remove_node"]}, "id": {"is": "string"}}, "required": ["kind", "id"]},
  RenameNode: {"fields": {"kind": {"one": ["rename_node"]}, "node": {"is": "string"}, "name": {"is": "string"}}, "required": ["kind", "node"]},
  ReplaceGraph: {"fields": {"kind": {"one": ["replace_graph"]}, "document": {"ref": "Document"}}, "required": ["kind", "document"]},
  SetDefault: {"fields": {"kind": {"one": ["set_default"]}, "node": {"is": "string"}, "port": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "node", "port"]},
  SetGraphProperty: {"fields": {"kind": {"one": ["set_graph_property"]}, "key": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "key"]},
  SetGroups: {"fields": {"kind": {"one": ["set_groups"]}, "groups": {"map": {"ref": "GroupRecord"}}}, "required": ["kind", "groups"]},
  SetNodeOption: {"fields": {"kind": {"one": ["set_node_option"]}, "node": {"is": "string"}, "key": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "node", "key"]},
  SetPortOption: {"fields": {"kind": {"one": ["set_port_option"]}, "node": {"is": "string"}, "port": {"is": "string"}, "key": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "node", "port", "key"]},
  SetProperty: {"fields": {"kind": {"one": ["set_property"]}, "node": {"is": "string"}, "key": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "node", "key"]},
  SetValue: {"fields": {"kind": {"one": ["set_value"]}, "node": {"is": "string"}, "port": {"is": "string"}, "value": {"any": true}}, "required": ["kind", "node", "port"]},
};
