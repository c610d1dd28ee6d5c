"""The engine's figures: what one change costs in chains, grids, fan-outs and loops, and what building costs.

Each run is measured twice by the same code: with nobody looking, and with the worker's feed attached, which
also encodes and delivers what changed when its time has come. Prints one JSON object.
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
from dataclasses import dataclass
from itertools import chain as chain_of_lists
from itertools import pairwise
from pathlib import Path
from typing import Any

from funcnodes_core.engine.runner import current_engine
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.observe import Observer, state_of

from funcnodes_core import Node, NodeDecorator

REPEAT = 9


@NodeDecorator("bench.increment")
def increment(a: int) -> int:
    return a + 1


@NodeDecorator("bench.add")
def add(a: int, b: int) -> int:
    return a + b


@dataclass
class Graph:
    """What is measured: the node that a change is set on, all nodes, and how many runs one change causes."""

    first: Node
    nodes: list[Node]
    runs: int
    port: str = "a"
    make: Callable[[int], object] = int

    def change(self, value: int) -> None:
        """Set the first input."""
        self.first.inputs[self.port].value = self.make(value)


def workers_feed(nodes: list[Node]) -> Feed:
    """Return the feed as a worker attaches it, with a client that takes each batch and asks for more."""
    observer = Observer()
    for node in nodes:
        observer.know(node)
    feed = Feed(lambda _batch: None, state_of, observer.changes_of)
    feed.enter()
    return feed


def chain(count: int) -> Graph:
    nodes = [increment() for _ in range(count)]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return Graph(nodes[0], nodes, count)


def grid(side: int) -> Graph:
    start = increment()
    rows = [[add() for _ in range(side)] for _ in range(side)]
    for y, row in enumerate(rows):
        for x, node in enumerate(row):
            (rows[y - 1][x] if y else start).outputs["out"].connect(node.inputs["a"])
            (row[x - 1] if x else start).outputs["out"].connect(node.inputs["b"])
    return Graph(start, [start, *chain_of_lists.from_iterable(rows)], side * side + 1)


def fan_out(count: int) -> Graph:
    start, nodes = increment(), [increment() for _ in range(count)]
    for node in nodes:
        start.outputs["out"].connect(node.inputs["a"])
    return Graph(start, [start, *nodes], count + 1)


async def measure(name: str, graph: Graph, repeat: int = REPEAT) -> list[dict[str, Any]]:
    """Return the figures of one graph, alone and with the worker's feed."""
    engine, figures = current_engine(), list[dict[str, Any]]()
    for with_feed in (False, True):
        words = "with the worker's feed" if with_feed else "alone"
        engine.sink = workers_feed(graph.nodes) if with_feed else None
        times: list[float] = []
        for value in range(repeat + 1):
            started = time.perf_counter()
            graph.change(value)
            await engine.wait_idle()
            times.append(time.perf_counter() - started)
        figures.append(
            figure(f"{name}, {words}", times[1:], "ms", 1e3, f"{graph.runs / min(times):,.0f} runs/s at best")
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
    figures = await measure("one change through a chain of 1000", chain(1000), repeat=3 * REPEAT)
    gc.collect()
    figures += await measure("one change in a grid of 30 by 30", grid(30))
    gc.collect()
    figures += await measure("one change fanned out to 1000", fan_out(1000))
    gc.collect()
    gc.disable()
    long = chain(100_000)
    gc.enable()
    figures += await measure("one change through a chain of 100,000", long, repeat=3)
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

    graph = Graph(loop, [loop, body], 100_000, "input", lambda value: range(value, value + 100_000))
    figures = await measure("For over 100,000 items", graph, repeat=3)
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
