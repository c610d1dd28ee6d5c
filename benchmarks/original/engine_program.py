"""The engine's rows in published names: run by the original's interpreter and by ours, prints one JSON.

`python engine_program.py ROW…`. Stands alone: imports nothing of this repository, so that it runs anywhere.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Coroutine
from itertools import chain as flat
from itertools import pairwise
from typing import Any

warnings.simplefilter("ignore")

import funcnodes_core as fn  # noqa: E402 - its own import warns in one of the two

ROUNDS = 3
NODES = 2000
CALLS = 20_000


@fn.NodeDecorator("peer.increment")
def increment(a: int) -> int:
    return a + 1


@fn.NodeDecorator("peer.add")
def add(a: int, b: int) -> int:
    return a + b


@fn.NodeDecorator("peer.increment_soon")
async def increment_soon(a: int) -> int:
    return a + 1


@fn.NodeDecorator("peer.slow")
def slow(a: int) -> int:
    time.sleep(2)
    return a


@fn.NodeDecorator("peer.slow_thread", separate_thread=True)
def slow_thread(a: int) -> int:
    time.sleep(2)
    return a


def row(value: float, unit: str, note: str = "", *, more_is_better: bool = False) -> dict[str, Any]:
    """Return one figure."""
    return {"value": value, "unit": unit, "note": note, "more_is_better": more_is_better}


def plain_call() -> float:
    """Return the processor time, in seconds, that one plain Python call takes at this moment."""

    def plain(a: int) -> int:
        return a + 1

    value = 0
    started = time.process_time()
    for _ in range(CALLS):
        value = plain(a=value)
    return (time.process_time() - started) / CALLS


def chain(count: int, kind: Any = increment) -> list[Any]:
    """Return nodes in a row."""
    nodes = [kind() for _ in range(count)]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return nodes


def grid(side: int) -> list[Any]:
    """Return rows of nodes that add what is above and what is to the left, behind one first node."""
    start = increment()
    rows = [[add() for _ in range(side)] for _ in range(side)]
    for y, nodes in enumerate(rows):
        for x, node in enumerate(nodes):
            (rows[y - 1][x] if y else start).outputs["out"].connect(node.inputs["a"])
            (nodes[x - 1] if x else start).outputs["out"].connect(node.inputs["b"])
    return [start, *flat.from_iterable(rows)]


def fan_out(count: int) -> list[Any]:
    """Return one node whose value goes to many."""
    nodes = [increment() for _ in range(count + 1)]
    for node in nodes[1:]:
        nodes[0].outputs["out"].connect(node.inputs["a"])
    return nodes


def ladder(count: int) -> list[Any]:
    """Return nodes that each read the one before and the source; the source's wires drawn last one first."""
    start, nodes = increment(), [add() for _ in range(count)]
    for before, node in pairwise([start, *nodes]):
        before.outputs["out"].connect(node.inputs["a"])
    for node in reversed(nodes):
        start.outputs["out"].connect(node.inputs["b"])
    return [start, *nodes]


async def change(nodes: list[Any], value: int, expected: int) -> float:
    """Return the seconds from one change at the first node until the last one shows what it must.

    Told by an event of that one port: the cheapest way to wait that both have.
    """
    arrived = asyncio.get_running_loop().create_future()

    def hear(result: Any, **_: Any) -> None:
        if result == expected and not arrived.done():
            arrived.set_result(None)

    last = nodes[-1].outputs["out"]
    last.on("after_set_value", hear)
    started = time.perf_counter()
    nodes[0].inputs["a"].value = value
    await arrived
    took = time.perf_counter() - started
    last.off("after_set_value", hear)
    await fn.run_until_complete(*nodes)
    return took


async def speed(nodes: list[Any], last: Callable[[int], int]) -> dict[str, Any]:
    """Return nodes per second of one change, after one that does not count, and a node's cost in plain calls.

    The calls are timed right before and after each change, in processor time: a machine that changes its
    speed changes both, and others on it neither.
    """
    await change(nodes, 0, last(0))
    gc.collect()
    times: list[float] = []
    calls: list[float] = []
    before = plain_call()
    for value in range(1, 3 * ROUNDS + 1):
        started = time.process_time()
        times.append(await change(nodes, value, last(value)))
        used = time.process_time() - started
        after = plain_call()
        calls.append(used / len(nodes) / ((before + after) / 2))
        before = after
    figure = row(len(nodes) / statistics.median(times), "1/s", more_is_better=True)
    return {**figure, "plain_calls": statistics.median(calls)}


