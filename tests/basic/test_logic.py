"""Branch, repeat, go through a list, wait, collect: what runs, how often, in which order."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from funcnodes_basic.logic import CollectorNode, ForNode, IfNode, WaitNode, WhileNode
from funcnodes_basic.math_nodes import add_node, less_node

import funcnodes_core as fn
from funcnodes_core import NoValue


def node_of(name: str, function: Callable[..., Any]) -> fn.Node:
    """Return a node of a function made for one test."""
    node = fn.NodeDecorator(id=f"tests.logic.{name}.{id(function)}", name=name)(function)()
    # A listener takes the errors of a node: what a graph in a worker has on every node.
    node.on_error(lambda **_: None)
    return node


def watch(node: fn.Node, *ports: str) -> list[tuple[str, Any]]:
    """Return a list that grows by (port, value) whenever one of the ports is set."""
    seen: list[tuple[str, Any]] = []

    def watcher(port: str) -> Callable[..., None]:
        def note(result: Any, **_: Any) -> None:
            seen.append((port, result))

        return note

    for port in ports:
        node.outputs[port].on("after_set_value", watcher(port))
    return seen


@pytest.mark.parametrize(
    ("condition", "way", "other"), [(True, "on_true", "on_false"), (False, "on_false", "on_true")]
)
async def test_if_sends_the_input_one_way_only(condition: bool, way: str, other: str) -> None:
    node = IfNode()
    seen = watch(node, "on_true", "on_false")

    node.inputs["condition"].value = condition
    node.inputs["input"].value = 5
    await node

    assert seen == [(way, 5)]
    assert node.outputs[other].value is NoValue


async def test_if_starts_nothing_on_the_way_not_taken() -> None:
    runs: list[int] = []

    def note(a: int) -> int:
        runs.append(a)
        return a

    node, taken, passed_by = IfNode(), node_of("taken", note), node_of("passed_by", note)
    node.outputs["on_true"].connect(taken.inputs["a"])
    node.outputs["on_false"].connect(passed_by.inputs["a"])

    node.inputs["condition"].value = True
    node.inputs["input"].value = 1
    await fn.run_until_complete(node, taken, passed_by)

    assert runs == [1]
    assert passed_by.outputs["out"].value is NoValue


def counting_loop(limit: int) -> tuple[WhileNode, list[fn.Node]]:
    """While.do + 1 goes back to While.input, and to a comparison that is its condition."""
    loop, plus, less = WhileNode(), add_node(), less_node()
    plus.inputs["b"].value = 1
    less.inputs["b"].value = limit
    loop.outputs["do"].connect(plus.inputs["a"])
    plus.outputs["out"].connect(less.inputs["a"])
    plus.outputs["out"].connect(loop.inputs["input"])
    less.outputs["out"].connect(loop.inputs["condition"])
    return loop, [loop, plus, less]


async def test_while_goes_round_until_its_condition_no_longer_holds() -> None:
    loop, nodes = counting_loop(5)
    seen = watch(loop, "do", "done")

    loop.inputs["condition"].value = True
    loop.inputs["input"].value = 0
    await fn.run_until_complete(*nodes)

    assert seen == [*(("do", number) for number in range(5)), ("done", 5)]


async def test_while_goes_round_ten_thousand_times() -> None:
    """A loop node may: the limit on cycles is for cycles without one."""
    loop, nodes = counting_loop(12_000)

    loop.inputs["condition"].value = True
    loop.inputs["input"].value = 0
    await fn.run_until_complete(*nodes)

    assert loop.outputs["done"].value == 12_000


async def test_while_whose_condition_does_not_hold_is_done_at_once() -> None:
    loop = WhileNode()
    seen = watch(loop, "do", "done")

    loop.inputs["condition"].value = False
    loop.inputs["input"].value = 3
    await loop

    assert seen == [("done", 3)]


async def test_while_waits_for_what_a_round_started() -> None:
    """The condition that a slow body sends back counts for the next round, not for the one after it."""
    rounds: list[int] = []
    loop = WhileNode()

    async def body(value: int) -> int:
        await asyncio.sleep(0.01)
        rounds.append(value)
        return value + 1

    slow = node_of("slow", body)
    more = node_of("more", lambda_with_int(lambda value: value < 3))
    loop.outputs["do"].connect(slow.inputs["value"])
    slow.outputs["out"].connect(more.inputs["value"])
    slow.outputs["out"].connect(loop.inputs["input"])
    more.outputs["out"].connect(loop.inputs["condition"])

    loop.inputs["condition"].value = True
    loop.inputs["input"].value = 0
    await fn.run_until_complete(loop, slow, more)

    assert rounds == [0, 1, 2]
    assert loop.outputs["done"].value == 3


def lambda_with_int(function: Callable[[int], Any]) -> Callable[..., Any]:
    def run(value: int) -> Any:
        return function(value)

    return run


async def test_wait_gives_the_input_on_after_the_delay_while_others_go_on() -> None:
    node, other = WaitNode(), add_node()
    node.inputs["delay"].value = 0.2
    began = time.monotonic()

    node.inputs["input"].value = 7
    other.inputs["a"].value = 1
    other.inputs["b"].value = 2
    await other

    assert other.outputs["out"].value == 3
    assert node.outputs["output"].value is NoValue
    await node
    assert node.outputs["output"].value == 7
    assert time.monotonic() - began >= 0.2


async def test_wait_does_not_start_when_only_its_delay_changes() -> None:
    node = WaitNode()
    seen = watch(node, "output")
    node.inputs["delay"].value = 0
    node.inputs["input"].value = None
    await fn.run_until_complete(node)

    node.inputs["delay"].value = 0.0
    await fn.run_until_complete(node)

    assert seen == [("output", None)]


async def test_wait_takes_a_delay_below_zero_for_none() -> None:
    node = WaitNode()
    node.inputs["delay"].value = -3

    node.inputs["input"].value = 1
    await node

    assert node.outputs["output"].value == 1


async def test_wait_gives_on_the_value_that_came_meanwhile_as_well() -> None:
    """What arrives while a node runs is one more run."""
    node = WaitNode()
    node.inputs["delay"].value = 0.05
    seen = watch(node, "output")
    started = asyncio.Event()
    node.on("triggerstart", lambda **_: started.set())
    node.inputs["input"].value = 1
    await started.wait()

    node.inputs["input"].value = 2
    node.inputs["input"].value = 3
    await node

    assert seen == [("output", 1), ("output", 3)]


def for_with(body: fn.Node, port: str = "a", out: str = "out") -> ForNode:
    """Return a For whose items go through a node and come back to its collector."""
    loop = ForNode()
    loop.outputs["do"].connect(body.inputs[port])
    body.outputs[out].connect(loop.inputs["collector"])
    return loop


async def test_for_gathers_the_result_of_each_item() -> None:
    plus = add_node()
    plus.inputs["b"].value = 1
    loop = for_with(plus)
    seen = watch(loop, "do")

    loop.inputs["input"].value = [1, 2, 3]
    await loop

    assert seen == [("do", 1), ("do", 2), ("do", 3)]
    assert loop.outputs["done"].value == [2, 3, 4]


async def test_for_over_nothing_is_done_with_nothing() -> None:
    loop = ForNode()
    seen = watch(loop, "do")

    loop.inputs["input"].value = []
    await loop

    assert seen == []
    assert loop.outputs["done"].value == []


async def test_for_without_a_way_back_still_does_every_item() -> None:
    done: list[str] = []

    def note(a: str) -> None:
        done.append(a)

    loop, body = ForNode(), node_of("note", note)
    loop.outputs["do"].connect(body.inputs["a"])

    loop.inputs["input"].value = ("x", "y")
    await loop

    assert done == ["x", "y"]
    assert loop.outputs["done"].value == []


async def test_for_refuses_what_cannot_be_gone_through() -> None:
    loop = ForNode()

    loop.inputs["input"].value = 5
    with pytest.raises(fn.NodeTriggerError, match="For goes through a list, not an int; use To List first"):
        await loop

    loop.inputs["input"].value = [1]
    await loop
    assert loop.outputs["done"].value == []


async def test_for_takes_the_next_item_when_all_of_the_last_one_has_finished() -> None:
    """Two slow branches, one longer than the other, that meet again."""
    told: list[str] = []

    def branch(name: str, seconds: float) -> fn.Node:
        async def run(a: int) -> int:
            told.append(f"{name}{a} begins")
            await asyncio.sleep(seconds)
            told.append(f"{name}{a} ends")
            return a

        return node_of(name, run)

    short, long, join = branch("short", 0.005), branch("long", 0.02), add_node()
    loop = ForNode()
    for each, port in ((short, "a"), (long, "b")):
        loop.outputs["do"].connect(each.inputs["a"])
        each.outputs["out"].connect(join.inputs[port])
    join.outputs["out"].connect(loop.inputs["collector"])

    loop.inputs["input"].value = [1, 2, 3]
    await loop

    assert loop.outputs["done"].value == [2, 4, 6]
    for item in (1, 2):
        ends = max(told.index(f"{name}{item} ends") for name in ("short", "long"))
        begins = min(told.index(f"{name}{item + 1} begins") for name in ("short", "long"))
        assert ends < begins


async def test_an_item_that_fails_adds_nothing_and_stops_nothing() -> None:
    def half(a: int) -> float:
        if a == 2:
            raise ValueError("not two")
        return a / 2

    loop = for_with(node_of("half", half))

    loop.inputs["input"].value = [1, 2, 3]
    await loop

    assert loop.outputs["done"].value == [0.5, 1.5]


async def test_an_earlier_result_is_not_taken_for_a_later_items() -> None:
    """Each item begins with an empty collector, also when the loop runs a second time."""

    def only_one(a: int) -> Any:
        return a if a == 1 else NoValue

    loop = for_with(node_of("only_one", only_one))
    for _ in range(2):
        loop.inputs["input"].value = [1, 2, 3]
        await loop
        assert loop.outputs["done"].value == [1]


async def test_while_for_runs_done_has_no_value() -> None:
    loop = for_with(node_of("same", lambda_with_a(lambda a: a)))
    during: list[Any] = []
    loop.outputs["do"].on("after_set_value", lambda **_: during.append(loop.outputs["done"].value))

    for items in ([1], [2]):
        loop.inputs["input"].value = items
        await loop

    assert during == [NoValue, NoValue]
    assert loop.outputs["done"].value == [2]


def lambda_with_a(function: Callable[[Any], Any]) -> Callable[..., Any]:
    def run(a: Any) -> Any:
        return function(a)

    return run


async def test_what_follows_done_runs_once() -> None:
    lengths: list[int] = []

    def note(a: list[Any]) -> None:
        lengths.append(len(a))

    loop, after = for_with(node_of("same", lambda_with_a(lambda a: a))), node_of("after", note)
    loop.outputs["done"].connect(after.inputs["a"])

    loop.inputs["input"].value = [1, 2, 3]
    await fn.run_until_complete(loop, after)

    assert lengths == [3]


async def test_a_for_inside_a_for() -> None:
    inner = for_with(node_of("tenfold", lambda_with_a(lambda a: a * 10)))
    outer = for_with(inner, port="input", out="done")

    outer.inputs["input"].value = [[1, 2], [], [3]]
    await outer

    assert outer.outputs["done"].value == [[10, 20], [], [30]]


async def test_for_goes_through_what_has_no_length() -> None:
    loop = for_with(node_of("same", lambda_with_a(lambda a: a)))

    loop.inputs["input"].value = (letter for letter in "ab")
    await loop

    assert loop.outputs["done"].value == ["a", "b"]


async def test_for_goes_through_what_arrives_in_its_own_time() -> None:
    async def letters() -> AsyncIterator[str]:
        for letter in "ab":
            await asyncio.sleep(0.001)
            yield letter

    loop = for_with(node_of("same", lambda_with_a(lambda a: a)))

    loop.inputs["input"].value = letters()
    await loop

    assert loop.outputs["done"].value == ["a", "b"]


async def test_for_says_how_far_it_is() -> None:
    loop = for_with(node_of("same", lambda_with_a(lambda a: a)))
    told: list[dict[str, Any]] = []
    loop.on("progress", lambda info, **_: told.append(info))

    loop.inputs["input"].value = [1, 2, 3]
    await loop

    counts = [info["n"] for info in told if info.get("prefix", "").startswith("For") and info["total"] == 3]
    assert counts == sorted(counts)
    assert counts


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_for_over_many_items(count: int) -> None:
    """Some ten microseconds each of the process's own time; other work on the machine is no fault of ours."""
    plus = add_node()
    plus.inputs["b"].value = 1
    loop = for_with(plus)
    began = time.process_time()

    loop.inputs["input"].value = range(count)
    await loop

    assert loop.outputs["done"].value == [float(number + 1) for number in range(count)]
    assert time.process_time() - began < count * 50e-6


