"""Loops in loops, loops that are cancelled or broken by an error, and odd things to go through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from funcnodes_basic.flow import FeedbackNode, MapNode
from funcnodes_basic.logic import CollectorNode, ForNode, IfNode, WhileNode
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine, current_engine

import funcnodes_core as fn


@fn.NodeDecorator("tests.together.plus")
def plus(a: int, b: int = 1) -> int:
    if a < 0:
        raise ValueError("below zero")
    return a + b


@fn.NodeDecorator("tests.together.less")
def less(a: int, b: int = 5) -> bool:
    return a < b


async def settle() -> Engine:
    engine = current_engine()
    await asyncio.wait_for(engine.wait_idle(), 20)
    invariants.check(engine.scheduler)
    assert not engine.lasting.runs
    return engine


LOOPS: dict[str, tuple[Any, str, str, str]] = {
    "For": (ForNode, "input", "do", "collector"),
    "Map": (MapNode, "input", "item", "result"),
}


def looping(name: str, body: fn.Node, first: str = "a", last: str = "out") -> fn.Node:
    """Return a loop around a body."""
    loop_class, _, out, back = LOOPS[name]
    loop = loop_class()
    loop.outputs[out].connect(body.inputs[first])
    body.outputs[last].connect(loop.inputs[back])
    return loop


@pytest.mark.parametrize("outer", LOOPS)
@pytest.mark.parametrize("inner", LOOPS)
async def test_a_loop_in_a_loop_in_a_loop(outer: str, inner: str) -> None:
    """Each gathers its own, in order."""
    body = plus()
    innermost = looping(inner, body)
    middle = looping(outer, innermost, "input", "done")
    outermost = looping(inner, middle, "input", "done")
    outermost["input"] = [[[1, 2], [3]], [[4]], []]
    await settle()
    assert outermost.outputs["done"].value == [[[2, 3], [4]], [[5]], []]


async def test_a_while_in_a_for() -> None:
    """For each item, count up to five."""
    loop, while_, step, check = ForNode(), WhileNode(), plus(), less()
    loop.outputs["do"].connect(step.inputs["a"])
    step.outputs["out"].connect(while_.inputs["input"])
    step.outputs["out"].connect(check.inputs["a"])
    check.outputs["out"].connect(while_.inputs["condition"])
    again = plus()
    while_.outputs["do"].connect(again.inputs["a"])
    again_check = less()
    again.outputs["out"].connect(again_check.inputs["a"])
    while_.outputs["done"].connect(loop.inputs["collector"])
    loop["input"] = [7, 8]
    await settle()
    assert loop.outputs["done"].value == [8, 9]


async def test_branches_within_a_map() -> None:
    """If sends each item its own way; the ways meet again."""
    loop, is_small, way = MapNode(), less(), IfNode()
    small, large = plus(), plus()
    small["b"], large["b"] = 100, 1000
    loop.outputs["item"].connect(is_small.inputs["a"])
    loop.outputs["item"].connect(way.inputs["input"])
    is_small.outputs["out"].connect(way.inputs["condition"])
    way.outputs["on_true"].connect(small.inputs["a"])
    way.outputs["on_false"].connect(large.inputs["a"])
    gathered = CollectorNode(io_options={"input": {"allow_multiple": True}})
    for each in (small, large):
        each.outputs["out"].connect(gathered.inputs["input"])
    gathered.outputs["output"].connect(loop.inputs["result"])
    loop["input"] = [1, 10, 2]
    await settle()
    assert loop.outputs["done"].value == [[101], [101, 1010], [101, 1010, 102]]


# --- cancelled ------------------------------------------------------------------------------------
def endless() -> Iterator[int]:
    n = 0
    while True:
        yield n
        n += 1


@pytest.mark.parametrize("name", LOOPS)
async def test_a_loop_is_cancelled_in_the_middle(name: str) -> None:
    """While an item's steps are under way; afterwards it goes through another list from the start."""
    gate, arrived = asyncio.Event(), asyncio.Event()

    @fn.NodeDecorator(f"tests.together.slow_{name}")
    async def slow(a: int) -> int:
        if a == 2 and not gate.is_set():
            arrived.set()
            await gate.wait()
        return a * 10

    body = slow()
    loop = looping(name, body)
    loop["input"] = [0, 1, 2, 3]
    await asyncio.wait_for(arrived.wait(), 10)
    engine = current_engine()
    assert engine.interrupt(loop.uuid) == f"{loop.name} is cancelled"
    gate.set()
    await settle()
    error = loop.run_state.error
    assert error is not None
    assert (error.kind, loop.outputs["done"].value) == ("CancelledError", fn.NoValue)

    loop["input"] = [4, 5]
    await settle()
    assert (loop.outputs["done"].value, loop.run_state.status) == ([40, 50], "idle")


