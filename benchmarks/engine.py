"""The engine's figures: every row of the table of speed and memory in the issue that asks for it.

Each change is measured twice by the same code: with nobody looking, and with the worker's feed, which
encodes and delivers too what changed when its time has come. Prints one JSON object; `benchmarks/README.md`
says how. Some rows only: `python -m benchmarks.engine changes building`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks.engine_rows import building, running

ROWS: dict[str, Callable[[], Coroutine[Any, Any, list[dict[str, Any]]]]] = {
    "changes": running.changes,
    "long_chain": running.long_chain,
    "first_change": running.first_change,
    "building": building.building,
    "writing": building.writing,
    "updates": running.updates,
    "loops": running.loops,
    "beside": running.beside_a_slow_one,
}


def bytecode() -> dict[str, Any]:
    """Return whether the import that was timed had bytecode."""
    import funcnodes_core.node.node as module

    cached = module.__cached__
    return {"written": not sys.dont_write_bytecode, "present": bool(cached) and Path(cached).exists()}


def main(chosen: list[str]) -> None:
    """Print the chosen figures, or all."""
    figures: list[dict[str, Any]] = []
    for name, rows in ROWS.items():
        if not chosen or name in chosen:
            # Each has a loop of its own, so that no graph of another is there to be looked after.
            figures += asyncio.run(rows())
    if not chosen or "importing" in chosen:
        figures += building.importing()
    print(json.dumps({"figures": figures, "bytecode": bytecode()}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
