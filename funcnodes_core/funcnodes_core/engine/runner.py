"""The runner: takes what the scheduler says runs next and runs it. One engine per event loop.

Owns the loop's turns (`wake`, `drain`), plain runs, and what follows from a run's end. Which cell sits at
which integer is `seats`; runs that last (coroutines, threads, delays) are `executors.lasting`; waiting for
runs is `waiting`; what failures leave is `failures`; the call of a node's function itself is `calls`. A plain
function runs without task, timer or event object.
"""

from __future__ import annotations

import asyncio
import time
from asyncio.events import _get_running_loop as running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from funcnodes_core.engine.adoption import adopt_component
from funcnodes_core.engine.blocking import recover
from funcnodes_core.engine.calls import NO_AWAITABLES, call, is_awaitable
from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.executors.lasting import LastingRuns
from funcnodes_core.engine.failures import keep_failure, ran_away
from funcnodes_core.engine.results import hand_out
from funcnodes_core.engine.scheduler import RanAway
from funcnodes_core.engine.seats import Seats
from funcnodes_core.engine.states import MarkerLike
from funcnodes_core.engine.waiting import Waiting
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.novalue import NoValue

__all__ = ["SLICE_S", "Engine", "current_engine"]

SLICE_S = 0.005
"""How long the engine runs plain functions before it lets the loop do something else."""

_engines: dict[asyncio.AbstractEventLoop, Engine] = {}


def current_engine() -> Engine:
    """Return the engine of the running event loop; made on first use."""
    loop = asyncio.get_running_loop()
    engine = _engines.get(loop)
    if engine is None:
        # Other threads make engines, and forget old ones, meanwhile.
        for old in tuple(_engines):
            if old.is_closed():
                _engines.pop(old, None)
        engine = _engines[loop] = Engine(loop)
    return engine


