"""The time budget of each suite, and the table that a run prints at its end.

A suite is a folder below `tests/`. One that passes its share of CI's 25 minutes moves its long
figures to `make soak`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

BUDGET_S: Mapping[str, float] = {
    "core": 80,
    "basic": 30,
    "contract": 30,
    "worker": 270,
    "funcnodes": 420,
    "repository": 140,
    "end_to_end": 320,
    "ecosystem": 80,
}


def suite_of(node_id: str) -> str:
    """Return the suite a test belongs to: the folder below `tests/`."""
    parts = node_id.split("/")
    return parts[1] if len(parts) > 2 else "other"


def table(durations: Iterable[tuple[str, float]]) -> list[str]:
    """Return the lines of the table of shares; a suite over its budget is named so."""
    spent: dict[str, float] = defaultdict(float)
    for node_id, seconds in durations:
        spent[suite_of(node_id)] += seconds
    total = sum(spent.values()) or 1.0
    lines: list[str] = []
    for suite, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        budget = BUDGET_S.get(suite)
        note = (
            ""
            if budget is None or seconds <= budget
            else "  OVER ITS SHARE: move long figures to `make soak`"
        )
        shown = "-" if budget is None else f"{budget:.0f}"
        lines.append(f"{suite:<12} {seconds:7.1f} s of {shown:>4} s  {100 * seconds / total:5.1f} %{note}")
    return lines