async def chain_of_1000() -> dict[str, Any]:
    return await speed(chain(1000), lambda value: value + 1000)


async def chain_of_coroutines() -> dict[str, Any]:
    return await speed(chain(1000, increment_soon), lambda value: value + 1000)


async def grid_of_30() -> dict[str, Any]:
    # Each node of the first row and column adds the first one's value; the others what is above and left.
    paths = math.comb(60, 30)
    return await speed(grid(30), lambda value: (value + 1) * paths)


async def fan_out_to_5000() -> dict[str, Any]:
    return await speed(fan_out(5000), lambda value: value + 2)


async def reading_two() -> dict[str, Any]:
    """Return how many runs 60 nodes take for one change, and how many of their values were wrong."""
    nodes = ladder(60)
    await change(nodes, 0, 61)
    shown: list[tuple[int, Any]] = []

    def listen(place: int, node: Any) -> None:
        def hear(result: Any, **_: Any) -> None:
            shown.append((place, result))

        node.outputs["out"].on("after_set_value", hear)

    for place, node in enumerate(nodes[1:], 1):
        listen(place, node)
    await change(nodes, 10, 11 * 61)
    wrong = sum(result != 11 * (place + 1) for place, result in shown)
    return row(len(shown), "runs", f"{wrong} wrong values shown")


async def long_chain() -> dict[str, Any]:
    """Return what a node costs in a chain of 4000, beside one of 500."""
    small, large = chain(500), chain(4000)
    await change(small, 0, 500)
    await change(large, 0, 4000)
    one = statistics.median([await change(small, value, value + 500) / 500 for value in range(1, 4)])
    other = statistics.median([await change(large, value, value + 4000) / 4000 for value in range(1, 4)])
    return row(other / one, "times")


async def first_change() -> dict[str, Any]:
    """Return how many times a later change's time the first change of a new graph takes."""
    nodes = chain(1000)
    first = await change(nodes, 0, 1000)
    later = [await change(nodes, value, value + 1000) for value in range(1, 4)]
    return row(first / statistics.median(later), "times")


async def building() -> dict[str, Any]:
    times: list[float] = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        started = time.perf_counter()
        kept = chain(NODES)
        times.append((time.perf_counter() - started) / NODES)
        del kept
    return row(statistics.median(times[1:]) * 1e6, "µs")


async def memory() -> dict[str, Any]:
    chain(10)
    gc.collect()
    tracemalloc.start()
    kept = chain(NODES)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / NODES
    tracemalloc.stop()
    assert kept
    return row(size, "bytes")


def space_of(count: int) -> Any:
    """Return a nodespace with a chain."""
    space = fn.NodeSpace()
    for node in chain(count):
        space.add_node_instance(node)
    space.add_shelf(fn.Shelf(name="peer", nodes=[increment], subshelves=[], description=""))
    return space


async def serialize() -> dict[str, Any]:
    space = space_of(NODES)
    times = [timed(space.serialize) for _ in range(ROUNDS + 1)]
    return row(statistics.median(times[1:]), "s")


async def deserialize() -> dict[str, Any]:
    saved = json.loads(json.dumps(space_of(NODES).serialize(), cls=fn.JSONEncoder), cls=fn.JSONDecoder)

    def read() -> None:
        space = fn.NodeSpace()
        space.add_shelf(fn.Shelf(name="peer", nodes=[increment], subshelves=[], description=""))
        space.deserialize(saved)
        assert len(space.nodes) == NODES

    return row(statistics.median([timed(read) for _ in range(ROUNDS)]), "s")


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


UPDATES = 10_000


