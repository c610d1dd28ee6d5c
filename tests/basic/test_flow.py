"""The shelf Flow: several ways, a strict map, an explicit cycle."""

from collections.abc import Iterator
from typing import Any

import pytest
from funcnodes_basic.flow import FeedbackNode, MapNode, SwitchNode
from funcnodes_basic.logic import ForNode
from funcnodes_core.engine.runner import current_engine

import funcnodes_core as fn
from funcnodes_core import NoValue


@fn.NodeDecorator("tests.flow.root_step")
def root_step(x: float) -> float:
    """One step of Newton for the root of 2."""
    return (x + 2 / x) / 2


@fn.NodeDecorator("tests.flow.close")
def close(x: float) -> bool:
    return abs(x * x - 2) < 1e-9


@fn.NodeDecorator("tests.flow.tenfold")
async def tenfold(a: int) -> int:
    if a < 0:
        raise ValueError("below zero")
    return a * 10


@fn.NodeDecorator("tests.flow.plus_one")
def plus_one(a: int) -> int:
    return a + 1


@pytest.mark.parametrize(
    ("key", "way"), [("a", "way_1"), ("b", "way_2"), (3, "way_4"), ("c", "otherwise"), (None, "otherwise")]
)
async def test_switch_takes_the_first_way_whose_case_equals_the_key(key: Any, way: str) -> None:
    node = SwitchNode()
    node["case_1"], node["case_2"], node["case_4"] = "a", "b", 3
    node["key"], node["input"] = key, 5
    await node

    set_ = {name for name, out in node.outputs.items() if out.value is not NoValue} - {"_triggeroutput"}
    assert set_ == {way}
    assert node.outputs[way].value == 5


async def test_switch_says_when_a_case_cannot_be_compared() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise TypeError("not to be compared")

        __hash__ = None  # type: ignore[assignment]

    node = SwitchNode()
    node["case_1"], node["key"], node["input"] = Odd(), 1, 2
    with pytest.raises(fn.NodeTriggerError, match="not to be compared"):
        await node


def mapping(body: fn.Node) -> MapNode:
    node = MapNode()
    node.outputs["item"].connect(body.inputs["a"])
    body.outputs["out"].connect(node.inputs["result"])
    return node


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ([1, 2, 3], [10, 20, 30]),
        ({"x": 1, "y": 2}, {"x": 10, "y": 20}),
        ((1, 1), [10, 10]),
        ([], []),
        ({}, {}),
    ],
)
async def test_map_keeps_places_and_keys(given: Any, result: Any) -> None:
    body = tenfold()
    node = mapping(body)
    node["input"] = given
    await node

    assert node.outputs["done"].value == result
    assert type(node.outputs["done"].value) is type(result)


async def test_map_tells_the_place_of_each_item() -> None:
    seen: list[tuple[Any, Any]] = []

    @fn.NodeDecorator("tests.flow.both")
    def both(a: int, place: Any) -> int:
        seen.append((place, a))
        return a

    body = both()
    node = mapping(body)
    node.outputs["place"].connect(body.inputs["place"])
    node["input"] = {"x": 7, "y": 8}
    await node
    assert seen == [("x", 7), ("y", 8)]


async def test_map_stops_at_an_item_without_result() -> None:
    """Where For goes on: a map whose results are fewer than its items would be a lie."""
    body = tenfold()
    body.on_error(lambda **_: None)
    node = mapping(body)
    node["input"] = [1, -1, 2]
    with pytest.raises(fn.NodeTriggerError, match="item at 1 gave no result"):
        await node
    assert node.outputs["done"].value is NoValue

    node["input"] = [1, 2]
    await node
    assert node.outputs["done"].value == [10, 20]


async def test_map_goes_through_lists_only() -> None:
    node = MapNode()
    node["input"] = 5
    with pytest.raises(fn.NodeTriggerError, match="a list or a dict, not an int"):
        await node


async def test_feedback_goes_round_until_it_is_enough() -> None:
    node, step, check = FeedbackNode(), root_step(), close()
    node.outputs["value"].connect(step.inputs["x"])
    step.outputs["out"].connect(node.inputs["back"])
    step.outputs["out"].connect(check.inputs["x"])
    check.outputs["out"].connect(node.inputs["until"])
    for first in (1.0, 100.0):
        node["first"] = first
        await node
        assert node.outputs["done"].value == pytest.approx(2**0.5)


def counting(rounds: int) -> Iterator[fn.Node]:
    node, body = FeedbackNode(), plus_one()
    node.outputs["value"].connect(body.inputs["a"])
    body.outputs["out"].connect(node.inputs["back"])
    node["rounds"] = rounds
    yield from (node, body)


@pytest.mark.parametrize("rounds", [0, 1, 20_000])
async def test_feedback_goes_round_as_often_as_said_and_does_not_run_away(rounds: int) -> None:
    """Also beyond the laps that stop an implicit cycle; changing the rounds alone starts nothing."""
    node, body = counting(rounds)
    node["first"] = 5
    await node
    assert node.outputs["done"].value == 5 + rounds
    node["rounds"] = 3
    await current_engine().wait_idle()
    assert node.outputs["done"].value == 5 + rounds
    assert body.run_state.status == "idle"


async def test_feedback_without_a_way_back_says_so() -> None:
    node = FeedbackNode()
    node["first"] = 5
    with pytest.raises(fn.NodeTriggerError, match="nothing came back from round 1"):
        await node


async def test_feedback_within_a_for() -> None:
    """Each item of the list is the first value of a cycle."""
    loop = ForNode()
    node, body = counting(10)
    loop.outputs["do"].connect(node.inputs["first"])
    node.outputs["done"].connect(loop.inputs["collector"])
    loop["input"] = [0, 100]
    await loop
    assert loop.outputs["done"].value == [10, 110]
    assert body.outputs["out"].value == 110
