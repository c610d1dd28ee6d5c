"""What failures leave on a node, and who is told: runs that raised, and cycles that ran away.

When a run has failed is the runner's to say; who stands behind it is blocked by `blocking`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.blocking import block_below
from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.scheduler import RanAway
from funcnodes_core.engine.states import RunError, error_of, text_of
from funcnodes_core.exceptions import CycleRunsAway, NodeTriggerError

if TYPE_CHECKING:
    from funcnodes_core.engine.runner import Engine

__all__ = ["keep_failure", "ran_away"]

_logger = logging.getLogger("funcnodes.trigger")


def keep_failure(engine: Engine, cell: Cell, error: BaseException, kwargs: dict[str, Any]) -> None:
    """Keep on the node what its code or a listener raised, and tell it. Called by the runner."""
    said = error_of(error, kwargs)
    failure = NodeTriggerError(said.message).with_traceback(error.__traceback__)
    failure.__cause__ = error
    _note(engine, cell, said, failure)
    _logger.error("node %s failed: %s", cell.node.name, said.message, exc_info=error)
    _tell(cell, failure)


def ran_away(engine: Engine, away: RanAway) -> None:
    """Keep on the node that its cycle was stopped, and tell it. Called by the runner."""
    cell = engine.cell_at(away.n)
    if cell is None:
        return
    around = [engine.cell_at(m) for m in engine.scheduler.order.cycle_of(away.n)]
    names = tuple(c.node.name for c in around if c is not None)
    error = CycleRunsAway(names, away.limit)
    _note(engine, cell, error_of(error, {}), error)
    _logger.error("%s", error)
    _tell(cell, error)
    engine.waiting.ended(cell, None, cell.unheard)


def _note(engine: Engine, cell: Cell, said: RunError, failure: Exception) -> None:
    cell.error, cell.failure, cell.blocked_by = said, failure, None
    cell.failures += 1
    block_below(engine, cell)
    engine.state_changed(cell)


def _tell(cell: Cell, failure: Exception) -> None:
    try:
        cell.unheard = None if cell.node.run_failed(failure) else failure
    except Exception as error:
        # Whoever should have heard has not: those who wait for the node hear it instead.
        cell.unheard = failure
        _logger.exception("a listener to errors of node %s raised: %s", cell.node.name, text_of(error))
