"""What a function returns, on its outputs: paired by position; what does not fit is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine

import funcnodes_core as fn

PAIR: list[dict[str, Any]] = [{"name": "low"}, {"name": "high"}]
"""Two outputs."""


@fn.NodeDecorator("tests.results.plain", outputs=PAIR)
def plain(value: Any) -> Any:
    return value


@fn.NodeDecorator("tests.results.coroutine", outputs=PAIR)
async def coroutine(value: Any) -> Any:
    return value


@fn.NodeDecorator("tests.results.thread", outputs=PAIR, separate_thread=True)
def thread(value: Any) -> Any:
    return value


@fn.NodeDecorator("tests.results.generator", outputs=PAIR)
def generator(value: Any) -> Iterator[Any]:
    yield value


@fn.NodeDecorator("tests.results.async_generator", outputs=PAIR)
async def async_generator(value: Any) -> AsyncIterator[Any]:
    yield value


KINDS = pytest.mark.parametrize("kind", [plain, coroutine, thread, generator, async_generator])


def results(node: fn.Node) -> tuple[Any, Any]:
    """Return what stands on both outputs."""
    return node.outputs["low"].value, node.outputs["high"].value


@KINDS
async def test_results_are_paired_by_position(engine: Engine, kind: Any) -> None:
    """A tuple, a list, anything that can be iterated; also one that never ends."""
    for given, wanted in [((1, 2), (1, 2)), ([3, 4], (3, 4)), (count(5), (5, 6)), ("ab", ("a", "b"))]:
        node = kind()
        node["value"] = given
        await node
        assert (results(node), node.run_state.notice) == (wanted, None)


@KINDS
async def test_fewer_results_leave_the_other_outputs_and_are_told(engine: Engine, kind: Any) -> None:
    """As published; with a notice, which goes with the next run that fits."""
    node = kind()
    for given in [(1, 2), (10,)]:
        node["value"] = given
        await node
    assert (results(node), node.run_state.status) == ((10, 2), "idle")
    assert node.run_state.notice == "returned 1 result for 2 outputs: high keeps its value"

    node["value"] = ()
    await node
    assert node.run_state.notice == "returned 0 results for 2 outputs: low, high keep their values"

    node["value"] = (3, 4)
    await node
    assert (results(node), node.run_state.notice) == ((3, 4), None)


@KINDS
async def test_more_results_are_dropped_and_told(engine: Engine, kind: Any) -> None:
    node = kind()
    node["value"] = (1, 2, 3)
    await node
    assert (results(node), node.run_state.status) == ((1, 2), "idle")
    assert node.run_state.notice == "returned 3 results for 2 outputs (low, high): the last is dropped"
    node["value"] = [1, 2, 3, 4]
    await node
    assert node.run_state.notice == "returned 4 results for 2 outputs (low, high): the last 2 are dropped"


@KINDS
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "a single value (int)"),
        (None, "None"),
        (object, "a single value (type)"),
    ],
)
async def test_what_cannot_be_paired_is_an_error_that_says_what_is_missing(
    engine: Engine, kind: Any, given: Any, said: str
) -> None:
    """The outputs keep what they have, and the node runs again."""
    node = kind(trigger_on_create=False)
    node["value"] = (1, 2)
    await node
    node["value"] = given
    with pytest.raises(fn.NodeTriggerError) as caught:
        await node
    assert (
        str(caught.value) == f"returned {said}, but has 2 outputs (low, high): return 2 results, as a tuple"
    )
    assert isinstance(caught.value.__cause__, TypeError)
    assert results(node) == (1, 2)
    node["value"] = (3, 4)
    await node
    assert (results(node), node.run_state.error) == ((3, 4), None)


@KINDS
async def test_whoever_shows_the_graph_is_told(engine: Engine, kind: Any) -> None:
    """When the state of the node is told, the notice is there."""
    told: list[str | None] = []

    class Noting:
        def port_changed(self, io: Any, /) -> None:
            pass

        def state_changed(self, node: Any, /) -> None:
            told.append(node.run_state.notice)

        def progressed(self, node: Any, info: dict[str, Any], /) -> None:
            pass

    engine.sink = Noting()
    try:
        node = kind()
        for given in [(1,), (1, 2)]:
            node["value"] = given
            await engine.wait_idle()
            told.append("---")
    finally:
        engine.sink = None
    first, second = told.index("---"), len(told) - 1
    assert told[first - 1] == "returned 1 result for 2 outputs: high keeps its value"
    assert told[second - 1] is None


async def test_a_result_that_breaks_while_it_is_read_is_the_nodes_error(engine: Engine) -> None:
    """Its own words count."""

    def breaks() -> Iterator[int]:
        yield 1
        raise ValueError("broken in the middle")

    node = plain()
    node["value"] = breaks()
    with pytest.raises(fn.NodeTriggerError, match="broken in the middle"):
        await node


async def test_a_result_that_cannot_say_its_length_is_given_out_all_the_same(engine: Engine) -> None:
    class Odd:
        def __iter__(self) -> Iterator[int]:
            return iter((1, 2))

        def __len__(self) -> int:
            raise ValueError("no length")

    node = plain()
    node["value"] = Odd()
    await node
    assert (results(node), node.run_state.status, node.run_state.notice) == ((1, 2), "idle", None)


async def test_an_output_that_was_removed_takes_its_result_along(engine: Engine) -> None:
    """The others keep their places."""
    node = plain()
    node.remove_output(node.outputs["low"])
    node["value"] = (1, 2)
    await node
    assert (node.outputs["high"].value, node.run_state.notice) == (2, None)


async def test_the_function_called_by_itself_says_the_same() -> None:
    """`func` is what tests of published modules call."""
    node = plain(trigger_on_create=False)
    await node.func(value=(1, 2))
    with pytest.raises(TypeError, match="a single value"):
        await node.func(value=3)
    assert results(node) == (1, 2)
