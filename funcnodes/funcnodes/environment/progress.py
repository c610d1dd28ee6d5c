"""Progress of an installation: one sentence at a time and a fraction that only grows.

Owns the share of the whole that each stage has. Does not know who listens.
"""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, float], None]
"""Called with what happens now and how much of the whole is done (0 to 1)."""

# Nobody knows how many lines the installer will say in a stage: each takes this part of what is left of the
# stage.
_STEP = 0.2


class Progress:
    """Hands sentences to a listener, with a fraction."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._fraction, self._end = 0.0, 0.0

    def stage(self, message: str, start: float, end: float) -> None:
        """Begin a stage that covers this part of the whole."""
        self._fraction, self._end = max(self._fraction, start), end
        self._report(message, self._fraction)

    def say(self, message: str) -> None:
        """Say something within the stage."""
        self._fraction += max(0.0, self._end - self._fraction) * _STEP
        self._report(message, self._fraction)
