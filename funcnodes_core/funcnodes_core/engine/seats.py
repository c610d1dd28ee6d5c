"""Who sits in an engine: a cell at each integer, and the sink that is told of all of them.

The half of `Engine` that knows who is there and in which thread. What runs, and when, is `runner`; how a
graph comes in is `adoption`.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from funcnodes_core.engine.adoption import NOBODY, SeatReference
from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.scheduler import Scheduler
from funcnodes_core.engine.states import Sink

if TYPE_CHECKING:
    from funcnodes_core.engine.runner import Engine

__all__ = ["Seats"]


class Seats:
    """Cells at integers, on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread = threading.get_ident()
        self.scheduler = Scheduler(self._cycle_limit_of)
        self._sink: Sink | None = None
        self._state_changed: Callable[[Any], object] | None = None
        self._cells: list[weakref.ref[Cell]] = []
        # Filled by the garbage collector, which may run in any thread.
        self._gone: deque[Any] = deque()

    # --- the loop and its thread ---------------------------------------------------------------
    @property
    def over(self) -> bool:
        """Whether the loop is closed, so that nothing will run here any more."""
        return self.loop.is_closed()

    def elsewhere(self) -> bool:
        """Return whether the loop runs in another thread than the calling one."""
        return self.loop.is_running() and threading.get_ident() != self.thread

    def post(self, action: Callable[[], object]) -> None:
        """Do this in the graph's thread, soon."""
        # The loop may close between the question and the call; then nothing will run here any more, and a
        # thread that still computes something has nobody to tell.
        if not self.over:
            try:
                self.loop.call_soon_threadsafe(action)
            except RuntimeError:
                if not self.over:
                    raise

    # --- who sits here -------------------------------------------------------------------------
    def welcome(self, cell: Cell) -> None:
        """Seat a node that has no connections yet. Called when a node is made below a running loop."""
        self.seat(cell, self.scheduler.add())

    def seat(self, cell: Cell, n: int) -> None:
        """Let a cell sit at an integer. Called by `adoption`."""
        reference = SeatReference(cell, self._gone.append)
        reference.n = n
        if n == len(self._cells):
            self._cells.append(reference)
        else:
            self._cells[n] = reference
        cell.engine, cell.index = cast("Engine", self), n
        cell.port_changed = self._sink.port_changed if self._sink is not None else None

    def leave_empty(self, cell: Cell) -> None:
        """Take a cell from its integer. Called when the engine dismisses it."""
        self.scheduler.remove(cell.index)
        self._cells[cell.index] = NOBODY
        cell.engine, cell.index, cell.port_changed = None, -1, None

    def cell_at(self, n: int) -> Cell | None:
        """Return who sits at an integer."""
        return self._cells[n]()

    def cells(self) -> list[Cell]:
        """Return all nodes that sit here."""
        return [
            cell for reference in self._cells if (cell := reference()) is not None and cell.engine is self
        ]

    def reap(self) -> None:
        """Give back the integers of those that are gone. Called by the runner before each of its turns."""
        while self._gone:
            reference = self._gone.popleft()
            n = reference.n
            if self._cells[n] is reference:
                self._cells[n] = NOBODY
                self.scheduler.remove(n)

    def _cycle_limit_of(self, n: int) -> int | None:
        cell = self._cells[n]()
        return None if cell is None else cell.node.cycle_limit

    # --- who is told ---------------------------------------------------------------------------
    @property
    def sink(self) -> Sink | None:
        """Who is told of changed ports and states. No event subscriber: it only notes."""
        return self._sink

    @sink.setter
    def sink(self, sink: Sink | None) -> None:
        self._sink = sink
        self._state_changed = sink.state_changed if sink is not None else None
        for cell in self.cells():
            cell.port_changed = sink.port_changed if sink is not None else None

    def state_changed(self, cell: Cell) -> None:
        """Note that a node's state changed."""
        if self._state_changed is not None:
            self._state_changed(cell.node)
