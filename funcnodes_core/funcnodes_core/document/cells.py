"""What an edit touches: places in a document as paths, and whether two changes meet.

Owns the answer to "would undoing this spoil what was done since". A path covers all below it: a node
covers its values, the whole graph covers everything. A change *writes* places and *needs* others to be as
they are: a typed value needs its input to be free, two edges into one input do not need each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from msgspec import Struct

from funcnodes_core.document.edits import (
    AddEdge,
    AddNode,
    ChangeGroups,
    Edit,
    NameExternalWorker,
    RemoveEdge,
    RemoveNode,
    RenameNode,
    ReplaceGraph,
    SetDefault,
    SetGraphProperty,
    SetGroups,
    SetNodeOption,
    SetPortOption,
    SetProperty,
    SetValue,
)
from funcnodes_core.document.model import Edge, GroupId, GroupRecord

Cell: TypeAlias = tuple[object, ...]
"""A place: `("node", "n1", "value", "a")`."""


class Footprint(Struct, frozen=True):
    """The places a change writes and those it needs as they are."""

    writes: frozenset[Cell]
    needs: frozenset[Cell]


def footprint(*lists: Iterable[Edit]) -> Footprint:
    """Return what these edits touch together: those of a change and those of its way back."""
    writes: set[Cell] = set()
    needs: set[Cell] = set()
    for edits in lists:
        for edit in edits:
            _note(edit, writes, needs)
    return Footprint(frozenset(writes), frozenset(needs))


def meet(one: Footprint, other: Footprint) -> bool:
    """Tell whether one change writes what the other writes or needs."""
    return (
        _cross(one.writes, other.writes) or _cross(one.writes, other.needs) or _cross(one.needs, other.writes)
    )


def _cross(some: frozenset[Cell], others: frozenset[Cell]) -> bool:
    above = {cell[:depth] for cell in some for depth in range(len(cell))}
    return any(
        other in above or any(other[:depth] in some for depth in range(len(other) + 1)) for other in others
    )


def _note(edit: Edit, writes: set[Cell], needs: set[Cell]) -> None:
    match edit:
        case SetValue(node, port):
            writes.add(("node", node, "value", port))
            needs.add(("node", node, "fed", port))
        case SetDefault(node, port):
            writes.add(("node", node, "default", port))
            needs.add(("node", node, "fed", port))
        case SetPortOption(node, port, key):
            writes.add(("node", node, "port", port, key))
        case SetProperty(node, key):
            writes.add(("node", node, "property", key))
        case SetNodeOption(node, key):
            writes.add(("node", node, "option", key))
        case RenameNode(node):
            writes.add(("node", node, "name"))
        case AddNode(node):
            writes.add(("node", node.id))
        case RemoveNode(node):
            writes.add(("node", node))
        case AddEdge(edge) | RemoveEdge(edge):
            _note_edge(edge, writes)
        case SetGraphProperty(key):
            writes.add(("graph", key))
        case SetGroups(groups):
            writes.add(("group",))
            _note_members(groups.values(), needs)
        case ChangeGroups(groups):
            _note_groups(groups.keys(), writes)
            _note_members(groups.values(), needs)
        case NameExternalWorker(class_id, worker):
            writes.add(("external", class_id, worker))
        case ReplaceGraph():
            writes.add(())
        case _:
            assert_never(edit)


def _note_edge(edge: Edge, writes: set[Cell]) -> None:
    writes.add(("node", edge.src_node, "feeds", edge))
    writes.add(("node", edge.trg_node, "fed", edge.trg_port, edge))


def _note_groups(names: Iterable[GroupId], writes: set[Cell]) -> None:
    writes.update(("group", name) for name in names)


def _note_members(groups: Iterable[GroupRecord | None], needs: set[Cell]) -> None:
    needs.update(("node", node, "group") for group in groups if group is not None for node in group.node_ids)
