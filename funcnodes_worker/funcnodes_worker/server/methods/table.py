"""All methods of the worker: every page in one table."""

from __future__ import annotations

from funcnodes_core.document.refusals import EditRejected, NodeNotFound, PortNotFound

from funcnodes_worker.disk.inside import PathRefused
from funcnodes_worker.rpc.dispatch import MethodTable
from funcnodes_worker.rpc.errors import INVALID_PARAMS, NOT_FOUND, REFUSED_EDIT, CodeTable
from funcnodes_worker.runtime.files import FileInTheWay, FileProblem
from funcnodes_worker.runtime.incoming import UploadRefused
from funcnodes_worker.runtime.values import CannotWrite
from funcnodes_worker.runtime.windows import BadWindow
from funcnodes_worker.runtime.writer import WriteFailed
from funcnodes_worker.server.context import CallContext
from funcnodes_worker.server.methods import (
    discovery,
    edges,
    external,
    files,
    history,
    identity,
    library,
    live,
    nodes,
    ports,
    state,
    transfer,
    trust,
    values,
)
from funcnodes_worker.store.fnw import FnwRefused
from funcnodes_worker.store.records import StoreFailed

CODES: CodeTable = {
    NodeNotFound: NOT_FOUND,
    PortNotFound: NOT_FOUND,
    EditRejected: REFUSED_EDIT,
    WriteFailed: REFUSED_EDIT,
    StoreFailed: REFUSED_EDIT,
    UploadRefused: REFUSED_EDIT,
    FnwRefused: INVALID_PARAMS,
    PathRefused: INVALID_PARAMS,
    BadWindow: INVALID_PARAMS,
    FileInTheWay: REFUSED_EDIT,
    FileProblem: NOT_FOUND,
    CannotWrite: NOT_FOUND,
}
"""What the refusals of other rooms are called on the wire; the first family that fits counts."""


def make_table() -> MethodTable[CallContext]:
    """Return all methods."""
    table: MethodTable[CallContext] = MethodTable()
    basics = identity, state, library, nodes, ports, edges, external
    pages = *basics, history, live, transfer, trust, files, values
    for page in pages:
        table.include(page.TABLE)
    guarded = trust.held_back(table)
    guarded.include(discovery.make_page(guarded))
    return guarded
