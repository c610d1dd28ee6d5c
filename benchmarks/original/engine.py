"""The engine beside the original's: `python -m benchmarks engine --with-original`.

Some rows only: `python -m benchmarks.original.engine "chain of 1000" …`.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from benchmarks.original.compare import Rows, Side, compared, run, sides
from benchmarks.original.targets import judged, slowness

PROGRAM = "engine_program.py"
ROUNDS = 3
# With 10 ms before each run the other rows take minutes and say the same.
AS_IT_COMES = ("chain of 1000", "60 reading predecessor and source")


def main(chosen: list[str]) -> None:
    """Print how many times better each row is, and whether that is what the issue asks for."""
    ours, theirs, as_it_comes = sides()
    mine: list[Rows] = []
    others: list[Rows] = []
    names = chosen or list(run(ours, PROGRAM, ["--names"]))
    for _ in range(ROUNDS):
        one, other = _round(ours, theirs, names)
        mine.append(one)
        others.append(other)
    slow: Rows = {} if chosen else run(as_it_comes, PROGRAM, AS_IT_COMES)
    figures = compared(mine, others, slow, partial(judged, ours=mine, theirs=others))
    figures.append(
        {
            "name": "this machine runs the original as fast as the issue's did, times",
            "median": round(1 / slowness(others), 3),
            "unit": "times",
            "runs": len(others),
            "note": "absolute targets of the issue hold times this",
        }
    )
    print(json.dumps({"figures": figures}, ensure_ascii=False, indent=1))


def _round(ours: Side, theirs: Side, names: list[str]) -> tuple[Rows, Rows]:
    """Run each row with both, one right after the other: a machine changes its speed within a minute."""
    mine, others = dict[str, Any](), dict[str, Any]()
    for name in names:
        mine.update(run(ours, PROGRAM, [name]))
        others.update(run(theirs, PROGRAM, [name]))
    return mine, others


if __name__ == "__main__":
    main(sys.argv[1:])
