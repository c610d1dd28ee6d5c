"""The method about methods: what this server can be asked."""

from __future__ import annotations

from typing import Any

import funcnodes_worker
from funcnodes_worker.rpc.discover import describe
from funcnodes_worker.rpc.dispatch import MethodTable, NoParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.context import CallContext

TITLE = "A FuncNodes worker"


def make_page(table: MethodTable[CallContext]) -> MethodTable[CallContext]:
    """Return the page with `rpc.discover`, which describes a table that may still grow."""
    page: MethodTable[CallContext] = MethodTable()
    said: list[dict[str, Any]] = []

    @page.method("rpc.discover", Right.VIEW, NoParams)
    async def discover(context: CallContext, params: NoParams) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Return all methods with their arguments, results and rights, as an OpenRPC document."""
        if not said:
            said.append(describe(table, TITLE, funcnodes_worker.__version__))
        return said[0]

    return page
