"""How the engine's figures are taken: in rounds, each alone and with the worker's feed, beside plain calls.

A machine that does other work too makes all absolute figures worse. So every round also times the same count
of plain Python calls, and the note says how many of those one node costs: that figure bears being compared.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from typing import Any

from funcnodes_core.engine.runner import current_engine
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.observe import Observer, state_of

from benchmarks.engine_rows.graphs import Graph
from funcnodes_core import Node

ROUNDS = 9


def workers_feed(nodes: list[Node]) -> Feed:
    """Return the feed as a worker attaches it, with a client that takes each batch and asks for more."""
    observer = Observer()
    for node in nodes:
        observer.know(node)
    feed = Feed(lambda _batch: None, state_of, observer.changes_of)
    feed.enter()
    return feed


def in_plain_calls(times: Sequence[float], plain: Sequence[float], runs: int) -> str:
    """Return what one run, node or item costs beside as many plain calls, timed in the same rounds.

    The median of the rounds' own ratios: both halves of a round meet the machine at the same speed.
    """
    pairs = [(one / runs, other / runs) for one, other in zip(times, plain, strict=True)]
    ours, call = (statistics.median(side) * 1e9 for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    best = min(times) / min(plain)
    return f"{ours:,.0f} ns = {ratio:.1f} plain calls of {call:,.0f} ns, at best {best:.1f}"


def figure(name: str, times: Sequence[float], unit: str, scale: float, note: str = "") -> dict[str, Any]:
    """Return times as the agreed JSON."""
    return {
        "name": name,
        "median": round(statistics.median(times) * scale, 4),
        "unit": unit,
        "runs": len(times),
        "all": [round(t * scale, 4) for t in times],
        "note": note,
    }


def count(name: str, value: float, unit: str, note: str = "") -> dict[str, Any]:
    """Return a figure that is no time."""
    return {"name": name, "median": round(value, 4), "unit": unit, "runs": 1, "note": note}


async def one_change(
    name: str, graph: Graph, wanted: str, rounds: int = ROUNDS, warm: int = 1
) -> list[dict[str, Any]]:
    """Return what one change costs: alone, and with the worker's feed, whose share of the speed is said."""
    engine, feed = current_engine(), workers_feed(graph.nodes)
    alone, fed, plain = list[float](), list[float](), list[float]()
    gc.collect()
    for value in range(rounds + warm):
        for sink, times in ((None, alone), (feed, fed)):
            engine.sink = sink
            before = sum(node.run_state.run for node in graph.nodes)
            started = time.perf_counter()
            graph.change(value)
            await engine.wait_idle()
            times.append(time.perf_counter() - started)
            ran = sum(node.run_state.run for node in graph.nodes) - before
            assert ran == graph.runs, f"{name}: {ran} runs instead of {graph.runs}"
        plain.append(plain_calls(graph.runs))
    engine.sink = None
    alone, fed, plain = alone[warm:], fed[warm:], plain[warm:]
    share = statistics.median(a / f for a, f in zip(alone, fed, strict=True))
    return [
        figure(f"{name}, alone", alone, "ms", 1e3, f"{_speed(graph, alone, plain)}; to reach {wanted}"),
        figure(f"{name}, fed", fed, "ms", 1e3, f"{_speed(graph, fed, plain)}; {share:.0%} of alone"),
    ]


def _speed(graph: Graph, times: list[float], plain: list[float]) -> str:
    # Whatever disturbs makes a round worse, never better.
    best, median = graph.runs / min(times), graph.runs / statistics.median(times)
    return f"{median:,.0f}/s, at best {best:,.0f}/s; a run: {in_plain_calls(times, plain, graph.runs)}"


def plain_calls(count_: int) -> float:
    """Return how long so many calls of a plain function take, with an argument by name, as nodes get it."""

    def increment(a: int) -> int:
        return a + 1

    value = 0
    started = time.perf_counter()
    for _ in range(count_):
        value = increment(a=value)
    return time.perf_counter() - started
