"""Something that is done again and again, about every so many seconds: what external workers are built on.

Owns when it is done. It wakes for that moment and no earlier: one that is paused, or has nothing to do, costs
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

_log = logging.getLogger("funcnodes.worker")
SHORTEST_S = 0.001
"""The shortest pause: a delay of 0 still lets nodes run."""


class CustomLoop:
    """Calls `loop` about every `delay` seconds while it runs and is not paused."""

    def __init__(self, delay: float = 0.1) -> None:
        self._pause_s = delay
        self._running = False
        self._stopped = False
        self._paused = False
        self._resume_at = 0.0
        self._home: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    @property
    def _delay(self) -> float:
        # Modules assign to it while it runs: the name is the published one.
        return self._pause_s

    @_delay.setter
    def _delay(self, delay: float) -> None:
        self._pause_s = delay
        self._wake()

    @property
    def running(self) -> bool:
        """Whether `continuous_run` is at work."""
        return self._running

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, for good."""
        return self._stopped

    async def loop(self) -> None:
        """Do it once. For subclasses; nothing by default."""

    def pause(self) -> None:
        """Do it no more until `resume`."""
        self._paused = True
        self._wake()

    def resume(self) -> None:
        """Go on at once."""
        self._paused = False
        self._resume_at = 0.0
        self._wake()

    def resume_in(self, delay: float) -> None:
        """Go on by itself in so many seconds."""
        self._paused = False
        self._resume_at = time.monotonic() + delay
        self._wake()

    async def continuous_run(self) -> None:
        """Do it again and again until stopped; an error is logged and the loop goes on."""
        self._running = True
        changed = asyncio.Event()
        self._home = asyncio.get_running_loop(), changed
        last = float("-inf")
        try:
            while not self._stopped:
                changed.clear()
                wait_s = self._seconds_until_due(last)
                if wait_s is None or wait_s > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait_s):
                            await changed.wait()
                    continue
                last = time.monotonic()
                await self._once()
                await asyncio.sleep(0)
        finally:
            self._running = False
            self._home = None

    def _seconds_until_due(self, last: float) -> float | None:
        """Return how long there is nothing to do; None when that may be for ever."""
        if self._paused or type(self).loop is CustomLoop.loop:
            return None
        due = max(self._resume_at, last + max(self._pause_s, SHORTEST_S))
        return due - time.monotonic()

    def _wake(self) -> None:
        # From any thread: a node's function in a thread may pause the device it belongs to.
        if self._home is not None:
            loop, changed = self._home
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

    async def _once(self) -> None:
        try:
            await self.loop()
        # The loop's body is a module's code: what fails once may work the next time.
        except Exception:  # noqa: BLE001
            _log.exception("the loop of %s failed; it goes on", type(self).__name__)

    async def stop(self) -> None:
        """Do it no more, for good."""
        self._stopped = True
        self._wake()
