"""What one change costs: in chains, grids, fan-outs, loops, in a new graph, and beside a slow neighbour."""

from __future__ import annotations

import gc
import importlib.util
import resource
import statistics
import time
from typing import Any

from funcnodes_core.engine.runner import current_engine

from benchmarks.engine_rows import graphs
from benchmarks.engine_rows.graphs import Graph, chain
from benchmarks.engine_rows.measuring import ROUNDS, count, figure, one_change
from funcnodes_core import Node

UPDATES = 1_000_000


async def changes() -> list[dict[str, Any]]:
    """Return the figures of one change through graphs of all shapes."""
    figures = await one_change("chain of 1000", chain(1000), "300,000/s", 3 * ROUNDS)
    coroutines = chain(1000, graphs.increment_soon)
    figures += await one_change("chain of 1000 coroutines", coroutines, "100,000/s")
    figures += await one_change("grid of 30 by 30", graphs.grid(30), "250,000/s", 2 * ROUNDS)
    figures += await one_change("60 reading predecessor and source", graphs.ladder(60), "61 runs")
    figures += await one_change("fan-out to 5000", graphs.fan_out(5000), "250,000/s")
    return figures


async def long_chain() -> list[dict[str, Any]]:
    """Return what a node costs in a chain of 100,000, and how many times what it costs in one of 1000."""
    gc.disable()
    long, short = chain(100_000), chain(1000)
    gc.enable()
    small = await one_change("chain of 1000 beside the long one", short, "300,000/s", 3 * ROUNDS)
    large = await one_change("chain of 100,000", long, "1.3 times", 3)
    for one, other in zip(large, small, strict=True):
        ratio = min(one["all"]) / min(other["all"]) / 100
        one["note"] += f"; a node costs {ratio:.2f} times what it does in a chain of 1000"
    return large


async def first_change() -> list[dict[str, Any]]:
    """Return how many times a later change's time the first change of a new graph takes."""
    engine, ratios = current_engine(), list[float]()
    for _ in range(ROUNDS):
        # What is left of the last graph is cleared away before this one is timed.
        engine.drain()
        # No collecting here: it empties the interpreter's own stores, which the first change would pay for.
        graph, times = chain(1000), list[float]()
        for value in range(8):
            started = time.perf_counter()
            graph.change(value)
            await engine.wait_idle()
            times.append(time.perf_counter() - started)
        ratios.append(times[0] / statistics.median(times[1:]))
        del graph
    return [figure("first change of a new graph, times a later one", ratios, "times", 1, "to reach 1.3")]


async def updates() -> list[dict[str, Any]]:
    """Return the time and memory of a million updates of one input: the last tenth beside the first."""
    engine, graph = current_engine(), chain(2)
    times, sizes = list[float](), list[int]()
    for _ in range(10):
        started = time.perf_counter()
        for value in range(UPDATES // 10):
            graph.change(value)
            if value % 1000 == 0:
                await engine.wait_idle()
        await engine.wait_idle()
        times.append(time.perf_counter() - started)
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    grown = (sizes[-1] - sizes[0]) * 1024 / (UPDATES * 0.9)
    return [
        figure(
            "100,000 updates of one input",
            times,
            "ms",
            1e3,
            f"the last of ten takes {times[-1] / times[0]:.2f} times the first; to reach: flat",
        ),
        count("memory that an update leaves behind", grown, "bytes", f"of {UPDATES:,}; to reach 0"),
    ]


async def loops() -> list[dict[str, Any]]:
    """Return the figures of the For node over 100,000 items, if the basic nodes are installed."""
    if importlib.util.find_spec("funcnodes_basic") is None:
        return []
    from funcnodes_basic.logic import ForNode

    loop, body = ForNode(), graphs.increment()
    loop.outputs["do"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["collector"])
    graph = Graph(loop, [loop, body], 100_001, "input", lambda value: range(value, value + 100_000))
    figures = await one_change("For over 100,000 items", graph, "100,000/s", rounds=3)
    assert len(loop.outputs["done"].value) == 100_000
    return figures


async def beside_a_slow_one() -> list[dict[str, Any]]:
    """Return how long an update takes while a neighbour computes for two seconds."""
    kinds = (graphs.slow_coroutine, graphs.slow_thread, graphs.slow_process)
    return [await _beside(kind) for kind in kinds]


async def _beside(kind: Any) -> dict[str, Any]:
    engine, slow, quick = current_engine(), kind(), graphs.increment()
    slow["a"] = 1
    while not slow.cell.lasting:
        await engine.waiting.turn()
    times = [await _update(quick, value) for value in range(ROUNDS + 1)]
    assert slow.in_trigger
    await engine.wait_idle()
    name = f"update beside a {kind.node_id.removeprefix('bench.slow_')} of 2 s"
    return figure(name, times[1:], "ms", 1e3, "to reach: not delayed")


async def _update(node: Node, value: int) -> float:
    started = time.perf_counter()
    node["a"] = value
    await node
    assert node.outputs["out"].value == value + 1
    return time.perf_counter() - started
