"""The tasks that carry runs that last: one run at a time each, from its first step to its end.

A task and a round of the loop cost more than all else about a short coroutine. So a task whose run ended
without a pause takes the next run that waits, unless somebody could tell: one that was cancelled, or that
someone else holds, watches or waits for, ends with its run. What a run sets in its context stays in the
run's own (`calls.stepwise`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from sys import getrefcount
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import getweakrefcount

if TYPE_CHECKING:
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["Carriers"]

SLICE_S = 0.005
"""How long a task takes one run after the other before it lets the loop do something else."""


class Carriers:
    """The tasks of one engine."""

    def __init__(
        self,
        engine: Engine,
        begin: Callable[[LastingRun, asyncio.Task[None]], None],
        end: Callable[[LastingRun, Any, BaseException | None], None],
    ) -> None:
        """`begin` is told before a run's first step; `end` settles what follows from its end."""
        self._engine, self._begin, self._end = engine, begin, end
        self._waiting: deque[LastingRun] = deque()
        self._coming = False
        """Whether a task will look for who waits, before the loop goes on or as its next step."""

    def take(self, run: LastingRun) -> None:
        """Let a task carry this run, soon."""
        self._waiting.append(run)
        if not self._coming:
            self._come()

    def _come(self) -> None:
        self._coming = True
        self._engine.loop.create_task(self._carry()).add_done_callback(self._over)

    async def _carry(self) -> None:
        engine, waiting, runs = self._engine, self._waiting, self._engine.lasting.runs
        task: Any = asyncio.current_task()
        until = perf_counter() + SLICE_S
        self._coming, goes_on = False, True
        known_to = _known_to(task)
        while goes_on and waiting:
            run, result, error = waiting.popleft(), None, None
            if runs.get(run.n) is not run:
                # It was given up before its first step.
                continue
            if waiting and not self._coming:
                # This run may pause, and the others cannot wait for that.
                self._come()
            self._begin(run, task)
            try:
                result = await run.body(run)
            except BaseException as raised:  # noqa: BLE001 - errors stay on the node, cancelling too
                error = raised
            run.task = None
            goes_on = (
                error is None
                and not run.paused
                and perf_counter() < until
                and _known_to(task) == known_to
                and not task.cancelling()
                # A node may cancel itself and take that back: the task is told all the same, when it pauses.
                and not task._must_cancel  # noqa: SLF001 - asyncio has no other word for it
            )
            # What this run marks gets its turn here and not in the loop's next round, and what lasts of it is
            # carried by this task, so a chain of short coroutines takes neither a task nor a round per node.
            claimed = engine.claim_turn()
            try:
                self._end(run, result, error)
            finally:
                del run, result, error
                engine.scheduler.outside()
                self._coming = self._coming or goes_on
                if claimed:
                    engine.turn()
            self._coming = False
        if waiting:
            self._come()

    def _over(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            # It was cancelled before its first step, with those that it would have carried.
            self._coming = False
            while self._waiting:
                self._engine.lasting.give_up(self._waiting.popleft())
        elif task.exception() is not None:
            # A person's Ctrl+C went through it; who waited for it is carried by another.
            self._coming = False
            if self._waiting:
                self._come()


def _known_to(task: Any) -> tuple[int, int, int]:
    """Return how many hold a task, how many watch over it, and how many are told of its end."""
    return getrefcount(task), getweakrefcount(task), len(task._callbacks or ())  # noqa: SLF001
