"""Where values and their JSON are better than those of the original: section 16 of the contract."""

from __future__ import annotations

import enum
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from funcnodes_core.utils.saving import serialize_node_for_saving

import funcnodes_core as fn
from funcnodes_core import ByteEncoder, JSONDecoder, JSONEncoder, NodeDecorator, NoValue
from tests.core.graphs import inc


class Shown:
    """Something with a form for notebooks."""

    def _repr_json_(self) -> dict[str, Any]:
        return {"where": Path("a/b"), "values": (1, math.inf), "missing": NoValue}


def test_a_bool_and_a_huge_number_have_bytes() -> None:
    """Point 8: one byte for a bool; what fits no struct is JSON."""
    assert [ByteEncoder.encode(value).mime for value in (True, 1, 2**63, -(2**63))] == [
        "application/fn.struct.?",
        "application/fn.struct.!q",
        "application/json",
        "application/fn.struct.!q",
    ]
    assert ByteEncoder.encode(2**63).data == str(2**63).encode()


def test_no_value_comes_back_from_wherever_it_stands() -> None:
    """Point 9: at the top, in a top-level list, deep inside."""
    for value in (NoValue, [NoValue, [NoValue]], {"a": [{"b": NoValue}]}):
        assert json.loads(json.dumps(value, cls=JSONEncoder), cls=JSONDecoder) == value


@pytest.mark.parametrize("value", [math.inf, [-math.inf], {"a": math.nan}, {1: {math.inf: math.inf}}])
def test_what_is_written_is_json(value: Any) -> None:
    """Point 9: no `Infinity`, which browsers refuse to read."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    json.loads(json.dumps(value, cls=JSONEncoder), parse_constant=refuse)
    json.loads(ByteEncoder.encode([value]).data, parse_constant=refuse)


def test_keys_of_any_kind_can_be_written() -> None:
    """Point 9: what JSON has no key for becomes its text."""
    value = {(1, 2): 1, Path("a/b"): 2, NoValue: 3, 4: 5, None: 6}
    text = json.dumps(value, cls=JSONEncoder)
    assert json.loads(text) == {"(1, 2)": 1, "a/b": 2, "<NoValue>": 3, "4": 5, "null": 6}
    assert json.loads(ByteEncoder.encode(value).data) == json.loads(text)


def test_what_an_object_says_of_itself_is_encoded_too() -> None:
    """Point 9: paths, tuples and our own words inside the result of `_repr_json_`."""
    assert JSONEncoder.apply_custom_encoding(Shown()) == {
        "where": "a/b",
        "values": [1, math.inf],
        "missing": "<NoValue>",
    }
    assert JSONEncoder.apply_custom_encoding([Shown()], preview=True)[0]["where"] == "a/b"


def test_arrays_can_be_defaults_and_be_saved() -> None:
    """Point 10: no question that an array cannot answer is asked."""
    node = inc(trigger_on_create=False)
    node.inputs["a"].set_default(np.zeros(3))
    node.inputs["a"].set_default(np.ones(3))
    node.inputs["a"].value = np.ones(3)
    saved = serialize_node_for_saving(node)
    assert saved["io"]["a"]["default"] is node.inputs["a"].default
    assert node.serialize()["io"]["a"]["value"] is node.inputs["a"].value


async def test_a_no_value_default_arrives_as_no_value() -> None:
    """Point 19: not as the text that the parser makes of it."""

    @NodeDecorator("tests.published.optional")
    def optional(a: int, b: Any = fn.NoValue) -> str:
        return f"{a} {b is fn.NoValue}"

    node = optional()
    assert (node.inputs["b"].default, node.inputs["b"].value) == (NoValue, NoValue)
    node["a"] = 1
    await node
    assert node.outputs["out"].value == "1 True"


def test_trigger_ports_are_not_saved_and_are_accepted() -> None:
    """Point 28: files of the original carry the trigger output."""
    node = inc(uuid="n")
    saved = serialize_node_for_saving(node)
    assert list(saved["io"]) == ["a", "out"]
    saved["io"]["_triggeroutput"] = {"is_input": False, "value": 12.5}
    other = inc(trigger_on_create=False)
    other.deserialize(saved)
    assert other.outputs["_triggeroutput"].value is NoValue


class Unit(enum.Enum):
    """A plain enum, whose members are no JSON."""

    M = "metre"


_NOTHING = object()


async def test_defaults_that_are_no_json_reach_the_function_as_they_are() -> None:
    """Point 19: told as the parser's text, as published; numpy's `<no value>` is such an object."""

    @fn.NodeDecorator("better.defaults", outputs=[{"name": "a"}, {"name": "b"}, {"name": "c"}])
    def told(start: Any = _NOTHING, unit: Any = Unit.M, kind: Any = float, word: str = "word"):  # type: ignore[no-untyped-def]
        return start is _NOTHING, unit, kind

    node = told()
    await node

    assert [node[port].value for port in "abc"] == [True, Unit.M, float]
    saved = json.loads(json.dumps(node.serialize(), cls=fn.JSONEncoder))
    shown = {port["id"]: port["default"] for port in node.full_serialize()["io"] if "default" in port}
    assert shown | {"_triggerinput": None} == {
        "start": str(_NOTHING), "unit": "Unit.M", "kind": "float", "word": "word", "_triggerinput": None,
    }  # fmt: skip

    whole = told()
    whole.deserialize(saved)
    await whole
    assert [whole[port].value for port in "abc"] == [True, Unit.M, float]

    saved["io"]["start"]["default"] = str(_NOTHING)
    again = told()
    again.deserialize({**saved, "io": {"start": {"default": str(_NOTHING)}, "unit": {"default": "other"}}})
    await again
    assert [again[port].value for port in "abc"] == [True, "other", float]
