"""Who is blocked: nodes below one that failed, until it runs well again or leads to them no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.scheduler import IDLE

if TYPE_CHECKING:
    from funcnodes_core.engine.runner import Engine

__all__ = ["block_below", "recover", "unblock_below"]


def block_below(engine: Engine, cell: Cell) -> None:
    """Note on all below a node that it has failed. Called by the runner."""
    for other in _below(engine, cell):
        if other.error is None and other.blocked_by is None and other.state == IDLE:
            other.blocked_by = cell.node.uuid
            engine.state_changed(other)


def recover(engine: Engine, cell: Cell) -> None:
    """Forget a node's failure, and that it blocks others. Called by the runner after a good run."""
    failed_before = cell.error is not None
    cell.error = cell.failure = cell.blocked_by = None
    # A node may have removed itself while it ran: then it leads nowhere any more.
    if failed_before and cell.engine is engine:
        for other in _below(engine, cell):
            if other.blocked_by == cell.node.uuid:
                other.blocked_by = None
                engine.state_changed(other)


def unblock_below(cell: Cell) -> None:
    """Free those who were blocked by a node that does not lead to them any more. Called when an edge went.

    It asks the ports, not an engine: the loop of a graph's last runs may be closed.
    """
    for other in _reached(cell, Cell.children):
        if other.blocked_by is not None and not _is_blocked(other):
            other.blocked_by = None
            if other.engine is not None:
                other.engine.state_changed(other)


def _is_blocked(cell: Cell) -> bool:
    above = _reached(cell, Cell.parents)
    return any(other.node.uuid == cell.blocked_by and other.error is not None for other in above)


def _reached(cell: Cell, onward: Callable[[Cell], Iterable[Cell]]) -> dict[Cell, None]:
    found, stack = {cell: None}, [cell]
    while stack:
        for other in onward(stack.pop()):
            if other not in found:
                found[other] = None
                stack.append(other)
    return found


def _below(engine: Engine, cell: Cell) -> list[Cell]:
    below = engine.scheduler.order.descendants([cell.index]) - {cell.index}
    return [other for m in below if (other := engine.cell_at(m)) is not None]
