"""What the engine is to reach beside the original, so that it can be read on a machine of any speed.

The issue gives for each row what the original showed and what is to be reached, both on one machine. On a
machine of another speed both figures move together; how many times better one is than the other stays. So a
row is judged by that ratio. What no machine's speed moves (bytes, one time beside another) is judged as it
stands, and what the original spends waiting is judged by the speed that the other rows show.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["TARGETS", "AnyMachine", "Scaled", "Target", "TimesBetter", "judged", "slowness"]

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class TimesBetter:
    """Judged by the ratio of both: `theirs` is the issue's figure of the original, `ours` what to reach."""

    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        """How many times better than the original is to be reached."""
        return max(self.theirs, self.ours) / min(self.theirs, self.ours)


@dataclass(frozen=True)
class AnyMachine:
    """Judged as it stands: the row is to be no larger than this, however quick the machine is."""

    most: float


@dataclass(frozen=True)
class Scaled:
    """Judged by the machine's speed: so many a second on the issue's machine; the original only waits."""

    per_second: float


Target = TimesBetter | AnyMachine | Scaled

TARGETS: Mapping[str, Target] = {
    "chain of 1000": TimesBetter(19_000, 300_000),
    "chain of 1000 coroutines": TimesBetter(19_000, 100_000),
    "grid of 30 by 30": TimesBetter(12_500, 250_000),
    "60 reading predecessor and source": AnyMachine(60),
    "fan-out to 5000": TimesBetter(9_800, 250_000),
    "a node in a chain of 4000, times one in 500": AnyMachine(1.3),
    "first change of a new graph, times a later one": AnyMachine(1.3),
    "building a connected node": TimesBetter(447, 30),
    "memory of a connected node": AnyMachine(3000),
    "serialize 2000 nodes": TimesBetter(0.13, 0.02),
    "deserialize 2000 nodes": TimesBetter(0.97, 0.06),
    "For over many items": Scaled(100_000),
    "import funcnodes_core": TimesBetter(0.15, 0.10),
}
"""By the names of `engine_program.py`; a row without a target is told and not judged."""


def judged(
    name: str,
    ratio: float | None,
    ours: Sequence[Rows],
    theirs: Sequence[Rows],
    targets: Mapping[str, Target] = TARGETS,
) -> str:
    """Return what a row is to reach and whether it does; nothing for a row without a target."""
    target, shown = targets.get(name), [rows[name]["value"] for rows in ours if "value" in rows[name]]
    match target:
        case None:
            return ""
        case TimesBetter():
            return _said(f"{target.ratio:.1f} times", ratio is not None and ratio >= target.ratio)
        case AnyMachine(most):
            return _said(f"at most {most:g}", bool(shown) and statistics.median(shown) <= most)
        case Scaled(per_second):
            here = per_second / slowness(theirs, targets)
            return _said(f"{here:,.0f}/s on this machine", bool(shown) and statistics.median(shown) >= here)


def slowness(theirs: Sequence[Rows], targets: Mapping[str, Target] = TARGETS) -> float:
    """Return how many times slower the original is here than on the issue's machine, by the median row."""
    found: list[float] = []
    for rows in theirs:
        for name, target in targets.items():
            row = rows.get(name, {})
            if isinstance(target, TimesBetter) and row.get("value"):
                value = row["value"]
                found.append(target.theirs / value if row["more_is_better"] else value / target.theirs)
    return statistics.median(found) if found else 1.0


def _said(target: str, is_reached: bool) -> str:
    return f"; to reach {target}: {'reached' if is_reached else 'NOT REACHED'}"
