"""Waiting for runs: for one node, for several, for everything, for what one value started.

Nothing polls. A waiter is a future that is resolved when its node's run ends, or at the end of a turn of
the engine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.scheduler import IDLE
from funcnodes_core.engine.states import ASKED_BY_CODE

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.runner import Engine
    from funcnodes_core.io.output import NodeOutput

__all__ = ["TriggerStack", "Waiting"]

SLICE_S = 0.005


class TriggerStack(list[Any]):
    """What the functions of a triggered run returned; awaiting it waits for the run."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell
        self.failure: Exception | None = None
        """What the run raised, if nobody listened to it."""

    def done(self) -> bool:
        """Return whether the run is over."""
        return self.cell.state == IDLE

    def __await__(self) -> Generator[Any, None, list[Any]]:
        return self._results().__await__()

    async def _results(self) -> list[Any]:
        if self.cell.engine is not None:
            await self.cell.engine.waiting.until_over(self.cell)
        if self.failure is not None:
            # The run was over before anyone waited.
            raise self.failure
        return self


class Waiting:
    """Who waits for what on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns: list[asyncio.Future[None]] = []
        self._idlers: list[asyncio.Future[None]] = []
        self.loopers: dict[int, int] = {}
        """Nodes that wait for what they started, and in which order they began to."""
        self._loopers_version = 0
        self._reach: dict[tuple[int, str], tuple[int, int, set[int]]] = {}
        self._pause_due = 0.0

    # --- telling -------------------------------------------------------------------------------
    def turned(self) -> None:
        """Tell those who look again after every turn, and those who wait for the last one."""
        if self._turns:
            turns, self._turns = self._turns, []
            _resolve(turns)
        if self._idlers and self._engine.scheduler.idle:
            idlers, self._idlers = self._idlers, []
            _resolve(idlers)

    def ended(self, cell: Cell, result: Any, failure: Exception | None = None) -> None:
        """Tell those who wait for this node. Called by the runner at the end of a run."""
        if cell.stacks is not None:
            for stack in cell.stacks:
                if failure is None:
                    stack.append(result)
                else:
                    stack.failure = failure
            cell.stacks = None
        waiters, cell.waiters = cell.waiters, None
        for future in waiters or ():
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

    def release(self, cell: Cell) -> None:
        """Let go of those who wait for a node that is gone."""
        self.ended(cell, None)
        self.forget_looper(cell.index)

    # --- waiting -------------------------------------------------------------------------------
    def turn(self) -> asyncio.Future[None]:
        """Return a future that is resolved at the end of the engine's next turn."""
        future = self._engine.loop.create_future()
        self._turns.append(future)
        return future

    async def until_over(self, cell: Cell) -> None:
        """Return when the node neither runs nor is about to; raise its error when nobody else hears it."""
        while cell.state != IDLE:
            future = self._engine.loop.create_future()
            if cell.waiters is None:
                cell.waiters = []
            cell.waiters.append(future)
            await future

    async def until_all_over(self, cells: Iterable[Cell]) -> None:
        """Return when none of these nodes runs or is about to.

        Raise the first error that nobody else hears.
        """
        given = [(cell, cell.failures) for cell in cells]
        while True:
            for cell, _ in given:
                if cell.requested and cell.state == IDLE:
                    cell.ask(ASKED_BY_CODE)
            if all(cell.state == IDLE for cell, _ in given):
                return
            await self.turn()
            for cell, failures in given:
                if cell.failures != failures and cell.unheard is not None:
                    raise cell.unheard

    async def until_idle(self) -> None:
        """Return when nothing runs and nothing is marked."""
        while not self._engine.scheduler.idle:
            future = self._engine.loop.create_future()
            self._idlers.append(future)
            await future

    # --- settling ------------------------------------------------------------------------------
    async def settled(self, cell: Cell, output: NodeOutput) -> None:
        """Return when everything that the latest value of `output` started has finished."""
        engine, is_loop = self._engine, cell.lasting
        if cell.engine is not engine:
            # It has never run here, so it has started nothing.
            return
        # Others than its own run may wait, too: that makes it no loop.
        if is_loop and cell.index not in self.loopers:
            self.loopers[cell.index] = max(self.loopers.values(), default=0) + 1
            self._loopers_version += 1
        while True:
            if not engine.drain():
                await asyncio.sleep(0)
                continue
            if (is_loop and len(engine.scheduler.lasting) == 1) or not self._open_below(cell, output):
                break
            await self.turn()
        now = time.perf_counter()
        if now > self._pause_due:
            await asyncio.sleep(0)
            self._pause_due = time.perf_counter() + SLICE_S

    def forget_looper(self, n: int) -> None:
        """Note that a node's run is over."""
        if n in self.loopers:
            del self.loopers[n]
            self._loopers_version += 1

    def _open_below(self, cell: Cell, output: NodeOutput) -> bool:
        scheduler = self._engine.scheduler
        below = self._below(cell, output)
        return any(
            n in below and n != cell.index and n not in self._outer(cell) for n in scheduler.lasting
        ) or any(n in below for n in scheduler.marked())

    def _below(self, cell: Cell, output: NodeOutput) -> set[int]:
        order = self._engine.scheduler.order
        version = (order.version, self._loopers_version)
        known = self._reach.get((cell.index, output.uuid))
        if known is None or known[:2] != version:
            cells: list[Any] = [target.cell for target in output.targets]
            start: list[int] = [c.index for c in cells if getattr(c, "engine", None) is self._engine]
            stop = {cell.index, *self._outer(cell)}
            known = (*version, order.descendants(start, stop))
            self._reach[cell.index, output.uuid] = known
        return known[2]

    def _outer(self, cell: Cell) -> set[int]:
        """Return the loops around this one: they wait for it already, so it cannot wait for them."""
        order, mine = self._engine.scheduler.order, self.loopers.get(cell.index, 0)
        return {n for n, since in self.loopers.items() if since < mine and order.reaches(n, cell.index)}


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
