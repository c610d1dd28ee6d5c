"""Ending a run from outside, by the ladder that fits where it runs.

Owns the SIGINT handler. It raises KeyboardInterrupt only while the main thread is below a frame of `calls`,
inside the very run that is to be stopped; at any other moment it does nothing, and the asking is repeated
until the run is over. asyncio's own handler cannot serve: it swallows the first signal and cancels the main
task.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from funcnodes_core.engine.calls import INSIDE
from funcnodes_core.engine.scheduler import HELD, MARKED

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["Interrupts", "install_handler"]

ASK_EVERY_S = 0.05
ASK_FOR_S = 5.0
ABANDON_AFTER_S = 5.0
ECHO_S = 1.0
"""For how long after a signal of ours another one is taken for its echo, not for a person's Ctrl+C."""


PROCESS_KILLED = "its process was killed"


class Ending(NamedTuple):
    """What was done to end a run."""

    said: str
    """The sentence for who asked, made before the run has ended."""
    done: str
    """The same for the error that stays on the node: what was done to it."""


_asking: list[Interrupts] = []
_on_its_way = False
"""Whether a signal of ours was sent that the handler has not seen yet: on a busy machine that takes long."""
_last_heard = float("-inf")
_otherwise: Callable[[], object] | None = None


def install_handler(otherwise: Callable[[], object] | None = None) -> None:
    """Make SIGINT end the run that was asked to end; call once, in the main thread.

    `otherwise` is called when the signal came from someone else: a person who pressed Ctrl+C means stop.
    """
    global _otherwise
    _otherwise = otherwise
    signal.signal(signal.SIGINT, _handle)


def _handle(signum: int, frame: FrameType | None) -> None:
    ours = _is_ours()
    for interrupts in tuple(_asking):
        if interrupts.is_due(frame):
            raise KeyboardInterrupt
    if not ours and _otherwise is not None:
        _otherwise()


def _is_ours() -> bool:
    # A signal does not say who sent it, and two may arrive as one. Ours may be handled long after the run
    # it was sent for has ended: taken for a person's then, it would stop the worker. What may be ours is
    # ours: whoever presses Ctrl+C within a second of an interrupt can press it again.
    global _on_its_way, _last_heard
    now = time.monotonic()
    ours = _on_its_way or bool(_asking) or now - _last_heard < ECHO_S
    if _on_its_way:
        _on_its_way, _last_heard = False, now
    return ours


def _ask_main_thread() -> None:
    global _on_its_way
    _on_its_way = True
    if hasattr(signal, "pthread_kill"):
        # A real signal: it also ends a wait inside the operating system, as in time.sleep.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


