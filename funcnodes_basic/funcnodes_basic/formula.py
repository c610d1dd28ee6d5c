"""Plain functions of numbers, truths and lists made into nodes, one row each.

Owns the shapes that the math shelf repeats: what comes in (`a`, `a` and `b`, nothing), what goes out (`out`),
and how text or whole floats from a client become the numbers a function wants. Which functions there are
stands in `math_nodes`.
"""

from collections.abc import Callable
from typing import Any

import funcnodes_core as fn

_HOME = "funcnodes_basic.math_nodes"


def _node(node_id: str, name: str, description: str, function: Callable[..., Any]) -> type[fn.Node]:
    function.__name__ = function.__qualname__ = node_id.replace(".", "_")
    function.__doc__ = description
    # The class lives where its name is written down, so that it can be found (and pickled) there.
    function.__module__ = _HOME
    return fn.NodeDecorator(id=node_id, name=name)(function)


def whole(value: float) -> int:
    """Return `value` as an integer; a float counts when nothing is lost, anything else is refused."""
    number = float(value) if isinstance(value, str) else value
    if isinstance(number, float) and number.is_integer():
        return int(number)
    if isinstance(number, float):
        raise ValueError(f"a whole number is needed, not {value!r}")
    return int(number)


def _exact(value: float) -> float:
    """Return a value as a number that can be compared; an integer stays one, since a float has 53 bits."""
    return value if isinstance(value, int) else float(value)


def constant(node_id: str, name: str, description: str, value: float) -> type[fn.Node]:
    """Return a node without inputs that gives `value`."""

    def run() -> float:
        return value

    return _node(node_id, name, description, run)


def number(node_id: str, name: str, description: str, function: Callable[[float], float]) -> type[fn.Node]:
    """Return a node: a number to a number."""

    def run(a: float) -> float:
        return function(float(a))

    return _node(node_id, name, description, run)


def rounding(node_id: str, name: str, description: str, function: Callable[[float], int]) -> type[fn.Node]:
    """Return a node: a number to an integer."""

    def run(a: float) -> int:
        return function(float(a))

    return _node(node_id, name, description, run)


def numbers(
    node_id: str, name: str, description: str, function: Callable[[float, float], float]
) -> type[fn.Node]:
    """Return a node: two numbers to a number."""

    def run(a: float, b: float) -> float:
        return function(float(a), float(b))

    return _node(node_id, name, description, run)


def check(node_id: str, name: str, description: str, function: Callable[[float], bool]) -> type[fn.Node]:
    """Return a node: a number to a truth."""

    def run(a: float) -> bool:
        return function(float(a))

    return _node(node_id, name, description, run)


def comparison(
    node_id: str, name: str, description: str, function: Callable[[float, float], bool]
) -> type[fn.Node]:
    """Return a node: two numbers to a truth."""

    def run(a: float, b: float) -> bool:
        return function(_exact(a), _exact(b))

    return _node(node_id, name, description, run)


def integer(node_id: str, name: str, description: str, function: Callable[[int], int]) -> type[fn.Node]:
    """Return a node: an integer to an integer."""

    def run(a: int) -> int:
        return function(whole(a))

    return _node(node_id, name, description, run)


def integers(node_id: str, name: str, description: str, function: Callable[[int, int], int]) -> type[fn.Node]:
    """Return a node: two integers to an integer."""

    def run(a: int, b: int) -> int:
        return function(whole(a), whole(b))

    return _node(node_id, name, description, run)


def scaling(
    node_id: str, name: str, description: str, function: Callable[[float, int], float]
) -> type[fn.Node]:
    """Return a node: a number and an integer to a number."""

    def run(a: float, b: int) -> float:
        return function(float(a), whole(b))

    return _node(node_id, name, description, run)


def truth(node_id: str, name: str, description: str, function: Callable[[bool], bool]) -> type[fn.Node]:
    """Return a node: a truth to a truth."""

    def run(a: bool) -> bool:
        return function(bool(a))

    return _node(node_id, name, description, run)


def truths(
    node_id: str, name: str, description: str, function: Callable[[bool, bool], bool]
) -> type[fn.Node]:
    """Return a node: two truths to a truth."""

    def run(a: bool, b: bool) -> bool:
        return function(bool(a), bool(b))

    return _node(node_id, name, description, run)


def total(
    node_id: str, name: str, description: str, function: Callable[[list[float]], float]
) -> type[fn.Node]:
    """Return a node: a list of numbers to a number."""

    def run(a: list[float]) -> float:
        return function([float(item) for item in a])

    return _node(node_id, name, description, run)


def distance(
    node_id: str, name: str, description: str, function: Callable[[list[float], list[float]], float]
) -> type[fn.Node]:
    """Return a node: two lists of numbers to a number."""

    def run(a: list[float], b: list[float]) -> float:
        return function([float(item) for item in a], [float(item) for item in b])

    return _node(node_id, name, description, run)
