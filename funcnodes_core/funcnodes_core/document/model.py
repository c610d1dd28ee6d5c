"""The records a document is made of: nodes, ports, edges, groups, and what is known about node classes.

Owns their fields and their JSON form. What may be done with them is said by `rules`, how they are saved by
`serialize`.

A field that is `UNSET` says nothing: it is absent in JSON, and what the node's class says applies. All
records are frozen and shared between documents; their mappings are never changed in place.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET, Struct, UnsetType

JsonValue: TypeAlias = Any
"""A value as JSON knows it; one that is large or not JSON is a reference `{"$stored": "<sha256>"}`."""

NodeId: TypeAlias = str
PortId: TypeAlias = str
GroupId: TypeAlias = str
ClassId: TypeAlias = str

TRIGGER_INPUT = "_triggerinput"
"""Every node has this input without listing it; edges may end there."""
TRIGGER_OUTPUT = "_triggeroutput"
"""Every node has this output without listing it; edges may begin there."""
TRIGGER_PAIR = frozenset({TRIGGER_INPUT, TRIGGER_OUTPUT})


class Edge(NamedTuple):
    """A wire from an output (or a forwarding input) to an input. In JSON a list of its four texts."""

    src_node: NodeId
    src_port: PortId
    trg_node: NodeId
    trg_port: PortId


class PortRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A port of one node: what its class says about it, changed by what the user and the node's code say."""

    id: PortId
    is_input: bool = True
    name: str | UnsetType = UNSET
    """Absent when the port is called by its id."""
    type: JsonValue | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    class_default: JsonValue | UnsetType = UNSET
    """What the class gives as default; never saved, filled in from the library."""
    default: JsonValue | UnsetType = UNSET
    """The default a user chose for this one input; absent: the class's."""
    value: JsonValue | UnsetType = UNSET
    """The value a user gave this input; absent: the default."""
    allow_multiple: bool | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    does_trigger: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    emit_value_set: bool = True
    value_options: Mapping[str, JsonValue] | UnsetType = UNSET
    render_options: Mapping[str, JsonValue] | UnsetType = UNSET
    extra: Mapping[str, JsonValue] = {}
    """Keys of a saved file that nobody here knows; written back as they came."""
    order: tuple[str, ...] = ()
    """The order the keys had in the saved file, so that they are written back in it."""


class NodeRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A node of the graph. While its class is missing it is a placeholder, and nothing of it is lost."""

    id: NodeId
    class_id: ClassId
    """What a saved file calls `node_id`."""
    class_name: str | UnsetType = UNSET
    """What a saved file calls `node_name`."""
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    reset_inputs_on_trigger: bool | UnsetType = UNSET
    ports: Mapping[PortId, PortRecord] = {}
    """All ports but the trigger pair, in the order of their declaration."""
    properties: Mapping[str, JsonValue] = {}
    """Among them `frontend:pos` and `frontend:size`."""
    render_options: Mapping[str, JsonValue] | UnsetType = UNSET
    extra: Mapping[str, JsonValue] = {}
    order: tuple[str, ...] = ()


class GroupRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A group of nodes and of other groups."""

    node_ids: tuple[NodeId, ...] = ()
    child_groups: tuple[GroupId, ...] = ()
    parent_group: GroupId | None = None
    meta: Mapping[str, JsonValue] = {}
    position: tuple[float, float] | UnsetType = UNSET
    extra: Mapping[str, JsonValue] = {}


class Document(Struct, frozen=True, omit_defaults=True, kw_only=True, dict=True, weakref=True):
    """A whole graph as its user made it. An edit gives a new one that shares what did not change."""

    nodes: Mapping[NodeId, NodeRecord] = {}
    edges: tuple[Edge, ...] = ()
    properties: Mapping[str, JsonValue] = {}
    """The graph's own public properties (`prop` in a saved file)."""
    groups: Mapping[GroupId, GroupRecord] = {}
    extra: Mapping[str, JsonValue] = {}
    """Unknown keys beside `nodes` and `edges` in the `backend` of a saved file."""
    surroundings: Mapping[str, JsonValue] = {}
    """What a saved file holds beside `backend`: view, meta, external workers, unknown keys; as it came."""


class ClassRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the library knows about a node class, as plain data.

    Ports: inputs, then outputs, without the trigger pair. A port's `class_default` is the default the class
    gives it; absent when it gives none.
    """

    class_id: ClassId
    class_name: str = ""
    description: str | None = None
    ports: tuple[PortRecord, ...] = ()
    reset_inputs_on_trigger: bool = False
    render_options: Mapping[str, JsonValue] = {}


Classes: TypeAlias = Mapping[ClassId, ClassRecord]
"""The node classes that are installed, by their ids."""


def is_stored_reference(value: JsonValue) -> bool:
    """Tell whether a value is a reference to content that the store keeps by its hash."""
    return isinstance(value, dict) and list(value) == ["$stored"]  # pyright: ignore[reportUnknownArgumentType]
