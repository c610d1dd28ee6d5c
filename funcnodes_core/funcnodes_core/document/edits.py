"""The closed set of edits: every change a user can make to a document, as frozen records.

Owns their names and their JSON form, tagged by `kind`. What they do is in `apply`, whether they may in
`rules`, their way back in `invert`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from funcnodes_core.document.layers import as_written
from funcnodes_core.document.model import (
    Document,
    Edge,
    GroupId,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
)


class _Edit(Struct, frozen=True, omit_defaults=True, tag_field="kind", forbid_unknown_fields=True):
    """What all edits share: frozen, tagged, and closed to keys that nobody knows."""


class AddNode(_Edit, frozen=True, tag="add_node"):
    """Put a node into the document, at the end or at a place in the order of nodes."""

    node: NodeRecord
    at: int | None = None


class RemoveNode(_Edit, frozen=True, tag="remove_node"):
    """Take a node out, with its edges and its place in a group."""

    id: NodeId


class AddEdge(_Edit, frozen=True, tag="add_edge"):
    """Wire two ports. The target gives up the value and the default a user had set on it."""

    edge: Edge
    at: int | None = None


class RemoveEdge(_Edit, frozen=True, tag="remove_edge"):
    """Take a wire out."""

    edge: Edge


class SetValue(_Edit, frozen=True, tag="set_value"):
    """Give an input a value; without one, it goes back to its default."""

    node: NodeId
    port: PortId
    value: JsonValue | UnsetType = UNSET


class SetDefault(_Edit, frozen=True, tag="set_default"):
    """Give an input a default of its own; without one, it goes back to that of the class."""

    node: NodeId
    port: PortId
    value: JsonValue | UnsetType = UNSET


class RenameNode(_Edit, frozen=True, tag="rename_node"):
    """Call a node by another name; without one, it has none of its own."""

    node: NodeId
    name: str | UnsetType = UNSET


class SetProperty(_Edit, frozen=True, tag="set_property"):
    """Set or take away a property of a node: `frontend:pos` is its place, `frontend:size` how large it is."""

    node: NodeId
    key: str
    value: JsonValue | UnsetType = UNSET


class SetNodeOption(_Edit, frozen=True, tag="set_node_option"):
    """Set an option of a node (`NODE_OPTIONS`); without a value, what the class says applies."""

    node: NodeId
    key: str
    value: JsonValue | UnsetType = UNSET


class SetPortOption(_Edit, frozen=True, tag="set_port_option"):
    """Set an option of a port (`PORT_OPTIONS`); without a value, what the class says applies."""

    node: NodeId
    port: PortId
    key: str
    value: JsonValue | UnsetType = UNSET


class SetGraphProperty(_Edit, frozen=True, tag="set_graph_property"):
    """Set or take away a property of the whole graph."""

    key: str
    value: JsonValue | UnsetType = UNSET


class SetGroups(_Edit, frozen=True, tag="set_groups"):
    """Put these groups in the place of all groups."""

    groups: Mapping[GroupId, GroupRecord]


class ChangeGroups(_Edit, frozen=True, tag="change_groups"):
    """Put these groups in the place of those with the same ids, and take away those that are null.

    Only what is named changes, so two people who group at once do not undo each other's groups.
    """

    groups: Mapping[GroupId, GroupRecord | None]


class NameExternalWorker(_Edit, frozen=True, tag="name_external_worker"):
    """Call an instance of an external worker by another name; without one, by that of its class."""

    class_id: str
    worker: str
    name: str | UnsetType = UNSET


class ReplaceGraph(_Edit, frozen=True, tag="replace_graph"):
    """Put another document in the place of this one."""

    document: Document


Edit: TypeAlias = (
    AddNode
    | RemoveNode
    | AddEdge
    | RemoveEdge
    | SetValue
    | SetDefault
    | RenameNode
    | SetProperty
    | SetNodeOption
    | SetPortOption
    | SetGraphProperty
    | SetGroups
    | ChangeGroups
    | NameExternalWorker
    | ReplaceGraph
)

NODE_OPTIONS = frozenset({"description", "reset_inputs_on_trigger", "render_options"})
"""The keys `SetNodeOption` knows."""
PORT_OPTIONS = frozenset(
    {"name", "description", "hidden", "required", "does_trigger", "value_options", "render_options"}
)
"""The keys `SetPortOption` knows."""

_encoder = msgspec.json.Encoder(enc_hook=as_written)


@cache
def _decoder() -> msgspec.json.Decoder[tuple[Edit, ...]]:
    # Made for the first edits that are read: it takes longer than everything else in this file.
    return msgspec.json.Decoder(tuple[Edit, ...])


def encode_edits(edits: Sequence[Edit]) -> bytes:
    """Return the edits as JSON text."""
    return _encoder.encode(edits)


def decode_edits(text: bytes | str) -> tuple[Edit, ...]:
    """Return the edits a JSON text holds; raises `msgspec.ValidationError` when it holds anything else."""
    return _decoder().decode(text)
