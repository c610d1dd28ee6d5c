"""Something that is done again and again, about every so many seconds: what external workers are built on."""

from __future__ import annotations

import asyncio
import logging
import time

_log = logging.getLogger("funcnodes.worker")
GRANULARITY_S = 0.1


class CustomLoop:
    """Calls `loop` about every `delay` seconds while it runs and is not paused."""

    def __init__(self, delay: float = 0.1) -> None:
        self._delay = delay
        self._running = False
        self._stopped = False
        self._paused = False
        self._resume_at = 0.0

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

    def resume(self) -> None:
        """Go on at once."""
        self._paused = False
        self._resume_at = 0.0

    def resume_in(self, delay: float) -> None:
        """Go on by itself in so many seconds."""
        self._paused = False
        self._resume_at = time.monotonic() + delay

    async def continuous_run(self) -> None:
        """Do it again and again until stopped; an error is logged and the loop goes on."""
        self._running = True
        last = float("-inf")
        try:
            while not self._stopped:
                now = time.monotonic()
                if not self._paused and now >= self._resume_at and now - last >= self._delay:
                    last = now
                    await self._once()
                await asyncio.sleep(min(GRANULARITY_S, max(0.0, self._delay)))
        finally:
            self._running = False

    async def _once(self) -> None:
        try:
            await self.loop()
        # The loop's body is a module's code: what fails once may work the next time.
        except Exception:  # noqa: BLE001
            _log.exception("the loop of %s failed; it goes on", type(self).__name__)

    async def stop(self) -> None:
        """Do it no more, for good."""
        self._stopped = True
