"""The end of a worker that nobody needs any more: one made with a required heartbeat stops without it.

Owns the time between two beats. Asleep in between: one timer, no looking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

SETTING = "required_heartbeat"
"""The key in the worker's settings: seconds that may pass between two `heartbeat` commands."""


def required_by(settings: Mapping[str, Any]) -> float | None:
    """Return the seconds that settings ask for; None when they ask for no heartbeat."""
    seconds = settings.get(SETTING)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    return float(seconds)


class Heartbeat:
    """Calls `missed` once when no beat came in time."""

    def __init__(self, every_s: float | None, missed: Callable[[], None]) -> None:
        self.every_s = every_s
        self._missed = missed
        self._timer: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        """Hear that somebody needs the worker. The first beat is its start."""
        self.stop()
        if self.every_s is not None:
            self._timer = asyncio.get_running_loop().call_later(self.every_s, self._missed)

    def stop(self) -> None:
        """Wait for no more beats."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
