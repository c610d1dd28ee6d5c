"""Loops within a run: `settled` returns when everything that a value started has finished."""

from __future__ import annotations

import time
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine
from funcnodes_core.exceptions import GraphRunsElsewhere

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput, run_until_complete
from tests.core.graphs import inc, nap, napping_sum, threaded_sum


class Each(Node):
    """Sets an output for each item and collects what comes back."""

    node_id = "tests.each"
    items = NodeInput(id="items", type="Any")
    back = NodeInput(id="back", type="Any", does_trigger=False, required=False)
    item = NodeOutput(id="item", type="Any")
    done = NodeOutput(id="done", type="Any")

    async def func(self, items: Any, back: Any = None) -> None:
        collected: list[Any] = []
        for item in items:
            self.outputs["item"].value = item
            await self.settled(self.outputs["item"])
            collected.append(self.inputs["back"].value)
        self.outputs["done"].value = collected


async def test_each_item_is_through_before_the_next(engine: Engine) -> None:
    """Plain, slow and threaded nodes between."""
    for body_class in (inc, napping_sum, threaded_sum):
        loop, body = Each(), body_class()
        first = next(iter(body.inputs))
        loop.outputs["item"].connect(body.inputs[first])
        body.outputs["out"].connect(loop.inputs["back"])
        loop["items"] = [1, 2, 3]
        await engine.wait_idle()
        assert loop.outputs["done"].value == [2, 3, 4]
        loop.cleanup()


async def test_loops_inside_loops(engine: Engine) -> None:
    """The inner one does not wait for the outer, which waits for it."""

    class Rows(Each):
        node_id = "tests.rows"

    outer, inner, body = Rows(), Each(), napping_sum()
    outer.outputs["item"].connect(inner.inputs["items"])
    inner.outputs["item"].connect(body.inputs["x0"])
    body.outputs["out"].connect(inner.inputs["back"])
    inner.outputs["done"].connect(outer.inputs["back"])
    outer["items"] = [[1, 2], [3], [4, 5]]
    await engine.wait_idle()
    assert outer.outputs["done"].value == [[2, 3], [4], [5, 6]]


async def test_a_loop_waits_for_what_it_started_only(engine: Engine) -> None:
    """A slow node elsewhere is none of its business."""
    started, finished = list[str](), list[str]()

    @NodeDecorator("tests.elsewhere")
    async def elsewhere(a: int) -> int:
        started.append("elsewhere")
        for _ in range(50):
            await nap()
        finished.append("elsewhere")
        return a

    other, loop, body = elsewhere(), Each(), inc()
    loop.outputs["item"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["back"])
    loop.outputs["done"].on("after_set_value", lambda src, result: finished.append("loop"))
    other["a"] = 1
    loop["items"] = [1]
    await engine.wait_idle()
    assert finished == ["loop", "elsewhere"]


@pytest.mark.alone
@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_many_items_take_microseconds_each(engine: Engine, count: int) -> None:
    """One body node; the limit leaves room for a slow machine."""
    loop, body = Each(), inc()
    loop.outputs["item"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["back"])
    started = time.process_time()
    loop["items"] = range(count)
    await engine.wait_idle()
    assert time.process_time() - started < count * 100e-6
    assert loop.outputs["done"].value == list(range(1, count + 1))


async def test_other_tasks_go_on_during_a_long_loop(engine: Engine) -> None:
    """The loop gives way every few milliseconds."""
    loop, body, turns = Each(), inc(), 0
    loop.outputs["item"].connect(body.inputs["a"])
    loop["items"] = range(20_000)
    await nap()
    while loop.in_trigger:
        turns += 1
        await nap()
    assert turns > 3


async def test_others_may_wait_for_what_a_value_started(engine: Engine) -> None:
    """Outside of a run nothing is a loop: what is slow below is waited for, and nobody is left as a loop."""
    first, slow, last = inc(), napping_sum(), inc()
    first.outputs["out"].connect(slow.inputs["x0"])
    slow.outputs["out"].connect(last.inputs["a"])
    await first.settled("out")
    first["a"] = 1
    await first
    assert slow.in_trigger
    await first.settled("out")
    assert (slow.in_trigger, last.outputs["out"].value) == (False, slow.outputs["out"].value + 1)
    assert engine.waiting.loopers == {}


async def test_a_graph_is_awaited_only_in_its_own_thread(engine: Engine) -> None:
    """A loop of another thread is told so; once it went on at once, or drained a graph not its own."""
    inner = inc()
    inner["a"] = 1
    await inner

    @NodeDecorator("tests.settled.elsewhere", separate_thread=True)
    async def elsewhere(a: int, node: Any = None) -> list[str]:
        inner["a"] = a
        said: list[str] = []
        for wait in (
            lambda: inner,
            lambda: inner.await_trigger(),
            lambda: run_until_complete(inner),
            lambda: node.settled("out"),
        ):
            try:
                await wait()
            except GraphRunsElsewhere as error:
                said.append(str(error))
        return said

    beside = elsewhere()
    beside["a"] = 7
    await beside
    said = beside.outputs["out"].value
    assert len(said) == 4
    assert all("can be awaited only there" in each for each in said)
    await engine.wait_idle()
    assert inner.outputs["out"].value == 8
