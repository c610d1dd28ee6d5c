"""Values from browsers as their inputs declare them."""

from __future__ import annotations

from typing import Any

import pytest
from funcnodes_core.document.model import PortRecord
from funcnodes_worker.server.coerce import coerce
from msgspec import UNSET

ENUM = {
    "type": "enum",
    "values": [1, 2.5, None, True, "x"],
    "keys": ["A", "B", "C", "D", "E"],
    "nullable": False,
}


@pytest.mark.parametrize(
    ("declared", "given", "meant"),
    [
        ("int", "3", 3), ("int", "x", "x"), ("float", "2.5", 2.5), ("float", 3, 3), ("bool", "false", False),
        ("str", "3", "3"), ("Any", "3", "3"), ({"anyOf": ["int", "None"]}, "null", None),
        ({"anyOf": ["int", "None"]}, "7", 7), ({"anyOf": ["float", "str"]}, "7", "7"),
        ("int", "<NoValue>", UNSET), ("int", None, None), ("list", [1], [1]),
    ],
)  # fmt: skip
def test_by_type(declared: Any, given: Any, meant: Any) -> None:
    found = coerce(given, PortRecord(id="x", type=declared))
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("1", 1),
        ("2.5", 2.5),
        ("null", None),
        ("true", True),
        ("x", "x"),
        ("A", 1),
        ("Kind.B", 2.5),
        ("C", None),
        ("Z", "Z"),
        ("f.x", "f.x"),
        (1, 1),
    ],
)
def test_by_choices(given: Any, meant: Any) -> None:
    found = coerce(given, PortRecord(id="x", type=ENUM, value_options={"options": ENUM}))
    assert (found, type(found)) == (meant, type(meant))


def test_by_plain_and_named_choices() -> None:
    assert coerce("3", PortRecord(id="x", value_options={"options": [1, 3]})) == 3
    assert coerce("3", PortRecord(id="x", value_options={"options": {"three": 3}})) == 3
