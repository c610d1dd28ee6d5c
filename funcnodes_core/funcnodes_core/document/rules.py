"""What a document allows: every edit is checked whole before anything changes.

Knows the document only. That a class is installed, that a value fits its type, is asked elsewhere or not at
all: a placeholder may be wired, moved, renamed and given values like any node.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any, assert_never, cast

from msgspec import UNSET, UnsetType

from funcnodes_core.document.draft import Draft
from funcnodes_core.document.edits import (
    NODE_OPTIONS,
    PORT_OPTIONS,
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
from funcnodes_core.document.external import is_there
from funcnodes_core.document.graph_properties import wanted_for
from funcnodes_core.document.grouping import changed
from funcnodes_core.document.keys import keyed, source_port
from funcnodes_core.document.model import (
    TRIGGER_INPUT,
    TRIGGER_OUTPUT,
    Document,
    Edge,
    GroupId,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
)
from funcnodes_core.document.refusals import (
    BrokenGroups,
    BrokenRecord,
    EdgeExists,
    EdgeNotFound,
    ExternalWorkerNotFound,
    ForwardsInACircle,
    InputIsConnected,
    NodeExists,
    NodeNotFound,
    NotAnInput,
    NotJson,
    OutputIsConnected,
    PortNotFound,
    UnknownOption,
    WrongGraphProperty,
    WrongOptionValue,
)

_BARE_TRIGGERS = {
    TRIGGER_INPUT: PortRecord(id=TRIGGER_INPUT),
    TRIGGER_OUTPUT: PortRecord(id=TRIGGER_OUTPUT, is_input=False),
}

_PLAIN = frozenset({str, int, bool, type(None)})

_OPTION_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "name": ((str,), "a text"),
    "description": ((str, type(None)), "a text or null"),
    "hidden": ((bool,), "true or false"),
    "required": ((bool,), "true or false"),
    "does_trigger": ((bool,), "true or false"),
    "reset_inputs_on_trigger": ((bool,), "true or false"),
    "value_options": ((dict,), "an object"),
    "render_options": ((dict,), "an object"),
}


def check(document: Document, edit: Edit) -> None:
    """Return when the document allows the edit; raises `EditRejected` with the reason when it does not."""
    check_in_draft(Draft(document), edit)


def check_in_draft(draft: Draft, edit: Edit) -> None:
    """Return when the draft, as it is now, allows the edit."""
    match edit:
        case SetValue(node, port, value) | SetDefault(node, port, value):
            _check_json(value)
            _check_input_is_free(draft, node, port)
        case SetPortOption(node, port, key, value):
            _check_json(value)
            _port(draft, node, port)
            _check_option(key, value, PORT_OPTIONS)
        case SetNodeOption(node, key, value):
            _check_json(value)
            _node(draft, node)
            _check_option(key, value, NODE_OPTIONS)
        case SetProperty(node, _, value):
            _check_json(value)
            _node(draft, node)
        case RenameNode(node) | RemoveNode(node):
            _node(draft, node)
        case AddNode(node, at):
            if node.id in draft.nodes:
                raise NodeExists(node.id)
            _check_place(at)
            _check_record(node.id, node)
        case AddEdge(edge, at):
            _check_place(at)
            _check_edge(draft, edge)
        case RemoveEdge(edge):
            if edge not in draft.edges_of(edge.src_node):
                raise EdgeNotFound(edge)
        case SetGroups(groups):
            _check_groups(groups, draft.nodes)
        case ChangeGroups(groups):
            _check_groups(changed(draft.groups, groups), draft.nodes)
        case NameExternalWorker(class_id, worker):
            if not is_there(draft.surroundings, class_id, worker):
                raise ExternalWorkerNotFound(class_id, worker)
        case ReplaceGraph(document):
            _check_document(document)
        case SetGraphProperty(key, value):
            _check_json(value)
            _check_graph_property(key, value)
        case _:
            assert_never(edit)


def _check_graph_property(key: str, value: Any) -> None:
    wanted = None if value is UNSET else wanted_for(key, value)
    if wanted is not None:
        raise WrongGraphProperty(key, wanted)


def _node(draft: Draft, node: NodeId) -> NodeRecord:
    record = draft.nodes.get(node)
    if record is None:
        raise NodeNotFound(node)
    return record


def _port(draft: Draft, node: NodeId, port: PortId) -> PortRecord:
    record = _node(draft, node).ports.get(port) or _BARE_TRIGGERS.get(port)
    if record is None:
        raise PortNotFound(node, port)
    return record


def _source(draft: Draft, node: NodeId, port: PortId) -> PortRecord:
    return source_port(_node(draft, node), port) or _port(draft, node, port)


def _check_input_is_free(draft: Draft, node: NodeId, port: PortId) -> None:
    if not _port(draft, node, port).is_input:
        raise NotAnInput(node, port)
    feeding = _edge_into(draft, node, port)
    if feeding is not None:
        raise InputIsConnected(node, port, feeding)


def _edge_into(draft: Draft, node: NodeId, port: PortId) -> Edge | None:
    return next((e for e in draft.edges_of(node) if e.trg_port == port and e.trg_node == node), None)


def _edge_out_of(draft: Draft, node: NodeId, port: PortId) -> Edge | None:
    return next((e for e in draft.edges_of(node) if e.src_port == port and e.src_node == node), None)


def _check_option(key: str, value: JsonValue | UnsetType, known: frozenset[str]) -> None:
    if key not in known:
        raise UnknownOption(key, known)
    kinds, expected = _OPTION_KINDS[key]
    if value is not UNSET and not isinstance(value, kinds):
        raise WrongOptionValue(key, expected)


def _check_json(value: JsonValue | UnsetType) -> None:
    """Refuse what would come back from a file as something else: nan, infinity, tuples, objects."""
    waiting: list[Any] = [] if value is UNSET else [value]
    while waiting:
        one = waiting.pop()
        kind = cast("type[object]", type(one))
        if kind is dict:
            waiting += one.values()
            if all(type(key) is str for key in one):
                continue
        elif kind is list:
            waiting += one
            continue
        elif (kind is float and isfinite(one)) or kind in _PLAIN:
            continue
        raise NotJson(one)


def _check_place(at: int | None) -> None:
    if at is not None and at < 0:
        raise BrokenRecord(f"a place counts from 0, not {at}")


def _check_record(key: NodeId, node: NodeRecord) -> None:
    if not node.id or key != node.id:
        raise BrokenRecord(f"node {node.id!r} stands under the id {key!r}")
    ports = node.ports
    if _whole.get(id(ports)) is ports:
        return
    keys = keyed(ports.values())
    for name, port in ports.items():
        if keys.get(name) is not port:
            raise BrokenRecord(f"port {port.id!r} of node {node.id!r} stands under the id {name!r}")
    if len(_whole) >= _MAX_WHOLE:
        _whole.clear()
    _whole[id(ports)] = ports


_MAX_WHOLE = 500
_whole: dict[int, Mapping[PortId, PortRecord]] = {}
"""Ports that were checked, by identity: all new nodes of a class share theirs, which are never changed."""


def _check_edge(draft: Draft, edge: Edge) -> None:
    source = _source(draft, edge.src_node, edge.src_port)
    target = _port(draft, edge.trg_node, edge.trg_port)
    if not target.is_input:
        raise NotAnInput(edge.trg_node, edge.trg_port)
    if edge in draft.edges_of(edge.src_node):
        raise EdgeExists(edge)
    if target.allow_multiple is not True:
        feeding = _edge_into(draft, edge.trg_node, edge.trg_port)
        if feeding is not None:
            raise InputIsConnected(edge.trg_node, edge.trg_port, feeding)
    if source.is_input:
        _check_forward(draft, edge)
    elif source.allow_multiple is False:
        fed = _edge_out_of(draft, edge.src_node, edge.src_port)
        if fed is not None:
            raise OutputIsConnected(edge.src_node, edge.src_port, fed)


def _check_forward(draft: Draft, edge: Edge) -> None:
    """Refuse an edge between inputs from whose target one gets back to its source over inputs alone."""
    start = (edge.src_node, edge.src_port)
    waiting, seen = [(edge.trg_node, edge.trg_port)], set[tuple[NodeId, PortId]]()
    while waiting:
        here = waiting.pop()
        if here == start:
            raise ForwardsInACircle(edge)
        if here not in seen:
            seen.add(here)
            waiting += [
                (onward.trg_node, onward.trg_port)
                for onward in draft.edges_of(here[0])
                if (onward.src_node, onward.src_port) == here and _source(draft, *here).is_input
            ]


def _check_document(document: Document) -> None:
    for key, value in document.properties.items():
        _check_graph_property(key, value)
    for key, node in document.nodes.items():
        _check_record(key, node)
    for edge in document.edges:
        for end in (edge.src_node, edge.trg_node):
            if end not in document.nodes:
                raise NodeNotFound(end)
    if len(set(document.edges)) != len(document.edges):
        raise BrokenRecord("an edge stands in it twice")
    _check_groups(document.groups, document.nodes)


def _check_groups(groups: Mapping[GroupId, GroupRecord], nodes: Mapping[NodeId, NodeRecord]) -> None:
    homes: dict[NodeId, GroupId] = {}
    rooted: set[GroupId] = set()
    for name, group in groups.items():
        if not group.node_ids and not group.child_groups:
            raise BrokenGroups(name, "it holds nothing")
        for node in group.node_ids:
            if node not in nodes:
                raise NodeNotFound(node)
            if homes.setdefault(node, name) != name:
                raise BrokenGroups(name, f"node {node!r} can be in one group only")
        if len(set(group.node_ids)) != len(group.node_ids):
            raise BrokenGroups(name, "a node stands in it twice")
        _check_kinship(name, group, groups, rooted)


def _check_kinship(
    name: GroupId, group: GroupRecord, groups: Mapping[GroupId, GroupRecord], rooted: set[GroupId]
) -> None:
    """Refuse a group that its neighbours contradict; `rooted` are those known to end at the top."""
    for child in group.child_groups:
        if child not in groups or groups[child].parent_group != name:
            raise BrokenGroups(name, f"its child {child!r} does not name it as parent")
    if len(set(group.child_groups)) != len(group.child_groups):
        raise BrokenGroups(name, "a child stands in it twice")
    above, seen = group.parent_group, {name}
    if above is not None and (above not in groups or name not in groups[above].child_groups):
        raise BrokenGroups(name, f"its parent {above!r} does not name it as child")
    while above is not None and above not in rooted:
        if above in seen or above not in groups:
            raise BrokenGroups(name, "it would stand inside itself")
        seen.add(above)
        above = groups[above].parent_group
    rooted |= seen
