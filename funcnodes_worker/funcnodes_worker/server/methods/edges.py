"""Methods about edges and groups."""

from __future__ import annotations

from typing import Any

import msgspec
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import AddEdge, ChangeGroups, Edit, RemoveEdge
from funcnodes_core.document.grouping import difference, dissolved, group_together
from funcnodes_core.document.model import Document, Edge, GroupId, GroupRecord, NodeId
from funcnodes_core.document.refusals import EdgeExists
from msgspec import structs

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams, NotFound
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server import shapes
from funcnodes_worker.server.context import CallContext, port_of

TABLE: MethodTable[CallContext] = MethodTable()


class Ends(msgspec.Struct, frozen=True):
    """The two ends of an edge."""

    src_nid: str
    src_ioid: str
    trg_nid: str
    trg_ioid: str


class NewEdge(Ends, frozen=True):
    """An edge to add; `replace` takes out what feeds the input now."""

    replace: bool = False


@TABLE.method("add_edge", Right.EDIT, NewEdge, Turn.EDIT)
async def add_edge(context: CallContext, params: NewEdge) -> list[str] | None:
    """Return the edge from output to input, or null when it was there already."""
    head = context.head
    edge = _in_order(head, params)
    if edge in wires_of(head).get(edge.src_node, ()):
        return None

    def wire(document: Document) -> list[Edit]:
        edits: list[Edit] = []
        if params.replace:
            occupied = wires_of(document).get(edge.trg_node, ())
            edits += [RemoveEdge(one) for one in occupied if one[2:] == edge[2:]]
        return [*edits, AddEdge(edge)]

    try:
        await context.commit(wire)
    except EdgeExists:
        return None
    return list(edge)


@TABLE.method("remove_edge", Right.EDIT, Ends, Turn.EDIT)
async def remove_edge(context: CallContext, params: Ends) -> bool:
    """Return True; the edge is gone."""
    await context.commit(lambda document: [RemoveEdge(_in_order(document, params))])
    return True


def _in_order(document: Document, ends: Ends) -> Edge:
    """Return the edge from output to input, whichever way it was drawn."""
    source = port_of(document, ends.src_nid, ends.src_ioid)
    target = port_of(document, ends.trg_nid, ends.trg_ioid)
    if source.is_input and not target.is_input:
        return Edge(ends.trg_nid, ends.trg_ioid, ends.src_nid, ends.src_ioid)
    return Edge(ends.src_nid, ends.src_ioid, ends.trg_nid, ends.trg_ioid)


@TABLE.method("get_edges", Right.VIEW, NoParams)
async def get_edges(context: CallContext, params: NoParams) -> list[list[str]]:
    """Return all edges, forwards included."""
    return [list(edge) for edge in context.document.edges]


@TABLE.method("get_groups", Right.VIEW, NoParams)
async def get_groups(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return all groups."""
    return shapes.groups(context.document)


class ToGroup(msgspec.Struct, frozen=True):
    """Nodes and groups to put into a new group."""

    node_ids: list[NodeId] = []
    group_ids: list[GroupId] = []


@TABLE.method("group_nodes", Right.EDIT, ToGroup, Turn.EDIT)
async def group_nodes(context: CallContext, params: ToGroup) -> dict[str, Any]:
    """Return all groups, with the new one below the nearest group that is around all of them."""
    if not params.node_ids and not params.group_ids:
        raise InvalidParams("a group holds something; name nodes in 'node_ids' or groups in 'group_ids'")
    new = context.new_id()

    def group(document: Document) -> list[ChangeGroups]:
        after = group_together(document.groups, params.node_ids, params.group_ids, new)
        return [ChangeGroups(difference(document.groups, after))]

    return shapes.groups((await context.commit(group)).document)


class GroupView(msgspec.Struct, frozen=True):
    """Where a group stands, and what its user noted about it."""

    position: tuple[float, float] | None = None
    meta: dict[str, Any] | None = None


class GroupChanges(msgspec.Struct, frozen=True):
    """Fields of a group to change."""

    gid: GroupId
    data: GroupView


@TABLE.method("update_group", Right.EDIT, GroupChanges, Turn.EDIT)
async def update_group(context: CallContext, params: GroupChanges) -> dict[str, Any]:
    """Return the fields that changed."""
    given: dict[str, Any] = {
        key: value
        for key in ("position", "meta")
        if (value := getattr(params.data, key)) is not None
        and value != getattr(_group(context.head, params.gid), key)
    }

    def change(document: Document) -> list[ChangeGroups]:
        return [ChangeGroups({params.gid: structs.replace(_group(document, params.gid), **given)})]

    _group(context.head, params.gid)
    if given:
        await context.commit(change)
    return given


class OneGroup(msgspec.Struct, frozen=True):
    """A group, by its id."""

    gid: GroupId


@TABLE.method("remove_group", Right.EDIT, OneGroup, Turn.EDIT)
async def remove_group(context: CallContext, params: OneGroup) -> bool:
    """Return True; the groups inside it have moved up to the one around it."""

    def dissolve(document: Document) -> list[ChangeGroups]:
        _group(document, params.gid)
        after = dissolved(document.groups, params.gid)
        return [ChangeGroups(difference(document.groups, after))]

    await context.commit(dissolve)
    return True


def _group(document: Document, gid: GroupId) -> GroupRecord:
    group = document.groups.get(gid)
    if group is None:
        raise NotFound(f"there is no group {gid[:80]!r}; it may have been dissolved, ask get_groups")
    return group
