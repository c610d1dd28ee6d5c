"""Runs that last: coroutines, threads, and plain functions with a delay before them. A task carries each.

Owns when such a run begins, what follows from its end, and how it is cancelled; what it does in its task is
`work`, which task that is `carriers`. A run that was given up is known by its number: what it returns later
is dropped.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.calls import call
from funcnodes_core.engine.executors.carriers import Carriers
from funcnodes_core.engine.executors.work import AlreadySet, NotReadyError, Work, complete
from funcnodes_core.engine.interrupt import Interrupts
from funcnodes_core.engine.results import hand_out
from funcnodes_core.engine.states import RUNNING_NODE
from funcnodes_core.io.output import NodeOutput

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.executors.limit import Limit
    from funcnodes_core.engine.executors.process import ProcessRun
    from funcnodes_core.engine.executors.thread import ThreadRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["LastingRun", "LastingRuns"]


class LastingRun:
    """One run that lasts.

    What few runs have stands on the class until it is set, so that making one is cheap.
    """

    context: Context
    """Where the node's own code runs: what it sets there, no other run sees."""
    task: asyncio.Task[None] | None = None
    """Which task carries it; None before its first step and when it is over."""
    thread: ThreadRun | None = None
    process: ProcessRun | None = None
    limit: Limit | None = None
    has_begun: bool = False
    entered: bool = False
    """Whether a task took its first step; one that is given up before never does."""
    paused: bool = True
    """Whether its task may have let the loop go on meanwhile."""
    unawaited: Any = None
    result: Any = None
    """What its coroutine returned with its last step (`calls.OVER`)."""

    def __init__(
        self,
        cell: Cell,
        n: int,
        number: int,
        body: Callable[[LastingRun], Awaitable[Any]],
        kwargs: dict[str, Any],
    ) -> None:
        """`body` makes what the task awaits."""
        self.cell, self.n, self.number, self.body, self.kwargs = cell, n, number, body, kwargs
        self.marked_at = cell.marked_at

    def begin(self) -> None:
        """Note that the function itself begins: figures and time limit count from here; from any thread."""
        if self.has_begun:
            return
        self.has_begun = True
        self.cell.begun = begun = time.perf_counter()
        self.cell.queue_s = begun - self.marked_at
        if self.limit is not None:
            self.limit.begin()