async def test_the_loop_lets_other_tasks_in() -> None:
    """A long For must not keep a whole process waiting."""
    loop = for_with(node_of("same", lambda_with_a(lambda a: a)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    loop.inputs["input"].value = range(20_000)
    await loop
    task.cancel()

    assert turns >= 5


async def collect(node: CollectorNode, *values: Any) -> None:
    for value in values:
        node.inputs["input"].value = value
        await node


async def test_collector_gathers_what_arrives() -> None:
    node = CollectorNode()
    seen = watch(node, "output")

    await collect(node, 1, None, 3)

    assert seen == [("output", [1]), ("output", [1, None]), ("output", [1, None, 3])]
    assert node.inputs["input"].value is NoValue


@pytest.mark.parametrize("signal", [True, False, None, 0, "again"])
async def test_any_value_at_reset_starts_a_new_list_with_the_next_input(signal: Any) -> None:
    node = CollectorNode()
    await collect(node, 1, 2)

    node.inputs["reset"].value = signal
    await node
    assert node.outputs["output"].value == [1, 2]

    await collect(node, 3, 4)
    assert node.outputs["output"].value == [3, 4]
    assert node.inputs["reset"].value is NoValue


async def test_collectors_do_not_share_their_lists() -> None:
    first, second = CollectorNode(), CollectorNode()

    await collect(first, 1)
    await collect(second, 2)

    assert (first.outputs["output"].value, second.outputs["output"].value) == ([1], [2])


async def test_collector_behind_a_for() -> None:
    loop, collector = ForNode(), CollectorNode()
    loop.outputs["do"].connect(collector.inputs["input"])

    loop.inputs["input"].value = [1, 2, 3]
    await loop

    assert collector.outputs["output"].value == [1, 2, 3]
