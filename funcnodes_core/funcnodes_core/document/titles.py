"""What a change is called in the history: "moved 3 nodes", "set `a` of Add to 5".

Owns the sentences. Nodes are called as their user sees them at that moment, so a title is made when the
change is and kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import msgspec
from msgspec import UNSET

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
from funcnodes_core.document.model import Document, Edge, GroupRecord, NodeId, NodeRecord, PortId

_MAX_VALUE = 40
_MAX_NAME = 60
_MAX_PHRASES = 3
POSITION = "frontend:pos"
SIZE = "frontend:size"
NOTE = "note:"
"""A property of the graph under `note:<id>` is a note on the canvas."""


def title_of(before: Document, after: Document, edits: Sequence[Edit]) -> str:
    """Return what a change is called; it begins with a verb in the past tense."""
    if len(edits) == 1:
        return _one(before, after, edits[0])
    kinds: dict[str, list[Edit]] = {}
    for edit in edits:
        kinds.setdefault(_kind(edit), []).append(edit)
    # A value typed as the published client sends it sets the default with it: one thing was done.
    if kinds.keys() == {"set_value", "set_default"} and len(edits) == 2:
        return _one(before, after, edits[1])
    phrases = [
        _one(before, after, same[0]) if len(same) == 1 else _several(kind, before, after, same)
        for kind, same in kinds.items()
    ]
    if len(phrases) > _MAX_PHRASES:
        return f"{', '.join(phrases[:_MAX_PHRASES])} and more"
    return ", ".join(phrases)


def _kind(edit: Edit) -> str:
    if isinstance(edit, SetProperty) and edit.key in (POSITION, SIZE):
        return edit.key
    return str(edit.__struct_config__.tag)


def _one(before: Document, after: Document, edit: Edit) -> str:
    match edit:
        case SetValue(node, port, value):
            return _said(f"{_port(port)} of {_name(before, after, node)}", value, "reset")
        case SetDefault(node, port, value):
            where = f"the default of {_port(port)} of {_name(before, after, node)}"
            return _said(where, value, "reset")
        case SetPortOption(node, port, key, value):
            where = f"{_word(key)} of {_port(port)} of {_name(before, after, node)}"
            return _said(where, value, "reset")
        case SetNodeOption(node, key, value):
            return _said(f"{_word(key)} of {_name(before, after, node)}", value, "reset")
        case SetProperty(node, key, value):
            verb = {POSITION: "moved", SIZE: "resized"}.get(key)
            name = _name(before, after, node)
            return f"{verb} {name}" if verb else _said(f"{_word(key)} of {name}", value, "removed")
        case RenameNode(node, name):
            called = _name(before, before, node)
            return f"took the name of {called} away" if name is UNSET else f"renamed {called} to {_cut(name)}"
        case AddNode(node):
            return f"added {name_of(node)}"
        case RemoveNode(node):
            return f"removed {_name(before, before, node)}"
        case AddEdge(edge):
            return f"connected {_edge(before, after, edge)}"
        case RemoveEdge(edge):
            return f"disconnected {_edge(before, after, edge)}"
        case SetGraphProperty(key, value):
            if key.startswith(NOTE):
                return "removed a note" if value is UNSET else "wrote a note"
            return _said(f"{_word(key)} of the graph", value, "removed")
        case SetGroups() | ChangeGroups():
            return _grouped(before.groups, after.groups)
        case NameExternalWorker(_, worker, name):
            return f"renamed the external worker {_cut(worker)}" + (
                "" if name is UNSET else f" to {_cut(name)}"
            )
        case ReplaceGraph(document):
            return "replaced the whole graph" if document.nodes else "cleared the graph"
        case _:
            assert_never(edit)


def _several(kind: str, before: Document, after: Document, same: Sequence[Edit]) -> str:
    count = len(same)
    match kind:
        case "add_node":
            return f"added {count} nodes"
        case "remove_node":
            return f"removed {count} nodes"
        case "add_edge":
            return f"connected {count} wires"
        case "remove_edge":
            return f"disconnected {count} wires"
        case "rename_node":
            return f"renamed {count} nodes"
        case "set_value":
            return f"set {count} values"
        case "set_default":
            return f"set {count} defaults"
        case "set_groups" | "change_groups":
            return _grouped(before.groups, after.groups)
        case "replace_graph":
            return "replaced the whole graph"
        case _ if kind == POSITION:
            return f"moved {count} nodes"
        case _ if kind == SIZE:
            return f"resized {count} nodes"
        case "set_property" | "set_graph_property":
            return f"set {count} properties"
        case _:
            return f"set {count} options"


def _grouped(before: Mapping[str, GroupRecord], after: Mapping[str, GroupRecord]) -> str:
    if len(after) > len(before):
        return "grouped nodes"
    if len(after) < len(before):
        return "dissolved a group" if len(before) - len(after) == 1 else "dissolved groups"
    changed = [name for name, group in after.items() if before.get(name) != group]
    moved = all(
        msgspec.structs.replace(after[name], position=UNSET)
        == msgspec.structs.replace(before[name], position=UNSET)
        for name in changed
        if name in before
    )
    return "moved a group" if changed and moved else "changed groups"


def _said(where: str, value: Any, taken_away: str) -> str:
    return f"{taken_away} {where}" if value is UNSET else f"set {where} to {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, dict) and list(value) == ["$stored"]:  # pyright: ignore[reportUnknownArgumentType]
        return "a large value"
    # No more of a long value is written than is shown.
    if isinstance(value, str):
        return _cut(msgspec.json.encode(value[: _MAX_VALUE + 1]).decode(), _MAX_VALUE)
    if isinstance(value, list | dict) and len(value) > _MAX_VALUE:  # pyright: ignore[reportUnknownArgumentType]
        return f"{len(value)} items"  # pyright: ignore[reportUnknownArgumentType]
    return _cut(msgspec.json.encode(value).decode(), _MAX_VALUE)


def _word(key: str) -> str:
    return f"`{_cut(key)}`"


def _port(port: PortId) -> str:
    return f"`{_cut(port)}`"


def _edge(before: Document, after: Document, edge: Edge) -> str:
    source, target = _name(before, after, edge.src_node), _name(before, after, edge.trg_node)
    return f"`{_cut(edge.src_port)}` of {source} to `{_cut(edge.trg_port)}` of {target}"


def _name(before: Document, after: Document, node: NodeId) -> str:
    record = after.nodes.get(node) or before.nodes.get(node)
    return _cut(node) if record is None else name_of(record)


def name_of(node: NodeRecord) -> str:
    """Return what a person calls the node; `Class(id)` is no name that anybody chose."""
    kind = node.class_id if node.class_name is UNSET or not node.class_name else node.class_name
    own = None if node.name is UNSET else node.name
    return _cut(kind if not own or own == f"{kind}({node.id})" else own)


def _cut(text: str, most: int = _MAX_NAME) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
