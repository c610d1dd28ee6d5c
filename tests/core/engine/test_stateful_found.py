"""What the random lives of `test_stateful` found, each as the shortest story."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from funcnodes_core.engine.runner import Engine, current_engine
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import NodeDecorator
from tests.core.graphs import add as join
from tests.core.graphs import fail, inc


def test_a_graph_of_a_loop_that_is_gone_draws_no_running_node_after_it() -> None:
    """Connecting an old graph to one that runs now brings the old one here, not the other way round."""
    old = inc()

    async def first() -> None:
        old["a"] = 1
        await old

    async def second() -> None:
        gate = asyncio.get_running_loop().create_future()

        @NodeDecorator("tests.found.waits")
        async def waits(a: int, b: int = 0) -> int:
            await gate
            return a + b

        engine, node, between = current_engine(), waits(), inc()
        node.outputs["out"].connect(between.inputs["a"])
        node["a"] = 10
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert node.run_state.status == "running"
        old.outputs["out"].connect(node.inputs["b"])
        assert (node.cell.engine, old.cell.engine) == (engine, engine)
        gate.set_result(None)
        await engine.wait_idle()
        assert (node.run_state.error, between.outputs["out"].value) == (None, 13)

    asyncio.run(first())
    asyncio.run(second())


def test_edges_between_nodes_of_a_loop_that_is_gone_come_and_go() -> None:
    """They are learnt when the graph is used again."""
    one, two = inc(), inc()

    async def use() -> int:
        one["a"] = 1
        await current_engine().wait_idle()
        return one.outputs["out"].value

    asyncio.run(use())
    one.outputs["out"].connect(two.inputs["a"])
    asyncio.run(use())
    assert two.outputs["out"].value == 3
    one.outputs["out"].disconnect()
    one.outputs["out"].connect(two.inputs["a"])
    one.outputs["out"].disconnect(two.inputs["a"])
    assert asyncio.run(use()) == 2


def test_an_edge_that_goes_when_the_loop_is_gone_unblocks_too() -> None:
    """Nobody's engine is asked."""
    failing, after = fail(), inc()
    failing.outputs["out"].connect(after.inputs["a"])

    async def use() -> None:
        failing["a"] = -1
        await current_engine().wait_idle()

    asyncio.run(use())
    assert after.run_state.blocked_by == failing.uuid
    failing.cleanup()
    assert after.run_state.status == "idle"


async def test_what_a_failed_node_leads_to_no_more_is_blocked_no_more(engine: Engine) -> None:
    """The edge goes, or the node itself, or an edge further up."""
    for way in ("edge", "node", "edge further up"):
        failing, first, second = fail(), inc(), inc()
        failing.outputs["out"].connect(first.inputs["a"])
        first.outputs["out"].connect(second.inputs["a"])
        failing["a"] = -1
        await engine.wait_idle()
        assert second.run_state.blocked_by == failing.uuid
        match way:
            case "edge":
                first.inputs["a"].disconnect()
            case "node":
                failing.cleanup()
            case _:
                second.inputs["a"].disconnect()
        assert second.run_state.status == "idle"
        assert first.run_state.status == ("blocked" if way == "edge further up" else "idle")


async def test_who_stands_behind_one_that_runs_well_is_unblocked_too(engine: Engine) -> None:
    """The first below has run since by another input's word; the second was held back by the failure only."""
    failing, first, second = fail(), join(), inc()
    failing.outputs["out"].connect(first.inputs["a"])
    first.outputs["out"].connect(second.inputs["a"])
    failing["a"] = -1
    await engine.wait_idle()
    first.cell.blocked_by = None
    failing.cleanup()
    assert second.run_state.status == "idle"


async def test_a_large_graph_below_a_failed_node_is_taken_apart_quickly(engine: Engine) -> None:
    """No walk over all of it for each edge."""
    space, nodes = NodeSpace(), [fail(), *(inc() for _ in range(5_000))]
    for node in nodes:
        space.add_node_instance(node)
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    nodes[0]["a"] = -1
    await engine.wait_idle()
    assert nodes[-1].run_state.blocked_by == nodes[0].uuid
    started = time.process_time()
    space.clear()
    assert time.process_time() - started < 10
