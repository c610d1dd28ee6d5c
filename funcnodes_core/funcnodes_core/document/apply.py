"""The effect of an edit: the document after it.

Asks no rule: an edit of the journal was allowed when it was made, though the ports a node's code had made at
that time may be gone since. So a port that is not listed is made here rather than missed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from funcnodes_core.document.draft import Draft, groups_without, with_item, without_item
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
from funcnodes_core.document.external import with_name
from funcnodes_core.document.grouping import changed
from funcnodes_core.document.model import (
    TRIGGER_OUTPUT,
    TRIGGER_PAIR,
    Document,
    JsonValue,
    NodeId,
    PortId,
    PortRecord,
)


def apply(document: Document, edit: Edit) -> Document:
    """Return the document after an edit; it shares with the one before all that did not change."""
    return apply_all(document, (edit,))


def apply_all(document: Document, edits: Iterable[Edit]) -> Document:
    """Return the document after all these edits, at the cost of one copy."""
    draft = Draft(document)
    for edit in edits:
        apply_to_draft(draft, edit)
    return draft.finish()


def apply_to_draft(draft: Draft, edit: Edit) -> None:
    """Change the draft as the edit says."""
    match edit:
        case SetValue(node, port, value):
            _change_port(draft, node, port, value=value)
        case SetDefault(node, port, value):
            _change_port(draft, node, port, default=value)
        case SetPortOption(node, port, key, value):
            _change_port(draft, node, port, **{key: value})
        case SetProperty(node, key, value):
            _change_node(draft, node, properties=_set(draft.nodes[node].properties, key, value))
        case SetNodeOption(node, key, value):
            _change_node(draft, node, **{key: value})
        case RenameNode(node, name):
            _change_node(draft, node, name=name)
        case AddNode(node, at):
            draft.put_node(node, at)
        case RemoveNode(node):
            draft.put_groups(groups_without(draft.groups, node))
            draft.drop_node(node)
        case AddEdge(edge, at):
            draft.put_edge(edge, at)
        case RemoveEdge(edge):
            draft.drop_edge(edge)
        case SetGraphProperty(key, value):
            draft.put_properties(_set(draft.properties, key, value))
        case SetGroups(groups):
            draft.put_groups(groups)
        case ChangeGroups(groups):
            draft.put_groups(changed(draft.groups, groups))
        case NameExternalWorker(class_id, worker, name):
            draft.put_surroundings(with_name(draft.surroundings, class_id, worker, name))
        case ReplaceGraph(document):
            draft.put_document(document)
        case _:
            assert_never(edit)


def _set(mapping: Mapping[str, JsonValue], key: str, value: JsonValue | UnsetType) -> Mapping[str, JsonValue]:
    return without_item(mapping, key) if value is UNSET else with_item(mapping, key, value)


def _change_node(draft: Draft, node: NodeId, **changes: Any) -> None:
    draft.put_node(replace(draft.nodes[node], **changes))


def _change_port(draft: Draft, node: NodeId, port: PortId, **changes: Any) -> None:
    record = draft.nodes[node]
    bare = PortRecord(id=port, is_input=port != TRIGGER_OUTPUT)
    ports = {**record.ports, port: replace(record.ports.get(port, bare), **changes)}
    if port in TRIGGER_PAIR and ports[port] == bare:
        # The trigger pair is listed only while something is said about it, so that the way back ends equal.
        del ports[port]
    draft.put_node(replace(record, ports=ports))