class Interrupts:
    """Who is to be ended on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._target: tuple[Cell, int] | None = None
        self._asked: dict[int, int] = {}
        """Whose run was asked to end, and which run; only the latest, since most never ask `was_ours`."""
        self.stopped: WeakKeyDictionary[Cell, int] = WeakKeyDictionary()
        """Nodes on a cycle that were ended, and the wave that comes round to them no more."""

    def interrupt(self, node_uuid: str | None) -> str:
        """End the run of one node, or of whatever runs; from any thread. Returns what was done."""
        engine = self._engine
        current = engine.current
        if current is not None and node_uuid in (None, current.node.uuid):
            engine.post(partial(self._end_rounds, current, engine.scheduler.wave_of[current.index]))
            return self._end_spinning(current).said
        runs = [run for run in tuple(engine.lasting.runs.values()) if node_uuid in (None, run.cell.node.uuid)]
        if not runs:
            return "nothing runs" if node_uuid is None else self._take_back(node_uuid)
        return "; ".join(self._end_lasting(run).said for run in runs)

    def end_overdue(self, run: LastingRun) -> str:
        """End a run that took too long; from any thread. Returns what was done."""
        engine = self._engine
        if engine.current is not run.cell:
            return self._end_lasting(run).done
        ending = self._end_spinning(run.cell)
        # If it paused just now instead of spinning on, it is cancelled as soon as the loop is free.
        engine.post(lambda: _cancel(engine, run))
        return ending.done

    def has_stopped(self, cell: Cell) -> bool:
        """Return whether the run that would begin now is one more round of a loop that was ended."""
        return self.stopped.get(cell) == self._engine.scheduler.wave_of[cell.index]

    def is_due(self, frame: FrameType | None) -> bool:
        """Return whether the interrupted frame is inside the very run to be ended. Called by the handler."""
        target = self._target
        if target is None or not self._is_running(*target):
            return False
        while frame is not None:
            if frame.f_code in INSIDE:
                return True
            frame = frame.f_back
        return False

    def was_ours(self, cell: Cell, run: int) -> bool:
        """Return whether the KeyboardInterrupt of this run is no person's Ctrl+C.

        With our handler Ctrl+C raises nowhere: what is raised then was asked for, or is the node's own.
        Without it Python raises in the main thread only, so what comes from elsewhere is the node's own, too.
        """
        was_asked = self._asked.pop(cell.index, None) == run
        is_elsewhere = cell.plan.kind in ("thread", "process")
        return was_asked or is_elsewhere or signal.getsignal(signal.SIGINT) is _handle

    # --- inside --------------------------------------------------------------------------------
    def _is_running(self, cell: Cell, run: int) -> bool:
        engine = self._engine
        return engine.current is cell and cell.engine is engine and engine.scheduler.run[cell.index] == run

    def _take_back(self, node_uuid: str) -> str:
        """Take the mark of a node that waits for others before its run begins."""
        engine = self._engine
        for cell in engine.cells():
            if cell.node.uuid == node_uuid and cell.state in (MARKED, HELD):
                wave = engine.scheduler.wave_of[cell.index]
                engine.post(partial(self._end_wave, cell, wave))
                return (
                    f"{cell.node.name} waited for its turn; it will not run until something asks for it again"
                )
        return f"node {node_uuid!r} does not run"

    def _end_spinning(self, cell: Cell) -> Ending:
        name = cell.node.name
        why_not = self._why_not()
        if why_not is not None:
            cannot = f"cannot be interrupted: {why_not}"
            return Ending(f"{name} {cannot}", f"it {cannot}")
        run = self._engine.scheduler.run[cell.index]
        self._asked[cell.index] = run
        self._target = (cell, run)
        threading.Thread(target=self._keep_asking, args=(cell, run), name="interrupt", daemon=True).start()
        return Ending(
            f"{name} is interrupted with KeyboardInterrupt; "
            "if it is inside native code, it ends only when that code returns",
            "it was interrupted",
        )

    def _why_not(self) -> str | None:
        """Return why a function that spins in the graph's thread cannot be interrupted, if so."""
        if self._engine.thread != threading.main_thread().ident:
            return "the graph does not run in the main thread of its process"
        if signal.getsignal(signal.SIGINT) is not _handle:
            return "this process has installed no handler for it"
        return None

    def _keep_asking(self, cell: Cell, run: int) -> None:
        _asking.append(self)
        try:
            until = time.monotonic() + ASK_FOR_S
            while time.monotonic() < until and self._is_running(cell, run) and self._target == (cell, run):
                _ask_main_thread()
                time.sleep(ASK_EVERY_S)
        finally:
            _asking.remove(self)
            if self._target == (cell, run):
                self._target = None

    def _end_lasting(self, run: LastingRun) -> Ending:
        name, engine = run.cell.node.name, self._engine
        end = partial(self._end_wave, run.cell, engine.scheduler.wave_of[run.n])
        self._asked[run.n] = run.number
        if run.process is not None:
            run.process.kill()
            engine.post(partial(end, run, partial(engine.lasting.give_up, message=PROCESS_KILLED)))
            return Ending(f"{name} is ended: its process is killed", PROCESS_KILLED)
        if run.thread is None:
            engine.post(partial(end, run, partial(_cancel, engine)))
            return Ending(f"{name} is cancelled", "it was cancelled")
        run.thread.ask_to_end()
        engine.post(partial(end, run, partial(_leave_behind_later, engine, how="asked, so its thread")))
        return Ending(
            f"{name} is asked to end its thread; after {ABANDON_AFTER_S:g} s it is left behind",
            "its thread was asked to end",
        )

    def _end_rounds(self, cell: Cell, wave: int) -> None:
        """End what comes round to a node whose own code ran when it was asked to end."""
        if cell.engine is self._engine and self._engine.scheduler.order.reaches(cell.index, cell.index):
            self._end_wave(cell, wave)

    def _end_wave(
        self,
        cell: Cell,
        wave: int,
        asked: LastingRun | None = None,
        end: Callable[[LastingRun], object] | None = None,
    ) -> None:
        """End what the node does now in the wave that it was seen in, and what comes round to it of that.

        A round of a loop may be over, and the next begun or marked, before the graph's thread hears of the
        asking: who asked meant the loop. `asked` is the run that was seen lasting, `end` what ends that one.
        """
        engine, n = self._engine, cell.index
        if cell.engine is not engine:
            return
        scheduler, run = engine.scheduler, engine.lasting.runs.get(n)
        if (run is None or run is not asked) and scheduler.wave_of[n] != wave:
            return
        wave = scheduler.wave_of[n]
        if scheduler.order.reaches(n, n):
            scheduler.queued.pop(n, None)
            # The newest wave of causes from outside has begun nowhere yet: more may come of it.
            if wave != scheduler.fresh:
                self.stopped[cell] = wave
        elif scheduler.queued.get(n) == wave:
            del scheduler.queued[n]
        if run is None:
            _unmark(engine, cell)
        elif run is asked and end is not None:
            end(run)
        else:
            if run.thread is not None:
                run.thread.ask_to_end()
            _cancel(engine, run)


def _unmark(engine: Engine, cell: Cell) -> None:
    if cell.state in (MARKED, HELD):
        engine.scheduler.unmark(cell.index)
        engine.state_changed(cell)
        engine.waiting.ended(cell, None)
        if not engine.awake:
            # Those who wait until all is over look again at the end of a turn.
            engine.wake()


def _cancel(engine: Engine, run: LastingRun) -> None:
    engine.lasting.give_up(run)
    # It may catch the cancelling and go on.
    _leave_behind_later(engine, run, "cancelled, so it")


def _leave_behind_later(engine: Engine, run: LastingRun, how: str) -> None:
    message = f"it did not end when {how} was left behind, and what it gives later is dropped"
    engine.loop.call_later(ABANDON_AFTER_S, engine.lasting.leave_behind, run, message)
