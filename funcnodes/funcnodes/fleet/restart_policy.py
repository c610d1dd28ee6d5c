"""When a worker is started without anybody asking, and when no more.

Owns the policies, the budget of crashes and the waiting times. Pure: time and chance are given.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

BUDGET = 5
"""Crashes that are answered by a restart within one window; the next one is left to a person."""
WINDOW_S = 600.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0


class Policy(enum.StrEnum):
    """What a worker's settings say about starting by itself. The words are those of the file."""

    NEVER = "never"
    ON_FAILURE = "on-failure"
    UNLESS_STOPPED = "unless-stopped"
    ALWAYS = "always"


class Promise(msgspec.Struct, frozen=True):
    """What a policy promises. Being told to stop wins over all of it for as long as the manager lives."""

    with_manager: bool
    """Started when the manager starts."""
    even_if_stopped: bool
    """So also when the last word was stop."""
    after_good_end: bool
    """Started again when it ended by itself and all was well."""
    after_crash: bool
    """Started again when it died."""


PROMISES: Mapping[Policy, Promise] = {
    Policy.NEVER: Promise(False, False, False, False),
    Policy.ON_FAILURE: Promise(False, False, False, True),
    Policy.UNLESS_STOPPED: Promise(True, False, True, True),
    Policy.ALWAYS: Promise(True, True, True, True),
}


def policy_table() -> str:
    """Return the table as it stands in `docs/concepts/worker-life.md`; a test compares the two."""

    def word(promised: bool) -> str:
        return "yes" if promised else "no"

    rows = [
        "| policy | starts with the manager | again after a good end | again after a crash |",
        "|---|---|---|---|",
    ]
    for policy, promise in PROMISES.items():
        start = (
            "yes, unless it was told to stop"
            if policy is Policy.UNLESS_STOPPED
            else word(promise.with_manager)
        )
        rows.append(
            f"| `{policy}` | {start} | {word(promise.after_good_end)} | {word(promise.after_crash)} |"
        )
    return "\n".join(rows)


class RestartAfter(msgspec.Struct, frozen=True):
    """Start again after this many seconds."""

    wait_s: float


class GiveUp(msgspec.Struct, frozen=True):
    """Do not start again: so many crashes within the window."""

    crashes: int


class CrashBudget(msgspec.Struct):
    """The crashes of one worker that still count.

    A crash counts until it is older than the window, whatever the worker did since: a worker that lives for a
    second after each start would otherwise be started for ever.
    """

    crashes: list[float] = []

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
