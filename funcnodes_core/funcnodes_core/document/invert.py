"""The way back: the edits that undo an edit, known before it is applied."""

from typing import assert_never

from msgspec import UNSET

from funcnodes_core.document.draft import Draft, groups_without, whole
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
from funcnodes_core.document.external import name_of
from funcnodes_core.document.grouping import difference
from funcnodes_core.document.model import Document, NodeId, PortId, PortRecord


def invert(document: Document, edit: Edit) -> tuple[Edit, ...]:
    """Return the edits that lead from the document after the edit back to this one, first one first."""
    return invert_in_draft(Draft(document), edit)


def invert_in_draft(draft: Draft, edit: Edit) -> tuple[Edit, ...]:
    """Return the edits that lead back to the draft as it is now."""
    match edit:
        case SetValue(node, port):
            return (SetValue(node, port, _port(draft, node, port).value),)
        case SetDefault(node, port):
            return (SetDefault(node, port, _port(draft, node, port).default),)
        case SetPortOption(node, port, key):
            return (SetPortOption(node, port, key, getattr(_port(draft, node, port), key)),)
        case SetProperty(node, key):
            return (SetProperty(node, key, draft.nodes[node].properties.get(key, UNSET)),)
        case SetNodeOption(node, key):
            return (SetNodeOption(node, key, getattr(draft.nodes[node], key)),)
        case RenameNode(node):
            return (RenameNode(node, draft.nodes[node].name),)
        case AddNode(node):
            return (RemoveNode(node.id),)
        case RemoveNode(node):
            return _bring_back(draft, node)
        case AddEdge(edge):
            return (RemoveEdge(edge),)
        case RemoveEdge(edge):
            return (AddEdge(edge, draft.places_of((edge,))[0][0]),)
        case SetGraphProperty(key):
            return (SetGraphProperty(key, draft.properties.get(key, UNSET)),)
        case SetGroups():
            return (SetGroups(draft.groups),)
        case ChangeGroups(groups):
            return (ChangeGroups({name: draft.groups.get(name) for name in groups}),)
        case NameExternalWorker(class_id, worker):
            return (NameExternalWorker(class_id, worker, name_of(draft.surroundings, class_id, worker)),)
        case ReplaceGraph():
            return (ReplaceGraph(whole(draft.finish())),)
        case _:
            assert_never(edit)


def _port(draft: Draft, node: NodeId, port: PortId) -> PortRecord:
    return draft.nodes[node].ports.get(port) or PortRecord(id=port)


def _bring_back(draft: Draft, node: NodeId) -> tuple[Edit, ...]:
    """Return the edits that put a node where it was, with its edges and its groups."""
    back: list[Edit] = [AddNode(draft.nodes[node], draft.place_of_node(node))]
    edges = draft.edges_of(node)
    if edges:
        back += [AddEdge(edge, place) for place, edge in draft.places_of(edges)]
    left = groups_without(draft.groups, node)
    if left is not draft.groups:
        # Only the groups it leaves: others may be changed by somebody else before this is undone.
        back.append(ChangeGroups(difference(left, draft.groups)))
    return tuple(back)
