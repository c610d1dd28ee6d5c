"""The engine's figures: what one change costs in chains, grids, fan-outs and loops, and what building costs.

Each run is measured twice by the same code: with nobody looking, and with a sink attached that notes changes
as the worker's feed does. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from funcnodes_core.engine.runner import current_engine

from funcnodes_core import Node, NodeDecorator

REPEAT = 9


@NodeDecorator("bench.increment")
def increment(a: int) -> int:
    return a + 1


@NodeDecorator("bench.add")
def add(a: int, b: int) -> int:
    return a + b


class Noting:
    """Notes what changed, newest only, as a feed would."""

    def __init__(self) -> None:
        self.ports: set[Any] = set()
        self.states: set[Any] = set()
        self.port_changed = self.ports.add
        self.state_changed = self.states.add

    def progressed(self, node: Any, info: dict[str, Any]) -> None:
        """Nothing here tells progress."""


def chain(count: int) -> tuple[Callable[[int], None], int]:
    nodes = [increment() for _ in range(count)]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return _setter(nodes[0], nodes), count


def grid(side: int) -> tuple[Callable[[int], None], int]:
    start = increment()
    rows = [[add() for _ in range(side)] for _ in range(side)]
    for y, row in enumerate(rows):
        for x, node in enumerate(row):
            (rows[y - 1][x] if y else start).outputs["out"].connect(node.inputs["a"])
            (row[x - 1] if x else start).outputs["out"].connect(node.inputs["b"])
    return _setter(start, rows), side * side + 1


def fan_out(count: int) -> tuple[Callable[[int], None], int]:
    start, nodes = increment(), [increment() for _ in range(count)]
    for node in nodes:
        start.outputs["out"].connect(node.inputs["a"])
    return _setter(start, nodes), count + 1


def _setter(first: Node, keep: Any) -> Callable[[int], None]:
    def change(value: int, _keep: Any = keep) -> None:
        first.inputs["a"].value = value

    return change


async def measure(
    name: str, change: Callable[[int], None], runs: int, repeat: int = REPEAT
) -> list[dict[str, Any]]:
    """Return the figures of one graph, alone and with a sink."""
    engine, figures = current_engine(), list[dict[str, Any]]()
    for sink, words in ((None, "alone"), (Noting(), "with a sink")):
        engine.sink = sink  # type: ignore[assignment]
        times: list[float] = []
        for value in range(repeat + 1):
            started = time.perf_counter()
            change(value)
            await engine.wait_idle()
            times.append(time.perf_counter() - started)
        figures.append(
            figure(f"{name}, {words}", times[1:], "ms", 1e3, f"{runs / min(times):,.0f} runs/s at best")
        )
    engine.sink = None
    return figures


def figure(name: str, times: list[float], unit: str, scale: float, note: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "median": round(statistics.median(times) * scale, 3),
        "unit": unit,
        "runs": len(times),
        "all": [round(t * scale, 3) for t in times],
        "note": note,
    }


async def graphs() -> list[dict[str, Any]]:
    figures = await measure("one change through a chain of 1000", *chain(1000), repeat=3 * REPEAT)
    gc.collect()
    figures += await measure("one change in a grid of 30 by 30", *grid(30))
    gc.collect()
    figures += await measure("one change fanned out to 1000", *fan_out(1000))
    gc.collect()
    gc.disable()
    long = chain(100_000)
    gc.enable()
    figures += await measure("one change through a chain of 100,000", *long, repeat=3)
    return figures


async def building() -> list[dict[str, Any]]:
    times: list[float] = []
    for _ in range(REPEAT + 1):
        gc.collect()
        started = time.perf_counter()
        kept = chain(2000)
        times.append(time.perf_counter() - started)
        del kept
    gc.collect()
    tracemalloc.start()
    made = chain(2000)
    size = tracemalloc.get_traced_memory()[0] / 2000
    tracemalloc.stop()
    assert made
    memory = {
        "name": "memory of a connected node",
        "median": round(size),
        "unit": "bytes",
        "runs": 1,
        "note": "of 2000",
    }
    return [figure("building a chain of 2000", times[1:], "ms", 1e3), memory]


async def loops() -> list[dict[str, Any]]:
    """Time the For node over 100,000 items, if the basic nodes are installed."""
    if importlib.util.find_spec("funcnodes_basic") is None:
        return []
    from funcnodes_basic.logic import ForNode

    loop, body = ForNode(), increment()
    loop.outputs["do"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["collector"])

    def change(value: int) -> None:
        loop.inputs["input"].value = range(value, value + 100_000)

    figures = await measure("For over 100,000 items", change, 100_000, repeat=3)
    assert len(loop.outputs["done"].value) == 100_000
    return figures


def importing() -> list[dict[str, Any]]:
    """Time `import funcnodes_core` in a fresh interpreter, less what the bare interpreter takes."""
    times: dict[str, list[float]] = {"pass": [], "import funcnodes_core": []}
    for _ in range(REPEAT + 1):
        for code, taken in times.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken.append(time.perf_counter() - started)
    pairs = zip(times["import funcnodes_core"][1:], times["pass"][1:], strict=True)
    return [figure("import funcnodes_core", [whole - bare for whole, bare in pairs], "s", 1.0)]


def bytecode() -> dict[str, Any]:
    import funcnodes_core.node.node as module

    cached = module.__cached__
    return {"written": not sys.dont_write_bytecode, "present": bool(cached) and Path(cached).exists()}


def main() -> None:
    """Print all figures."""
    figures = [
        *asyncio.run(graphs()),
        *asyncio.run(building()),
        *asyncio.run(loops()),
        *importing(),
    ]
    print(json.dumps({"figures": figures, "bytecode": bytecode()}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
