"""The same program run by both, in turns; what comes out as ratios.

A busy machine makes absolute figures worse, of both alike: so each round runs ours and the original one after
the other, and the ratio is taken within the round.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.original.environment import original, versions

HERE = Path(__file__).resolve().parent
LIMIT_S = 600.0
Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Side:
    """Who runs the program, and how."""

    name: str
    python: Path
    environment: Mapping[str, str]


def sides() -> tuple[Side, Side, Side]:
    """Return ours, the original without its delay, and the original as it comes."""
    peer = original()
    print(f"the original: {versions(peer)}", file=sys.stderr, flush=True)
    return (
        Side("ours", Path(sys.executable), {}),
        Side("the original, delay 0", peer, {"FUNCNODES_DEFAULT_PRETRIGGER_DELAY": "0"}),
        Side("the original", peer, {}),
    )


def run(side: Side, program: str, rows: Sequence[str] = ()) -> Rows:
    """Return what a program printed, run in a home of its own."""
    print(f"{side.name}: {program}", file=sys.stderr, flush=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNCNODES_")}
    with tempfile.TemporaryDirectory(prefix="funcnodes-peer-") as home:
        base = {"HOME": home, "FUNCNODES_CONFIG_DIR": f"{home}/.funcnodes"}
        ended = subprocess.run(
            [side.python, "-P", HERE / program, *rows],
            cwd=home,
            env={**kept, **base, **side.environment},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    if ended.returncode:
        raise SystemExit(f"{side.name} could not run {program}:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def compared(
    ours: Sequence[Rows],
    theirs: Sequence[Rows],
    as_it_comes: Rows,
    verdict: Callable[[str, float | None], str] = lambda _name, _ratio: "",
) -> list[dict[str, Any]]:
    """Return one figure per row: how many times better ours is, what both showed, and the verdict.

    A row says how many `turns` its value is the median of, where it is of more than one.
    """
    figures: list[dict[str, Any]] = []
    for name in ours[0]:
        pairs = [(mine[name], other.get(name, {})) for mine, other in zip(ours, theirs, strict=True)]
        ratios = [times_better(mine, other) for mine, other in pairs]
        known = [ratio for ratio in ratios if ratio is not None]
        note = f"{_said([mine for mine, _ in pairs])} beside {_said([other for _, other in pairs])}"
        if name in as_it_comes:
            note += f" (as it comes: {_said([as_it_comes[name]])})"
        note += verdict(name, statistics.median(known) if known else None)
        figures.append(
            {
                "name": f"{name}: times better than the original",
                "median": round(statistics.median(known), 2) if known else 0.0,
                "unit": "times",
                "runs": sum(mine.get("turns", 1) for mine, _ in pairs),
                "all": known,
                "note": note,
            }
        )
    return figures


def times_better(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> float | None:
    """Return how many times better one row is than another; None where one of them failed or is nothing.

    By what each cost in plain calls of the same moment, where both say so: that holds on a machine whose
    speed is another one when the other's turn comes.
    """
    if mine.get("plain_calls") and theirs.get("plain_calls"):
        return theirs["plain_calls"] / mine["plain_calls"]
    one, other = mine.get("value"), theirs.get("value")
    if not one or not other:
        return None
    return one / other if mine["more_is_better"] else other / one


def _said(rows: Sequence[Mapping[str, Any]]) -> str:
    values = [row["value"] for row in rows if "value" in row]
    if not values:
        return str(rows[0].get("failed", "nothing"))
    note = f" ({rows[0]['note']})" if rows[0].get("note") else ""
    if calls := [row["plain_calls"] for row in rows if "plain_calls" in row]:
        note += f" = {statistics.median(calls):,.4g} plain calls each"
    return f"{statistics.median(values):,.4g} {rows[0]['unit']}{note}"
