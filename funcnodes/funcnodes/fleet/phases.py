"""The phases of a worker's life and the moves between them.

Owns the table. A move that is not in it is a bug of ours and raises; why a move is made is said in `life`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Phase(enum.StrEnum):
    """Where a worker stands. The words are those of the wire."""

    CREATED = "created"
    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    WAITING = "waiting"
    FAILED = "failed"


MEANING: Mapping[Phase, str] = {
    Phase.CREATED: "its folder exists, its environment does not yet",
    Phase.PROVISIONING: "its environment is being built",
    Phase.STARTING: "its process is there and has not said hello",
    Phase.RUNNING: "it has said hello",
    Phase.STOPPING: "its end was asked for and has not been seen",
    Phase.STOPPED: "no process, and nobody expects one",
    Phase.WAITING: "it crashed and will be started again by itself",
    Phase.FAILED: "no process; the reason is given, and a person has to decide",
}

NEXT: Mapping[Phase, frozenset[Phase]] = {
    Phase.CREATED: frozenset({Phase.PROVISIONING, Phase.STARTING, Phase.RUNNING, Phase.STOPPED}),
    Phase.PROVISIONING: frozenset({Phase.STARTING, Phase.STOPPED, Phase.FAILED}),
    Phase.STARTING: frozenset({Phase.RUNNING, Phase.STOPPING, Phase.STOPPED, Phase.WAITING, Phase.FAILED}),
    Phase.RUNNING: frozenset({Phase.STOPPING, Phase.STOPPED, Phase.WAITING, Phase.FAILED}),
    Phase.STOPPING: frozenset({Phase.STARTING, Phase.STOPPED, Phase.FAILED}),
    Phase.STOPPED: frozenset({Phase.PROVISIONING, Phase.STARTING, Phase.RUNNING}),
    Phase.WAITING: frozenset({Phase.PROVISIONING, Phase.STARTING, Phase.RUNNING, Phase.STOPPED}),
    Phase.FAILED: frozenset({Phase.PROVISIONING, Phase.STARTING, Phase.RUNNING, Phase.STOPPED}),
}

IDLE = frozenset({Phase.CREATED, Phase.STOPPED, Phase.FAILED, Phase.WAITING})
"""There is no process, and none is on its way."""


class ImpossibleMove(AssertionError):
    """Raised for a move that is not in the table: a bug of ours, told with what led there."""

    def __init__(self, before: Phase, after: Phase, because: object) -> None:
        super().__init__()
        self.before, self.after, self.because = before, after, because

    def __str__(self) -> str:
        return f"a worker cannot go from {self.before} to {self.after} (because of {self.because!r})"


def check_move(before: Phase, after: Phase, because: object) -> Phase:
    """Return the new phase, or raise `ImpossibleMove`."""
    if after not in NEXT[before]:
        raise ImpossibleMove(before, after, because)
    return after


def phase_table() -> str:
    """Return the table as it stands in `docs/concepts/worker-life.md`; a test compares the two."""
    rows: list[str] = ["| phase | means | may become |", "|---|---|---|"]
    for phase in Phase:
        following = ", ".join(f"`{after}`" for after in Phase if after in NEXT[phase])
        rows.append(f"| `{phase}` | {MEANING[phase]} | {following} |")
    return "\n".join(rows)
