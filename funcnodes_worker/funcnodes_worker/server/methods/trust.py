"""Methods about trust: what is held and why, and the word that lets it go.

Owns the list of what a held flow refuses. By construction: whatever needs the right to run or to install is
refused, also a method that is added later; those named below as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcnodes_worker.rpc.dispatch import Method, MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import FlowHeld
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.context import CallContext, WorkerProcess

TABLE: MethodTable[CallContext] = MethodTable()

RUNNING_RIGHTS = frozenset({Right.RUN, Right.INSTALL})
ALSO_REFUSED = frozenset({"get_io_full_value", "get_external_worker_config"})
"""Methods of other rights that need living nodes or code of modules."""
ALLOWED = frozenset({"interrupt"})
"""Methods of those rights that start nothing."""


@TABLE.method("get_trust", Right.VIEW, NoParams, Turn.URGENT)
async def get_trust(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return whether the flow is held, why, and what would be loaded once it is trusted."""
    process = context.services.process
    packages = sorted(process.read_config().package_dependencies)
    return {"held": process.hold_reason is not None, "reason": process.hold_reason, "packages": packages}


@TABLE.method("trust", Right.ADMIN, NoParams, Turn.LONG)
async def trust(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Let a held flow go: its packages are installed and loaded, its nodes run. Returns the state after it.

    `restarts` is true when the worker now starts again in the flow's own environment.
    """
    restarts = await context.services.process.trust()
    return {"held": False, "restarts": restarts}


def held_back(table: MethodTable[CallContext]) -> MethodTable[CallContext]:
    """Return the table with every method that runs, imports or installs refused while the flow is held."""
    guarded: MethodTable[CallContext] = MethodTable()
    for method in table:
        guarded.enter(method.behind(_check_of(method.name)) if is_held_back(method) else method)
    return guarded


def is_held_back(method: Method[CallContext]) -> bool:
    """Tell whether a method is refused while the flow is held."""
    if method.name in ALLOWED:
        return False
    return (
        method.right in RUNNING_RIGHTS
        or method.name in ALSO_REFUSED
        or (method.name.endswith("_external_worker"))
    )


def _check_of(name: str) -> Callable[[CallContext], None]:
    return lambda context: refuse_held(context.services.process, name)


def refuse_held(process: WorkerProcess, what: str) -> None:
    """Raise `FlowHeld` while the flow is held."""
    reason = process.hold_reason
    if reason is not None:
        raise FlowHeld(what, reason)
