"""Seeing a run that lasts, from the server's thread; asleep as long as nothing runs.

The engine tells of a plain run when it is over. Whether one lasts is looked at here, every quarter of a
second while the graph is at work and never while it is not: an idle worker does nothing at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from funcnodes_worker.runtime.running import Run, RunningNode

WATCH_S = 0.25


class Watch:
    """Tells each run that lasts, once. Belongs to the server's event loop."""

    def __init__(self, running: RunningNode, lasts: Callable[[Run], None]) -> None:
        """`lasts` is called with a run that has lasted for `WATCH_S` or longer."""
        self._running, self._lasts = running, lasts
        self._told = 0
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()

        def begun() -> None:
            with contextlib.suppress(RuntimeError):  # The loop may be closed: the worker ends.
                loop.call_soon_threadsafe(self._begun.set)

        self._running.wake_by(begun)
        # A run that began before there was anybody to wake has woken nobody either: a graph may spin from its
        # first moment, before the server's thread comes here.
        if self._running.number:
            self._begun.set()
        try:
            while True:
                await self._begun.wait()
                self._begun.clear()
                seen = await self._watch_while_it_works()
                self._running.rest()
                # A run that began after the last look and before the rest has woken nobody.
                if self._running.number != seen:
                    self._begun.set()
        finally:
            self._running.wake_by(None)

    async def _watch_while_it_works(self) -> int:
        """Return the number of the last run, once none began or lasted for a while."""
        seen = -1
        while self._running.number != seen or self._running.now() is not None:
            seen = self._running.number
            await asyncio.sleep(WATCH_S)
            self._look()
        return seen

    def _look(self) -> None:
        run = self._running.now()
        if run is not None and run.number != self._told and time.monotonic() - run.since >= WATCH_S:
            self._told = run.number
            self._lasts(run)
