"""The figures that the engine promises: how often nodes run, and that size does not matter."""

from __future__ import annotations

import asyncio
import gc
import time
from itertools import pairwise

import pytest
from funcnodes_core.engine.runner import Engine

from funcnodes_core import run_until_complete
from tests.core import graphs
from tests.core.graphs import add, chain, inc, runs, source


async def test_a_grid_runs_each_node_once_per_change(engine: Engine) -> None:
    """30 by 30 nodes with two parents each: one change is 900 runs."""
    start = source()
    grid = [[add() for _ in range(30)] for _ in range(30)]
    for row in range(30):
        for column in range(30):
            above = grid[row - 1][column] if row else start
            left = grid[row][column - 1] if column else start
            above.outputs["out"].connect(grid[row][column].inputs["a"])
            left.outputs["out"].connect(grid[row][column].inputs["b"])
    runs.clear()

    start["value"] = 1
    await engine.wait_idle()

    assert runs == {node.uuid: 1 for row in grid for node in row}
    assert grid[1][1].outputs["out"].value == 6
    assert grid[29][29].outputs["out"].value == 2 * grid[29][28].outputs["out"].value


async def test_reading_predecessor_and_source_gives_no_wrong_value(engine: Engine) -> None:
    """60 nodes that each read the one before and the source: 60 runs, and none sees old beside new."""
    start = source()
    nodes = [add() for _ in range(60)]
    before = start
    for node in nodes:
        before.outputs["out"].connect(node.inputs["a"])
        start.outputs["out"].connect(node.inputs["b"])
        before = node
    runs.clear()
    seen: list[int] = []
    nodes[-1].outputs["out"].on("after_set_value", lambda src, result: seen.append(result))

    for value in (1, 5):
        start["value"] = value
        await engine.wait_idle()

    assert (sum(runs.values()), set(runs.values()), seen) == (120, {2}, [61, 305])


@pytest.mark.alone
@pytest.mark.parametrize("length", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_a_long_chain_works(engine: Engine, length: int) -> None:
    """Nothing recurses, and nothing is searched over the whole graph; the benchmarks measure the long one."""
    # Making so many objects, the garbage collector would look through all of them again and again.
    gc.disable()
    try:
        nodes = chain(length)
    finally:
        gc.enable()
    # Of the processor: the machine may be busy.
    started = time.process_time()
    nodes[0]["a"] = 0
    await engine.wait_idle()
    assert nodes[-1].outputs["out"].value == length
    assert time.process_time() - started < length * 200e-6


def test_a_chain_built_without_a_loop_comes_in_sorted() -> None:
    """The graph is there before any loop runs, connected from its end to its start."""
    nodes = [inc() for _ in range(2_000)]
    for before, after in reversed(list(pairwise(nodes))):
        before.outputs["out"].connect(after.inputs["a"])

    async def run() -> int:
        nodes[0]["a"] = 0
        await run_until_complete(*nodes)
        return nodes[-1].outputs["out"].value

    assert asyncio.run(run()) == 2_000


async def test_a_fan_out_of_slow_nodes_is_not_searched_over_and_over(engine: Engine) -> None:
    """A thousand coroutines side by side, and a join that waits for all of them."""
    start = source()
    wide = [graphs.napping_sum() for _ in range(1_000)]
    join = graphs.Summing(parents=1_000)
    for i, node in enumerate(wide):
        start.outputs["out"].connect(node.inputs["x0"])
        node.outputs["out"].connect(join.inputs[f"x{i}"])
    runs.clear()

    start["value"] = 1
    await engine.wait_idle()

    assert (join.outputs["out"].value, runs[join.uuid]) == (2_001, 1)
