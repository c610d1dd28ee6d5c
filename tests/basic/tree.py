"""The published shelf tree of basic nodes, read once, and the way from its `python` names to our classes."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import funcnodes_core as fn

TREE: dict[str, Any] = json.loads(Path(__file__).with_name("basic-nodes.json").read_text())


def node_class(python: str) -> type[fn.Node]:
    """Return the class that published modules reach as `funcnodes_basic.<python>`."""
    module, _, name = python.rpartition(".")
    return cast("type[fn.Node]", getattr(importlib.import_module(f"funcnodes_basic.{module}"), name))


def nodes_of(shelf: dict[str, Any] = TREE) -> Iterator[dict[str, Any]]:
    """Yield the description of every node, shelf by shelf."""
    yield from shelf["nodes"]
    for inner in shelf["subshelves"]:
        yield from nodes_of(inner)