class Engine(Seats):
    """What runs the graph on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.marker: MarkerLike | None = None
        self.awake = False
        """Whether a turn is coming, so that nobody needs to ask for one."""
        self.current: Cell | None = None
        """Whose function is being called right now. Read by the interrupt handler and from other threads."""
        self.now = 0.0
        """When the plain run ended whose outputs are handed on now; else 0.0: who marks reads the clock."""
        self.lasting = LastingRuns(self)
        self.waiting = Waiting(self)

    # --- who comes and goes ----------------------------------------------------------------------
    def adopt(self, cell: Cell) -> None:
        """Take a node and everything connected to it into this engine."""
        adopt_component(self, cell)

    def dismiss(self, cell: Cell) -> None:
        """Forget a node: its mark goes, a run of it that lasts is asked to end, its result comes too late."""
        if cell.engine is not self or cell.index < 0:
            return
        self.lasting.cancel(cell)
        self.leave_empty(cell)
        self.waiting.release(cell)

    def link(self, parent: Cell, child: Cell) -> None:
        """Take an edge over; an end that sits nowhere comes in with all that is connected to it."""
        if parent.engine is not self:
            self.adopt(parent)
        elif child.engine is not self:
            self.adopt(child)
        else:
            self.scheduler.add_edge(parent.index, child.index)

    def cut(self, parent: Cell, child: Cell) -> None:
        """Take an edge out; who waited because of it may run now."""
        self.scheduler.remove_edge(parent.index, child.index)
        if not self.awake:
            self.wake_from_anywhere()

    def wake_from_anywhere(self) -> None:
        """See to it that the engine gets a turn, also when its loop stands still or runs elsewhere."""
        if running_loop() is self.loop:
            self.wake()
        else:
            self.post(lambda: None if self.awake else self.wake())

    # --- marks and turns -----------------------------------------------------------------------
    def mark(self, cell: Cell, cause: NodeInput | str) -> None:
        """Let a node run once more."""
        cell.requested = False
        if self.scheduler.mark(cell.index):
            cell.cause, cell.marked_at = cause, self.now or perf_counter()
            if not self.awake:
                self.wake()

    def wake(self) -> None:
        """See to it that the loop gives the engine a turn."""
        self.awake = True
        self.loop.call_soon(self.turn)

    def claim_turn(self) -> bool:
        """Keep marks from asking the loop for a turn; False when one is coming already.

        Whoever got True gives the turn (`turn`) before the loop goes on.
        """
        claimed, self.awake = not self.awake, True
        return claimed

    def turn(self) -> None:
        """Run what can run now, and come again soon if that is not all."""
        over = False
        try:
            over = self.drain()
        finally:
            # Also after an exception: what is still marked must get its turn.
            if over:
                self.awake = False
            else:
                self.loop.call_soon(self.turn)
        self.waiting.turned()

    def drain(self, seconds: float = SLICE_S) -> bool:
        """Run what can run now; False when the time was up first."""
        scheduler, cells, clock = self.scheduler, self._cells, perf_counter
        take, outer = scheduler.next, self.current
        if self._gone:
            self.reap()
        now = clock()
        wall, limit = time.time() - now, now + seconds
        try:
            while True:
                try:
                    n = take()
                except RanAway as away:
                    ran_away(self, away)
                    continue
                if n < 0:
                    return True
                cell = cells[n]()
                if cell is None:
                    scheduler.finished(n, scheduler.run[n])
                elif cell.slow or cell.plan.disputed:
                    if not self.lasting.start(cell, n):
                        return False
                else:
                    self._run(cell, n, wall)
                # The clock was read when the plain run ended; a lasting one has only been started.
                if (self.now or clock()) > limit:
                    return False
        finally:
            self.now = 0.0
            if outer is None:
                scheduler.outside()
            else:
                self.enter(outer)

    # --- plain runs ----------------------------------------------------------------------------
    def _run(self, cell: Cell, n: int, wall: float) -> None:
        """Run a plain function here and now.

        This runs 300,000 times a second: everything rare stands behind one test.
        """
        plan, by_position, arguments = cell.plan, cell.by_position, cell.arguments
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        cell.why = cell.cause
        cell.begun = begun = perf_counter()
        cell.queue_s = begun - cell.marked_at
        try:
            for port in arguments:
                value = port.stored
                if value is NoValue:
                    # A default factory is code of the author: what it raises is the node's error.
                    value = port.default
                    if value is NoValue:
                        if port.required and not cell.forced:
                            self.not_ready(cell, n)
                            return
                        # What comes behind a gap needs its name.
                        by_position = False
                        continue
                if by_position:
                    args.append(value)
                else:
                    kwargs[port.declaration.uuid] = value
            if plan.wants_node:
                kwargs["node"] = cell.node
            if cell.heard:
                self.tell_start(cell)
            self.current, self.now = cell, 0.0
            if self.marker is not None:
                self.marker.begin(cell.node.uuid)
            result = call(plan.function, kwargs, args)
            self.now = ended = perf_counter()
            self.current = None
            if self.marker is not None:
                self.marker.end()
            kind = result.__class__
            if kind not in NO_AWAITABLES and is_awaitable(kind):
                self.lasting.await_result(cell, n, result, _by_name(arguments, args, kwargs))
                return
            out = cell.out
            if out is not None:
                out.push(result)
            elif cell.outs:
                hand_out(cell, result, NodeOutput.push)
        except BaseException as error:  # noqa: BLE001 - errors stay on the node; `failed` raises what is not the node's
            self._leave()
            self.failed(cell, n, self.scheduler.run[n], error, _by_name(arguments, args, kwargs))
            return
        self.succeeded(cell, n, ended, wall, result)

    def _leave(self) -> None:
        self.current = None
        if self.marker is not None:
            self.marker.end()

    def enter(self, cell: Cell) -> None:
        """Note that this node's code runs from here on, and that what it marks belongs to its wave."""
        self.current = cell
        if cell.engine is self:
            self.scheduler.wave = self.scheduler.wave_of[cell.index]
        if self.marker is not None:
            self.marker.begin(cell.node.uuid)

    def leave(self) -> None:
        """Note that this node's code pauses or has ended."""
        self.current = None
        if self.marker is not None:
            self.marker.end()
        self.scheduler.wave = self.scheduler.fresh

    def spoke(self, cell: Cell) -> None:
        """Let marks belong to whoever is at work again. Called when a lasting run's value has gone on."""
        if self.current is cell:
            self.scheduler.wave = self.scheduler.wave_of[cell.index]
        elif self.current is None:
            self.scheduler.outside()
        else:
            self.scheduler.wave = cell.outer_wave
        if not self.awake:
            # Who was held back by this run until now is marked already, so no mark has asked for a turn.
            self.wake()

    # --- what follows from a run's end ---------------------------------------------------------
    def succeeded(self, cell: Cell, n: int, ended: float, wall: float, result: Any) -> None:
        """Settle a run whose outputs are set; `wall` is what the clock of the wall is ahead of `ended`'s."""
        cell.runs += 1
        cell.last_s = spent = ended - cell.begun
        cell.total_s += spent
        trigger_out, broken = cell.trigger_out, None
        if trigger_out is not None:
            if trigger_out.targets or trigger_out.listeners is not None:
                broken = _error_of(trigger_out.push, ended + wall)
            else:
                trigger_out.stored = ended + wall
        if cell.rests:
            for port in cell.arguments:
                broken = _error_of(port.receive, NoValue, False) or broken
        cell.forced = False
        if cell.error is not None or cell.blocked_by is not None:
            recover(self, cell)
        self.scheduler.ended(n)
        if self._state_changed is not None:
            self._state_changed(cell.node)
        if cell.heard:
            broken = _error_of(self.tell_end, cell) or broken
        if broken is not None:
            # Listeners run in the name of the node: what they raise is its error, and everybody goes on.
            keep_failure(self, cell, broken, {})
            self.waiting.ended(cell, None, cell.unheard)
        elif cell.waiters is not None or cell.stacks is not None:
            self.waiting.ended(cell, result)

    def failed(self, cell: Cell, n: int, run: int, error: BaseException, kwargs: dict[str, Any]) -> None:
        """Settle a run that raised: the error stays on the node, outputs keep their values."""
        if cell.engine is not self or not self.scheduler.finished(n, run):
            return
        cell.runs += 1
        # A run may end before its function was called: cancelled while it waited for a thread.
        cell.last_s = perf_counter() - cell.begun if cell.begun else 0.0
        cell.total_s += cell.last_s
        cell.forced = False
        keep_failure(self, cell, error, kwargs)
        self.waiting.ended(cell, None, cell.unheard)
        if isinstance(error, KeyboardInterrupt) and not self.lasting.interrupts.was_ours(cell, run):
            # Ctrl+C, pressed by a person while this node ran: it is meant for the program, not for the node.
            raise error

    def not_ready(self, cell: Cell, n: int) -> None:
        """Give a run back whose inputs have lost their values since it was marked."""
        self.scheduler.finished(n, self.scheduler.run[n])
        cell.requested = True
        self.state_changed(cell)
        if cell.waiters is not None:
            self.waiting.ended(cell, None)

    # --- events, for those who listen ----------------------------------------------------------
    def tell_start(self, cell: Cell) -> None:
        """Tell that a run begins."""
        if cell.mean <= 0.2:
            cell.node.emit("triggerfast")
        else:
            cell.node.emit("progress", {"info": {"prefix": "triggering"}})
            cell.node.emit("triggerstart")

    def tell_end(self, cell: Cell) -> None:
        """Tell that a run has ended well."""
        was_fast = cell.mean <= 0.2
        cell.mean = 0.9 * cell.mean + 0.1 * cell.last_s
        if not was_fast:
            cell.node.emit("triggerdone")
        cell.node.emit("progress", {"info": {"prefix": "idle"}})

    # --- questions -----------------------------------------------------------------------------
    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing is marked."""
        return self.scheduler.idle

    async def wait_idle(self) -> None:
        """Return when nothing runs and nothing is marked."""
        await self.waiting.until_idle()

    def interrupt(self, node_uuid: str | None = None) -> str:
        """End the run of a node, or of whichever runs; from any thread. Returns what was done."""
        return self.lasting.interrupts.interrupt(node_uuid)


def _by_name(ports: Iterable[NodeInput], args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return what a function was called with, by the ids of the inputs."""
    return {**{port.uuid: value for port, value in zip(ports, args, strict=False)}, **kwargs}


def _error_of(tell: Callable[..., object], *what: Any) -> Exception | None:
    """Tell something to others, and return what they raised."""
    try:
        tell(*what)
    except Exception as error:  # noqa: BLE001 - listeners raise what they like
        return error
    return None
