"""How long one run may take, and its end by the same ladder as an interrupt when it takes longer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from funcnodes_core.exceptions import RunTookTooLong

__all__ = ["Limit"]


class Limit:
    """The clock of one run. A thread holds it: a function that never lets go stops the loop's own clocks."""

    def __init__(self, name: str, seconds: float, end: Callable[[], str]) -> None:
        self._name, self._seconds, self._end = name, seconds, end
        self._lock = threading.Lock()
        self._over = False
        self._begun = False
        self._timer = threading.Timer(seconds, self._too_long)
        self._timer.daemon = True
        self.error: RunTookTooLong | None = None
        """Set when the run took too long."""

    def begin(self) -> None:
        """Start the clock, once; from any thread. Called when the function itself begins."""
        with self._lock:
            if not self._begun and not self._over:
                self._begun = True
                self._timer.start()

    def stop(self) -> None:
        """Note that the run is over."""
        # Who is ending the run right now holds the lock until it can say what it did.
        with self._lock:
            self._over = True
        self._timer.cancel()

    def _too_long(self) -> None:
        with self._lock:
            if not self._over:
                self.error = RunTookTooLong(self._name, self._seconds, self._end())
