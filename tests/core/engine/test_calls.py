"""How a plain function is called: its first parameters by position where the inputs stand in their order.

Nobody can tell from within: what a function gets is what its inputs hold, by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from funcnodes_core.exceptions import NodeTriggerError

from funcnodes_core import Node, NodeDecorator, NoValue


def in_order(a: Any, b: Any, c: Any = "own") -> Any:
    return a, b, c


def by_keyword(a: Any, *, b: Any, c: Any = "own") -> Any:
    return a, b, c


def with_the_node_between(a: Any, node: Any, b: Any, c: Any = "own") -> Any:
    assert isinstance(node, Node)
    return a, b, c


@pytest.mark.parametrize("function", [in_order, by_keyword, with_the_node_between])
async def test_each_input_arrives_at_its_own_parameter(function: Callable[..., Any]) -> None:
    node = NodeDecorator(f"tests.calls.{function.__name__}")(function)()
    node["a"], node["b"], node["c"] = 1, 2, 3
    await node

    assert node["out"].value == (1, 2, 3)


async def test_behind_an_input_without_a_value_the_others_keep_their_names() -> None:
    """The function's own default stands where nothing has arrived, also in the middle."""

    @NodeDecorator("tests.calls.gap")
    def gap(a: Any, b: Any = "own b", c: Any = "own c") -> Any:
        return a, b, c

    node = gap()
    node.inputs["b"].fallback, node.inputs["b"].required = NoValue, False
    node["a"], node["c"] = 1, 3
    await node

    assert node["out"].value == (1, "own b", 3)


async def test_an_error_tells_the_inputs_by_name() -> None:
    @NodeDecorator("tests.calls.fails")
    def fails(a: Any, b: Any) -> Any:
        raise ValueError("no")

    node = fails()
    node["a"], node["b"] = 1, "two"
    with pytest.raises(NodeTriggerError, match="no"):
        await node

    error = node.run_state.error
    assert error is not None
    assert dict(error.inputs) == {"a": "1", "b": "'two'"}


async def test_an_input_that_got_another_id_is_given_by_that() -> None:
    """The parameter of that name is asked for, as when everything went by name."""

    @NodeDecorator("tests.calls.renamed")
    def renamed(a: Any, b: Any) -> Any:
        return a, b

    node = renamed()
    a, b = node.inputs["a"], node.inputs["b"]
    a.uuid, b.uuid = "b", "a"
    a.value, b.value = "to b", "to a"
    await node

    assert node["out"].value == ("to a", "to b")
