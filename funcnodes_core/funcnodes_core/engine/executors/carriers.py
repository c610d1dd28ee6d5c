"""The tasks that carry runs that last: one run at a time each, from its first step to its end.

A task and a round of the loop cost more than all else about a short coroutine. So a task whose run ended
without a pause takes the next run that waits, unless somebody could tell: one that was cancelled, or that
someone else holds, watches or waits for, ends with its run. What a run sets in its context stays in the
run's own (`calls.stepwise`).

Who could tell is read off CPython itself (`docs/design/decisions/shared-tasks.md`); where it cannot be
read, each run has a task of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from sys import getrefcount
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import getweakrefcount

from funcnodes_core.engine.calls import OVER, stepwise, take_step

if TYPE_CHECKING:
    from funcnodes_core.engine.executors.lasting import LastingRun, LastingRuns
    from funcnodes_core.engine.runner import Engine

__all__ = ["Carriers"]

SLICE_S = 0.005
"""How long a task takes one run after the other before it lets the loop do something else."""


class Carriers:
    """The tasks of one engine."""

    def __init__(self, engine: Engine, lasting: LastingRuns) -> None:
        """`lasting` prepares the first step of a run and settles what follows from its end."""
        self._engine, self._lasting = engine, lasting
        self._waiting: deque[LastingRun] = deque()
        self._coming = False
        """Whether a task will look for who waits, before the loop goes on or as its next step."""
        self.free: asyncio.Task[None] | None = None
        """The task whose run has ended and that gives the engine its turn now: it can take first steps."""
        self._begun: tuple[LastingRun, Any, Any] | None = None
        """The run that paused in its first step, what it awaits, and what it paused on."""

    def step(self, run: LastingRun) -> bool:
        """Let a run take its first step in the free task; False when it paused: then the task is its own."""
        task: Any = self.free
        self.free, result, error = None, None, None
        held, watched, told = getrefcount(task), getweakrefcount(task), task._callbacks  # noqa: SLF001
        try:
            work = self._lasting.open(run, task)
            paused_on = take_step(self._engine, run, work, work.send, None)
        except BaseException as raised:  # noqa: BLE001 - errors stay on the node, cancelling too
            error = raised
        else:
            if paused_on is not OVER:
                self._begun = run, work, paused_on
                self._lasting.paused(run, task)
                return False
            result = run.result
        run.task = None
        # Whoever came to know the task in this run shall not meet the next one in it.
        if (
            error is None
            and not run.paused
            and getrefcount(task) == held
            and getweakrefcount(task) == watched
            and len(task._callbacks or ()) == len(told or ())  # noqa: SLF001
            and not task.cancelling()
            and not task._must_cancel  # noqa: SLF001 - as below
        ):
            self.free = task
        if error is None:
            self._lasting.settle(run, result)
        else:
            self._lasting.leave(run, result, error)
        return True

    def take(self, run: LastingRun) -> None:
        """Let a task carry this run, soon."""
        self._waiting.append(run)
        if not self._coming:
            self._come()

    def _come(self) -> None:
        self._coming = True
        self._engine.loop.create_task(self._carry()).add_done_callback(self._over)

    async def _carry(self) -> None:
        task: Any = asyncio.current_task()
        # While it lives it has no callback of ours: asking for those of others is asked at every run, and
        # costs much less where there are none.
        task.remove_done_callback(self._over)
        try:
            await self._carry_on(task)
        except BaseException:
            task.add_done_callback(self._over)
            raise

    async def _carry_on(self, task: Any) -> None:
        engine, waiting, runs = self._engine, self._waiting, self._engine.lasting.runs
        until = perf_counter() + SLICE_S
        self._coming, goes_on = False, True
        can_tell = can_tell_who_knows(task)
        known_to = _known_to(task) if can_tell else None
        while self._begun is not None or (goes_on and waiting):
            result, error, begun = None, None, self._begun
            run = waiting.popleft() if begun is None else begun[0]
            if begun is None and runs.get(run.n) is not run:
                # It was given up before its first step.
                continue
            if waiting and not self._coming:
                # This run may pause, and the others cannot wait for that.
                self._come()
            try:
                if begun is None:
                    self._lasting.enter(run, task)
                    result = await run.body(run)
                else:
                    self._begun = None
                    result = await stepwise(engine, run, begun[1], begun[2])
            except BaseException as raised:  # noqa: BLE001 - errors stay on the node, cancelling too
                error = raised
            run.task = None
            goes_on = (
                error is None
                and can_tell
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
                self._lasting.leave(run, result, error)
            finally:
                del run, result, error, begun
                engine.scheduler.outside()
                # As long as this task goes on, it is the one that comes.
                is_the_one = goes_on and not self._coming
                self._coming = self._coming or goes_on
                if claimed:
                    goes_on = self._give_turn(task, goes_on)
            if is_the_one:
                self._coming = False
        if waiting and not self._coming:
            self._come()

    def _give_turn(self, task: asyncio.Task[None], is_free: bool) -> bool:
        """Give the engine its turn; coroutines take their first steps in this task as long as it is free."""
        if is_free:
            self.free = task
        try:
            self._engine.turn()
            return self.free is not None
        finally:
            self.free = None

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


def can_tell_who_knows(task: object) -> bool:
    """Return whether this interpreter says who holds, watches or waits for such a task."""
    return (
        sys.implementation.name == "cpython"
        # Without the lock, counts of references are put together late.
        and getattr(sys, "_is_gil_enabled", lambda: True)()
        and isinstance(task, asyncio.Task)
        and hasattr(task, "_callbacks")  # pyright: ignore[reportUnknownArgumentType]
        and hasattr(task, "_must_cancel")  # pyright: ignore[reportUnknownArgumentType]
    )


def _known_to(task: Any) -> tuple[int, int, int]:
    """Return how many hold a task, how many watch over it, and how many are told of its end."""
    return getrefcount(task), getweakrefcount(task), len(task._callbacks or ())  # noqa: SLF001
