"""Methods about edges and groups."""

from __future__ import annotations

from typing import Any

import msgspec
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import AddEdge, Edit, RemoveEdge
from funcnodes_core.document.model import Document, Edge
from funcnodes_core.document.refusals import EdgeExists

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
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
    head = context.services.writer.head
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
