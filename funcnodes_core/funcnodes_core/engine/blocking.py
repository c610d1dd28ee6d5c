"""Who is blocked: nodes below one that failed, until it runs well again or leads to them no more.

A node below that was marked already runs all the same, with what the failed one gave before; it is shown as
blocked after that too, since what it shows is not what this wave would have come to. A later wave frees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from weakref import ReferenceType, WeakKeyDictionary, ref

from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.scheduler import HELD, IDLE, MARKED

if TYPE_CHECKING:
    from funcnodes_core.engine.runner import Engine

__all__ = ["block_below", "forget_all", "leave", "recover", "unblock_below"]

_blocked: WeakKeyDictionary[Cell, tuple[ReferenceType[Engine], int]] = WeakKeyDictionary()
"""Who is blocked, or was until lately, and in which wave of which engine that began."""


def block_below(engine: Engine, cell: Cell) -> None:
    """Note on all below a node that it has failed. Called by the runner."""
    since = ref(engine), engine.scheduler.wave_of[cell.index]
    for other in _below(engine, cell):
        rests = other.state == IDLE and other.error is None
        if rests or other.state in (MARKED, HELD):
            was_blocked_by, other.blocked_by = other.blocked_by, cell.node.uuid
            _blocked[other] = since
            if rests and was_blocked_by != cell.node.uuid:
                engine.state_changed(other)


def recover(engine: Engine, cell: Cell) -> None:
    """Forget a node's failure, and that it blocks others. Called by the runner after a good run."""
    failed_before = cell.error is not None
    cell.error = cell.failure = None
    if cell.blocked_by is not None and not _is_of_that_wave(engine, cell):
        cell.blocked_by = None
    # A node may have removed itself while it ran: then it leads nowhere any more.
    if failed_before and cell.engine is engine:
        for other in _below(engine, cell):
            if other.blocked_by == cell.node.uuid:
                other.blocked_by = None
                engine.state_changed(other)


def _is_of_that_wave(engine: Engine, cell: Cell) -> bool:
    """Return whether the run that ended is of the wave in which a node above failed, or of an older one."""
    known = _blocked.get(cell)
    if known is None or known[0]() is not engine or cell.engine is not engine:
        return False
    return engine.scheduler.wave_of[cell.index] <= known[1]


def unblock_below(parent: Cell, child: Cell) -> None:
    """Free those below an edge that went whom the failed node above it does not reach any more.

    It asks the ports, not an engine: the loop of a graph's last runs may be closed. Where nobody is blocked,
    and above where nobody has failed, it costs nothing, so that large graphs are taken apart quickly.
    """
    if not _forget_the_free():
        return
    failed = [cell for cell in _reached(parent, Cell.parents) if cell.error is not None]
    if not failed:
        return
    below = _reached(child, Cell.children)
    for blocker in failed:
        still = _reached(blocker, Cell.children)
        for other in below:
            if other.blocked_by == blocker.node.uuid and other not in still:
                _free(other)


def leave(cell: Cell) -> None:
    """Free all whom a node blocks. Called when it is about to be removed."""
    if cell.error is not None and _forget_the_free():
        for other in _reached(cell, Cell.children):
            if other.blocked_by == cell.node.uuid:
                _free(other)


def forget_all(cells: Iterable[Cell]) -> None:
    """Free all of these, before a graph is taken apart."""
    for cell in cells:
        cell.blocked_by = None


def _forget_the_free() -> bool:
    """Keep in mind only who is blocked; whether there is anyone."""
    # By references: graphs of other threads come and go in it meanwhile.
    for reference in _blocked.keyrefs():
        cell = reference()
        if cell is not None and cell.blocked_by is None:
            _blocked.pop(cell, None)
    return bool(_blocked)


def _free(cell: Cell) -> None:
    cell.blocked_by = None
    if cell.engine is not None:
        cell.engine.state_changed(cell)


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
