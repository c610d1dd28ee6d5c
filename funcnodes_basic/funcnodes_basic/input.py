"""The Input shelf: values that a person types, turned into the type the next node wants.

Owns the reading of text as JSON, numbers and truths; what is typed wrongly is refused with a sentence.
"""

# The parameter is called `input` because ports are named after parameters and saved graphs name this port.
# ruff: noqa: A002

import json
from typing import Any

import funcnodes_core as fn

# What counts as "no" when a truth arrives as text, whatever the case.
_NO = frozenset({"", "0", "false", "no", "off"})


@fn.NodeDecorator(
    id="input.json",
    name="JSON Input",
    outputs=[{"name": "json", "type": "Union[str, int, float, bool, dict]"}],
)
def json_input(input: str) -> Any:
    """Read text as JSON and give the value it describes."""
    return json.loads(input)


@fn.NodeDecorator(id="input.json_dump", name="JSON Dump", outputs=[{"name": "json"}])
def json_dump(obj: Any, indent: int = 0, sort_keys: bool = False) -> str:
    """Write a value as JSON text: on one line, or indented by `indent` spaces per level."""
    spaces = int(indent)
    return json.dumps(obj, indent=spaces if spaces > 0 else None, sort_keys=bool(sort_keys))


@fn.NodeDecorator(id="input.any", name="Input", outputs=[{"name": "out", "type": "str"}])
def any_input(input: str | float | int | bool) -> Any:
    """Give on what is typed in, unchanged: text, a number or a truth."""
    return input


@fn.NodeDecorator(id="input.str", name="Text Input", outputs=[{"name": "string"}])
def str_input(input: str) -> str:
    """Give text; any other value is written as text."""
    return str(input)


@fn.NodeDecorator(id="input.int", name="Integer Input", outputs=[{"name": "integer"}])
def int_input(input: int) -> int:
    """Give a whole number; text is read as one, the digits after the point of a number are dropped."""
    return int(input)


@fn.NodeDecorator(id="input.float", name="Float Input", outputs=[{"name": "float"}])
def float_input(input: float) -> float:
    """Give a number with digits after the point; text is read as one."""
    return float(input)


@fn.NodeDecorator(id="input.bool", name="Boolean Input", outputs=[{"name": "boolean"}])
def bool_input(input: bool) -> bool:
    """Give true or false; the texts false, no, off, 0 and the empty text are false."""
    return truth_of(input)


def truth_of(value: object) -> bool:
    """Return what a value means as a truth; text means what it says."""
    if isinstance(value, str):
        return value.strip().lower() not in _NO
    return bool(value)


NODE_SHELF = fn.Shelf(
    name="Input",
    description="Values that you type in.",
    nodes=[json_input, json_dump, any_input, str_input, int_input, float_input, bool_input],
)
