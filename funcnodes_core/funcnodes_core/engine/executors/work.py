"""What a run that lasts does in its task: from its delay and its inputs to what its function returns.

Owns where the function goes (loop, thread, process, stream) and how many of each run at once. Which task
carries it is `carriers`; when it begins and what follows from its end is `lasting`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.calls import call, stepwise
from funcnodes_core.engine.executors.thread import ThreadRun
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.interrupt import Interrupts
    from funcnodes_core.engine.runner import Engine

__all__ = ["AlreadySet", "NotReadyError", "Work", "complete"]

MAX_THREADS = 32
"""How many threads of nodes run at once; more wait."""

MAX_PROCESSES = max(2, os.cpu_count() or 2)
"""How many processes of nodes compute at once; more wait."""


class Work:
    """What the lasting runs of one engine do."""

    def __init__(self, engine: Engine, interrupts: Interrupts) -> None:
        self._engine, self._interrupts = engine, interrupts
        self.threads = asyncio.Semaphore(MAX_THREADS)
        self.processes = asyncio.Semaphore(MAX_PROCESSES)

    async def whole(self, run: LastingRun) -> Any:
        """Do all that belongs to a run: its delay, reading its inputs, its code under its time limit."""
        engine, cell = self._engine, run.cell
        if cell.patient and cell.node.pretrigger_delay > 0:
            await asyncio.sleep(cell.node.pretrigger_delay)
        engine.scheduler.stays(run.n)
        engine.state_changed(cell)
        run.kwargs = self.arguments(cell)
        if cell.heard:
            engine.tell_start(cell)
        if cell.patient and (seconds := cell.node.time_limit_s) is not None:
            return await self._limited(run, seconds)
        return await self._work(run)

    async def _limited(self, run: LastingRun, seconds: float) -> Any:
        from funcnodes_core.engine.executors.limit import Limit

        limit = run.limit = Limit(run.cell.node.name, seconds, partial(self._interrupts.end_overdue, run))
        run.cell.notice = None
        try:
            result = await self._work(run)
        except BaseException as error:
            limit.stop()
            if limit.error is None:
                raise
            if isinstance(error, asyncio.CancelledError) and error.args:
                # The last rung: what it was asked for did not help.
                limit.error.done = str(error.args[0])
            raise limit.error from error
        finally:
            limit.stop()
        if limit.error is not None:
            run.cell.notice = f"{limit.error.fact}, and gave a result all the same"
        return result

    def arguments(self, cell: Cell) -> dict[str, Any]:
        """Return what the inputs hold, by id; raise `NotReadyError` where one has lost its value."""
        kwargs: dict[str, Any] = {}
        for port in cell.arguments:
            value = port.stored
            if value is not NoValue or (value := port.default) is not NoValue:
                kwargs[port.declaration.uuid] = value
            elif port.required and not cell.forced:
                raise NotReadyError
        return kwargs

    def _work(self, run: LastingRun) -> Awaitable[Any]:
        """Return what is to be awaited; no coroutine in between, since each costs at every step."""
        cell, kwargs = run.cell, run.kwargs
        plan, node = cell.plan, cell.node
        func: Any = getattr(type(node), "func")  # noqa: B009 - the protocol of a node does not name it
        if func is not plan.func:
            run.begin()
            return self._replaced(run, func)
        if plan.wants_node:
            kwargs = {**kwargs, "node": node}
        function = partial(plan.function, node) if plan.wants_self else plan.function
        if plan.kind == "thread" and not plan.streams:
            return self._in_thread(run, function, kwargs)
        if plan.kind == "process" and not plan.streams:
            return self._in_process(run, function, kwargs)
        if plan.kind not in ("thread", "process"):
            run.begin()
        if plan.streams:
            return self._stream(run, partial(function, **kwargs))
        run.paused = cell.patient
        work = call(function, kwargs) if plan.is_async else complete(function, kwargs)
        return stepwise(self._engine, run, work)

    async def _replaced(self, run: LastingRun, func: Callable[..., Any]) -> Any:
        """Call what someone put in place of the class's own function, as such: it sets outputs itself."""
        function = partial(func, run.cell.node)
        return AlreadySet(await stepwise(self._engine, run, complete(function, run.kwargs)))

    async def _in_thread(self, run: LastingRun, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        async with self.threads:
            run.thread = ThreadRun(function, kwargs, f"run of {run.cell.node.name}", self._engine.loop)
            run.begin()
            return await run.thread.result()

    async def _stream(self, run: LastingRun, function: Callable[[], Any]) -> Any:
        from funcnodes_core.engine.executors import streams

        kind, engine = run.cell.plan.kind, self._engine
        if kind == "process":
            from funcnodes_core.engine.executors import process

            process.unsendable(run.cell)
        if kind not in ("thread", "process"):
            step = streams.in_loop(engine, run)
            return AlreadySet(await streams.stream(engine, run, function(), step))

        async def in_thread(what: Callable[[], Any]) -> Any:
            try:
                return await self._in_thread(run, what, {})
            finally:
                # Between two items no thread is there to be asked.
                run.thread = None

        return AlreadySet(await streams.stream(engine, run, streams.plain(function()), in_thread))

    async def _in_process(self, run: LastingRun, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        # Imported here: most graphs have no such node, and the import costs time.
        from funcnodes_core.engine.executors import process
        from funcnodes_core.engine.executors.parcels import CannotSend

        cell = run.cell
        unsendable = process.unsendable(cell)
        if unsendable is None:
            try:
                async with self.processes:
                    run.process = process.ProcessRun(function, kwargs, self._engine.loop, run.begin)
                    result = await run.process.result()
            except CannotSend as error:
                run.process = None
                process.note_unsendable(cell, error)
            else:
                cell.notice = None
                return result
        else:
            cell.notice = unsendable
        return await self._in_thread(run, function, kwargs)

    async def rest(self, awaitable: Awaitable[Any], run: LastingRun) -> Any:
        """Await what a plain function returned."""
        return await stepwise(self._engine, run, _awaited(awaitable))


class NotReadyError(Exception):
    """A required input lost its value before the run could read it."""


class AlreadySet:
    """A result that is not to be set on outputs: the function has done so itself."""

    def __init__(self, result: Any) -> None:
        self.result = result


async def complete(function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    """Call a function and await what it returns, if that is to be awaited."""
    result = call(function, kwargs)
    if result.__class__ is CoroutineType or inspect.isawaitable(result):
        return await result
    return result


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
