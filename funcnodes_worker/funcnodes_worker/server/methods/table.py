"""All methods of the worker: every page in one table."""

from __future__ import annotations

from funcnodes_core.document.refusals import EditRejected, NodeNotFound, PortNotFound

from funcnodes_worker.rpc.dispatch import MethodTable
from funcnodes_worker.rpc.errors import INVALID_PARAMS, NOT_FOUND, REFUSED_EDIT, CodeTable
from funcnodes_worker.runtime.writer import WriteFailed
from funcnodes_worker.server.context import CallContext
from funcnodes_worker.server.methods import (
    edges,
    history,
    identity,
    library,
    live,
    nodes,
    ports,
    state,
    transfer,
    trust,
)
from funcnodes_worker.store.fnw import FnwRefused

CODES: CodeTable = {
    NodeNotFound: NOT_FOUND,
    PortNotFound: NOT_FOUND,
    EditRejected: REFUSED_EDIT,
    WriteFailed: REFUSED_EDIT,
    FnwRefused: INVALID_PARAMS,
}
"""What the refusals of other rooms are called on the wire; the first family that fits counts."""


def make_table() -> MethodTable[CallContext]:
    """Return all methods."""
    table: MethodTable[CallContext] = MethodTable()
    for page in (identity, state, library, nodes, ports, edges, history, live, transfer, trust):
        table.include(page.TABLE)
    return trust.held_back(table)