@pytest.mark.parametrize("kind", ["For", "While", "Feedback"])
async def test_a_loop_without_an_end_is_cancelled(kind: str) -> None:
    """It lets others in all the while, so that it can be told; then it is as good as new."""
    step, rounds, enough = plus(), 0, asyncio.Event()

    def count(**_: Any) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 50:
            enough.set()

    step.outputs["out"].on("after_set_value", count)
    if kind == "For":
        loop: fn.Node = looping("For", step)
        loop["input"] = endless()
    elif kind == "While":
        loop = WhileNode()
        loop["condition"] = True
        loop.outputs["do"].connect(step.inputs["a"])
        step.outputs["out"].connect(loop.inputs["input"])
        step["a"] = 0
    else:
        loop = FeedbackNode()
        loop["rounds"] = 10**9
        loop.outputs["value"].connect(step.inputs["a"])
        step.outputs["out"].connect(loop.inputs["back"])
        loop["first"] = 0
    await asyncio.wait_for(enough.wait(), 10)
    current_engine().interrupt(loop.uuid)
    await settle()
    assert rounds >= 50
    assert loop.run_state.status in ("failed", "idle")


@fn.NodeDecorator("tests.together.plus_later")
async def plus_later(a: int) -> int:
    await asyncio.sleep(0.001)
    return a + 1


@fn.NodeDecorator("tests.together.plus_in_a_thread", separate_thread=True)
def plus_in_a_thread(a: int) -> int:
    return a + 1


@pytest.mark.parametrize("asked_from", ["the loop", "a thread"])
@pytest.mark.parametrize("step", [plus, plus_later, plus_in_a_thread])
async def test_a_while_that_is_interrupted_stays_ended(step: type[fn.Node], asked_from: str) -> None:
    """Whatever it does at that moment, and though its last round sends something back; until a new cause."""
    rounds, enough = 0, asyncio.Event()

    def count(**_: Any) -> None:
        nonlocal rounds
        rounds += 1
        if rounds % 20 == 0:
            enough.set()

    body, loop, engine = step(), WhileNode(), current_engine()
    body.outputs["out"].on("after_set_value", count)
    loop.outputs["do"].connect(body.inputs["a"])
    body.outputs["out"].connect(loop.inputs["input"])
    loop["condition"] = True
    for _ in range(3):
        loop["input"] = 0
        await asyncio.wait_for(enough.wait(), 10)
        if asked_from == "the loop":
            engine.interrupt(loop.uuid)
        else:
            await asyncio.to_thread(engine.interrupt, loop.uuid)
        await settle()
        assert loop.run_state.status in ("failed", "idle")
        enough.clear()

    loop["condition"] = False
    await settle()
    assert (loop.run_state.status, loop.outputs["done"].value) == ("idle", loop.inputs["input"].value)


# --- broken ---------------------------------------------------------------------------------------
async def test_a_for_whose_every_item_fails_is_done_with_nothing() -> None:
    body = plus()
    body.on_error(lambda **_: None)
    loop = looping("For", body)
    loop["input"] = [-1, -2, -3]
    await settle()
    assert (loop.outputs["done"].value, loop.run_state.status) == ([], "idle")
    assert (body.run_state.status, body.run_state.run) == ("failed", 3)


@pytest.mark.parametrize("name", LOOPS)
async def test_items_that_break_in_the_middle_fail_the_loop(name: str) -> None:
    """A generator that raises; and the loop can go on with another."""

    def breaks() -> Iterator[int]:
        yield 1
        raise OSError("the file ends here")

    loop = looping(name, plus())
    loop.on_error(lambda **_: None)
    loop["input"] = breaks()
    await settle()
    error = loop.run_state.error
    assert error is not None
    assert (error.kind, error.message) == ("OSError", "the file ends here")
    loop["input"] = (i for i in range(3))
    await settle()
    assert loop.outputs["done"].value == [1, 2, 3]


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("empty", [[], (), "", {}, iter(()), set(), range(0)], ids=lambda v: type(v).__name__)
async def test_nothing_to_go_through(name: str, empty: Any) -> None:
    body = plus()
    loop = looping(name, body)
    loop["input"] = empty
    await settle()
    assert not loop.outputs["done"].value
    assert loop.outputs["done"].value is not fn.NoValue
    assert body.run_state.run == 0


async def test_a_feedback_whose_step_fails_says_which_round() -> None:
    node, step = FeedbackNode(), plus()
    step.on_error(lambda **_: None)
    node.on_error(lambda **_: None)
    step["b"] = -3
    node.outputs["value"].connect(step.inputs["a"])
    step.outputs["out"].connect(node.inputs["back"])
    node["first"] = 5
    await settle()
    error = node.run_state.error
    assert error is not None
    assert "nothing came back from round 3" in error.message


async def test_a_loop_that_is_removed_in_the_middle_leaves_nothing() -> None:
    """Its steps go on to their end."""
    space, arrived, gate = fn.NodeSpace(), asyncio.Event(), asyncio.Event()

    @fn.NodeDecorator("tests.together.removed")
    async def slow(a: int) -> int:
        arrived.set()
        await gate.wait()
        return a

    body = slow()
    loop = looping("For", body)
    for node in (loop, body):
        space.add_node_instance(node)
    loop["input"] = endless()
    await asyncio.wait_for(arrived.wait(), 10)
    space.remove_node_instance(loop)
    gate.set()
    await settle()
    assert (space.nodes, body.outputs["out"].value) == ([body], 0)


async def test_twenty_thousand_items_through_a_map() -> None:
    loop = looping("Map", plus())
    loop["input"] = range(20_000)
    await settle()
    assert loop.outputs["done"].value == list(range(1, 20_001))