async def updates() -> dict[str, Any]:
    """Return the last tenth's time beside the first's, and what an update leaves behind."""
    nodes = chain(2)
    times: list[float] = []
    sizes: list[int] = []
    for part in range(10):
        started = time.perf_counter()
        for value in range(UPDATES // 10):
            nodes[0].inputs["a"].value = value
            if value % 100 == 0:
                await fn.run_until_complete(*nodes)
        await fn.run_until_complete(*nodes)
        times.append(time.perf_counter() - started)
        if part:
            sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    left = (sizes[-1] - sizes[0]) * 1024 / (UPDATES * 0.8)
    note = (
        f"the last tenth takes {times[-1] / times[1]:.2f} times the second; {left:.0f} bytes left per update"
    )
    return row(statistics.median(times) / (UPDATES / 10) * 1e6, "µs", note)


async def for_loop() -> dict[str, Any]:
    """Return items per second of the For node with one node as its body."""
    from funcnodes_basic.logic import ForNode

    loop, body = ForNode(), increment()
    loop.outputs["do"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["collector"])

    async def over(count: int) -> float:
        started = time.perf_counter()
        loop.inputs["input"].value = list(range(count))
        await fn.run_until_complete(loop, body)
        assert len(loop.outputs["done"].value) == count
        return time.perf_counter() - started

    # As many as a second allows, so that neither side waits for the other's sake.
    count = 10
    while (took := await over(count)) < 0.5 and count < 100_000:
        count = min(100_000, int(count * 0.8 / took) + count)
    return row(count / took, "1/s", f"over {count} items", more_is_better=True)


async def beside(kind: Any) -> dict[str, Any]:
    neighbour, node = kind(), increment()
    await change([node], 0, 1)
    neighbour.inputs["a"].value = 1
    await asyncio.sleep(0.1)
    started = time.perf_counter()
    node.inputs["a"].value = 5
    await node
    took = time.perf_counter() - started
    assert node.outputs["out"].value == 6
    await neighbour
    return row(took, "s")


async def beside_a_thread() -> dict[str, Any]:
    return await beside(slow_thread)


async def importing() -> dict[str, Any]:
    """Return what importing takes in a fresh interpreter, less the bare interpreter."""
    times: list[float] = []
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(prefix="funcnodes-bytecode-") as folder:
        # With bytecode, whatever is said where this runs: the first of the imports writes it.
        environment = {**kept, "PYTHONPYCACHEPREFIX": folder}

        def imported(code: str) -> None:
            subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)

        for _ in range(2 * ROUNDS + 1):
            bare = timed(lambda: imported("pass"))
            times.append(timed(lambda: imported("import funcnodes_core")) - bare)
    return row(statistics.median(times[1:]), "s")


ROWS: dict[str, Callable[[], Coroutine[Any, Any, dict[str, Any]]]] = {
    "chain of 1000": chain_of_1000,
    "chain of 1000 coroutines": chain_of_coroutines,
    "grid of 30 by 30": grid_of_30,
    "60 reading predecessor and source": reading_two,
    "fan-out to 5000": fan_out_to_5000,
    "a node in a chain of 4000, times one in 500": long_chain,
    "first change of a new graph, times a later one": first_change,
    "building a connected node": building,
    "memory of a connected node": memory,
    f"serialize {NODES} nodes": serialize,
    f"deserialize {NODES} nodes": deserialize,
    "update of one input": updates,
    "For over many items": for_loop,
    "update beside a thread of 2 s": beside_a_thread,
    "import funcnodes_core": importing,
}


def main(chosen: list[str]) -> None:
    """Print the chosen rows, or all; a row that fails says how."""
    if chosen == ["--names"]:
        print(json.dumps(dict.fromkeys(ROWS)))
        return
    figures: dict[str, Any] = {}
    for name, work in ROWS.items():
        if chosen and name not in chosen:
            continue
        print(f"  {name} …", file=sys.stderr, flush=True)
        try:
            figures[name] = asyncio.run(work())
        # That the peer fails at a row is its figure: recursion in long chains.
        except Exception as problem:  # noqa: BLE001
            figures[name] = {"failed": f"{type(problem).__name__}: {str(problem)[:100]}"}
    print("\n" + json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
