"""When a crashed worker is started again, and when no more.

Owns the budget and the waiting times. Pure: time and chance are given.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BUDGET = 5
"""Crashes that are answered by a restart within one window; the next one is left to a person."""
WINDOW_S = 600.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class RestartAfter:
    """Start again after this many seconds."""

    wait_s: float


@dataclass(frozen=True)
class GiveUp:
    """Do not start again: so many crashes within the window."""

    crashes: int


@dataclass
class CrashBudget:
    """The crashes of one worker that still count.

    A crash counts until it is older than the window, whatever the worker did since: a worker that lives for a
    second after each start would otherwise be started for ever.
    """

    crashes: list[float] = field(default_factory=list[float])

    def decide(self, at: float, jitter: float) -> RestartAfter | GiveUp:
        """Return what follows from one more crash. `jitter` (0 to 1) parts workers that fell together."""
        self.crashes = [crash for crash in self.crashes if crash > at - WINDOW_S]
        self.crashes.append(at)
        earlier = len(self.crashes) - 1
        if earlier >= BUDGET:
            return GiveUp(len(self.crashes))
        if earlier == 0:
            return RestartAfter(0.0)
        wait = min(FIRST_WAIT_S * 2 ** (earlier - 1), LONGEST_WAIT_S)
        return RestartAfter(wait * (0.5 + jitter))

    def forgive(self) -> None:
        """Forget all crashes: a person decided to try again."""
        self.crashes.clear()
