"""Flows as `.fnw` files for tests: a few nodes of the basic ones, written as an export writes them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Node = Mapping[str, Any]


def a_node(
    name: str, class_id: str, inputs: Mapping[str, Any], outputs: Sequence[str] = ("out",), **keys: Any
) -> Node:
    """Return a node as it is saved. An input of `...` has no value."""
    ports: dict[str, Any] = {
        port: {"is_input": True, **({} if value is ... else {"value": value})}
        for port, value in inputs.items()
    }
    ports |= {port: {"is_input": False} for port in outputs}
    return {"name": name, "id": f"id-{name.lower()}", "node_id": class_id, "io": ports, **keys}


def write_flow(
    file: Path,
    nodes: Sequence[Node],
    edges: Sequence[Sequence[str]] = (),
    *,
    packages: Mapping[str, str | None] | None = None,
    files: Mapping[str, str] | None = None,
    name: str = "made elsewhere",
    **state: Any,
) -> Path:
    """Write a flow and return its path."""
    wishes = {
        package: {"package": package, "version": version} for package, version in (packages or {}).items()
    }
    backend = {"nodes": list(nodes), "edges": [list(edge) for edge in edges], "prop": {}, "groups": {}}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config", json.dumps({"name": name, "package_dependencies": wishes}))
        archive.writestr("state", json.dumps({"backend": backend, **state}))
        for path, text in (files or {}).items():
            archive.writestr(f"files/{path}", text)
    return file


def sum_flow(file: Path, **changes: Any) -> Path:
    """Write (a + b) + c: "First" feeds "Second"; 1 + 2 + 10."""
    first = a_node("First", "add_node", {"a": 1, "b": 2})
    second = a_node("Second", "add_node", {"a": ..., "b": 10})
    return write_flow(file, [first, second], [("id-first", "out", "id-second", "a")], **changes)