class LastingRuns:
    """All runs of one engine that last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.interrupts = Interrupts(engine)
        self.runs: dict[int, LastingRun] = {}
        self._carriers = Carriers(engine, self)
        self.work = Work(engine, self.interrupts)
        self._may_spare = False
        self._spares: weakref.WeakKeyDictionary[Cell, Callable[[], bool]] = weakref.WeakKeyDictionary()

    def start(self, cell: Cell, n: int) -> bool:
        """Begin a run that lasts; False when the runner's turn ends with it. Called by the runner.

        A coroutine takes its first step at once when a task is at hand; most are over then. Everything else
        reads its inputs in its own task.
        """
        if self._may_spare and self._is_spared(cell, n):
            return True
        if self.interrupts.stopped and self.interrupts.has_stopped(cell):
            self._pass_over(cell, n)
            return True
        plan = cell.plan
        if (
            self._carriers.free is not None
            and plan.kind == "coroutine"
            and not (cell.patient or plan.streams or plan.disputed)
        ):
            return self._carriers.step(
                LastingRun(cell, n, self._engine.scheduler.run[n], self.work.whole, {})
            )
        self._begin(cell, n, True, self.work.whole, {})
        return True

    def await_result(self, cell: Cell, n: int, result: Any, kwargs: dict[str, Any]) -> None:
        """Go on with a plain run whose function returned something to be awaited. Called by the runner."""
        run = self._begin(cell, n, False, partial(self.work.rest, result), kwargs)
        run.has_begun, run.unawaited = True, result

    def cancel(self, cell: Cell) -> bool:
        """Give up the lasting run of a node; whether there was one."""
        run = self.runs.get(cell.index)
        if run is None or run.cell is not cell:
            return False
        if run.thread is not None:
            run.thread.ask_to_end()
        self._stop(run)
        return True

    def give_up(self, run: LastingRun, message: str | None = None) -> None:
        """Cancel a run, wherever it stands; its node fails. Called in the graph's thread."""
        engine = self._engine
        if self._stop(run, message):
            engine.failed(run.cell, run.n, run.number, asyncio.CancelledError(), run.kwargs)
            if not engine.awake:
                # Whoever was held back by it may go on.
                engine.wake()

    def ask_before(self, cell: Cell, is_there: Callable[[], bool]) -> None:
        """Ask, when this node is to run next, whether what it would compute is there already: then it rests.

        For outputs that were kept from an earlier process. A run that was asked for by force is made.
        """
        self._spares[cell], self._may_spare = is_there, True
        # What is no plain run comes by here, where it is asked.
        cell.slow = True

    def leave_behind(self, run: LastingRun, how: str) -> None:
        """Let a node go on whose run did not end when asked; what that run does later comes too late."""
        if self.runs.get(run.n) is not run or run.task is None:
            return
        run.task.cancel(how)
        error: BaseException = asyncio.CancelledError(how)
        if run.limit is not None and run.limit.error is not None:
            run.limit.error.done = how
            error = run.limit.error
        self._end(run)
        self._engine.failed(run.cell, run.n, run.number, error, run.kwargs)
        if not self._engine.awake:
            self._engine.wake()

    # --- inside --------------------------------------------------------------------------------
    def _stop(self, run: LastingRun, message: str | None = None) -> bool:
        """Cancel the task of a run; True when it has not taken its first step, and so ends here."""
        if run.entered:
            if run.task is not None:
                run.task.cancel(message)
            return False
        if self.runs.get(run.n) is not run:
            return False
        if inspect.iscoroutine(run.unawaited):
            run.unawaited.close()
        self._end(run)
        return True

    def _is_spared(self, cell: Cell, n: int) -> bool:
        is_there = self._spares.pop(cell, None)
        self._may_spare = bool(self._spares)
        if is_there is None:
            return False
        cell.refresh()
        if cell.forced or not is_there():
            return False
        self._pass_over(cell, n)
        return True

    def _pass_over(self, cell: Cell, n: int) -> None:
        """End a run that the scheduler gave before anything of it began."""
        engine = self._engine
        engine.scheduler.finished(n, engine.scheduler.run[n])
        engine.state_changed(cell)
        if cell.waiters is not None:
            engine.waiting.ended(cell, None)

    def _begin(
        self,
        cell: Cell,
        n: int,
        opened: bool,
        body: Callable[[LastingRun], Awaitable[Any]],
        kwargs: dict[str, Any],
    ) -> LastingRun:
        engine = self._engine
        engine.scheduler.stays(n, opened=opened)
        cell.lasting, cell.spoken = True, None
        run = self.runs[n] = LastingRun(cell, n, engine.scheduler.run[n], body, kwargs)
        if opened:
            cell.why, cell.begun = cell.cause, 0.0
        self._carriers.take(run)
        engine.state_changed(cell)
        return run

    def open(self, run: LastingRun, task: asyncio.Task[None]) -> Coroutine[Any, Any, Any]:
        """Return the code of a run whose first step is taken here and now, while everybody waits for it."""
        cell = run.cell
        self.runs[run.n] = run
        cell.lasting, cell.spoken, cell.why = True, None, cell.cause
        run.task, run.entered, run.paused = task, True, False
        RUNNING_NODE.set(cell.node.uuid)
        run.context = copy_context()
        run.kwargs = kwargs = self.work.arguments(cell)
        if cell.heard:
            self._engine.tell_start(cell)
        plan = cell.plan
        if plan.wants_node:
            kwargs = {**kwargs, "node": cell.node}
        function = partial(plan.function, cell.node) if plan.wants_self else plan.function
        run.has_begun = True
        cell.begun = begun = time.perf_counter()
        cell.queue_s = begun - run.marked_at
        return call(function, kwargs) if plan.is_async else complete(function, kwargs)

    def paused(self, run: LastingRun, task: asyncio.Task[None]) -> None:
        """Note that a run did not end with its first step: from now on it lasts."""
        task.set_name(run.cell.node.uuid)
        if run.cell.engine is not self._engine or self._engine.scheduler.run[run.n] != run.number:
            # Its own code has removed the node.
            return
        self._engine.scheduler.stays(run.n, holds=run.cell.spoken is None)
        self._engine.state_changed(run.cell)
        if self._engine.scheduler.order.back:
            self._engine.loop.call_soon(self._look_whether_it_waits, run)

    def enter(self, run: LastingRun, task: asyncio.Task[None]) -> None:
        """Prepare the first step of a run, in its task."""
        run.task, run.entered = task, True
        # What the run starts, a thread too, copies this.
        uuid = run.cell.node.uuid
        RUNNING_NODE.set(uuid)
        task.set_name(uuid)
        run.context = copy_context()
        if self._engine.scheduler.order.back:
            # The run takes its first step before this is called: if it is not over by then, it really
            # waits, and a cycle through it does not run away.
            self._engine.loop.call_soon(self._look_whether_it_waits, run)

    def leave(self, run: LastingRun, result: Any, error: BaseException | None) -> None:
        """Settle what follows from the end of a run, in its task."""
        engine, cell = self._engine, run.cell
        if error is None:
            self.settle(run, result)
            return
        self._end(run)
        if isinstance(error, NotReadyError):
            engine.not_ready(cell, run.n)
        else:
            engine.failed(cell, run.n, run.number, error, run.kwargs)

    def settle(self, run: LastingRun, result: Any) -> None:
        """Set the outputs of a run that ended well, and settle what follows."""
        engine, cell, n, ended = self._engine, run.cell, run.n, time.perf_counter()
        if self.runs.get(n) is not run or cell.engine is not engine or engine.scheduler.run[n] != run.number:
            self._end(run)
            return
        engine.scheduler.wave = engine.scheduler.wave_of[n]
        try:
            if isinstance(result, AlreadySet):
                result = result.result
            elif cell.out is not None:
                cell.out.push(result)
            elif cell.outs:
                hand_out(cell, result, NodeOutput.push)
        except Exception as error:  # noqa: BLE001 - a listener's error is the run's error
            self._end(run)
            engine.failed(cell, n, run.number, error, run.kwargs)
            return
        self._end(run)
        engine.succeeded(cell, n, ended, time.time() - ended, result)

    def _end(self, run: LastingRun) -> None:
        n = run.n
        if self.runs.get(n) is run:
            del self.runs[n]
            run.cell.lasting = False
            if self._engine.waiting.loopers:
                self._engine.waiting.forget_looper(n)

    def _look_whether_it_waits(self, run: LastingRun) -> None:
        if self.runs.get(run.n) is run:
            self._engine.scheduler.waits(run.n)
