"""Shelves: node classes under a name, with shelves below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from funcnodes_core.exceptions import NodeClassNotFoundError, ShelfTypeError
from funcnodes_core.node.node import Node

__all__ = [
    "FullLibJSON",
    "Shelf",
    "check_shelf",
    "flatten_shelf",
    "flatten_shelves",
    "get_node_in_shelf",
    "serialize_shelf",
]

T = TypeVar("T")
FullLibJSON = dict[str, Any]


@dataclass
class Shelf:
    """Node classes under a name, with shelves below."""

    name: str
    description: str = ""
    nodes: list[type[Node]] = field(default_factory=list[type[Node]])
    subshelves: list[Shelf] = field(default_factory=list["Shelf"])
    shelf_id: str | None = field(default=None, compare=False)
    parent_shelf: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        self.nodes = _without_repeats(self.nodes)
        self.subshelves = _without_repeats(self.subshelves)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Shelf:
        """Return the shelf that a dictionary describes; its name is required."""
        below = cast("list[Any]", data.get("subshelves") or [])
        return cls(
            name=data["name"],
            description=data.get("description") or "",
            nodes=list(data.get("nodes") or []),
            subshelves=[each if isinstance(each, Shelf) else cls.from_dict(each) for each in below],
            shelf_id=data.get("shelf_id"),
            parent_shelf=data.get("parent_shelf"),
        )


def _without_repeats(things: Iterable[T] | None) -> list[T]:
    seen: dict[int, T] = {id(thing): thing for thing in things or ()}
    return list(seen.values())


def check_shelf(shelf: Shelf | Mapping[str, Any], parent_id: str | None = None) -> Shelf:
    """Return a shelf that is whole: named, with ids, and with nothing but node classes on it."""
    if isinstance(shelf, Mapping):
        below = [check_shelf(each) for each in cast("list[Any]", shelf.get("subshelves") or [])]
        named = {"name": shelf.get("name") or "Unnamed Shelf", "subshelves": below}
        shelf = Shelf.from_dict({**shelf, **named})
    if not isinstance(shelf, Shelf):  # pyright: ignore[reportUnnecessaryIsInstance] - modules hand in anything
        raise ShelfTypeError(f"{shelf!r} is no shelf")
    for node in shelf.nodes:
        if not (isinstance(node, type) and issubclass(node, Node)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ShelfTypeError(f"{node!r} on shelf {shelf.name!r} is no node class")
    shelf.parent_shelf = parent_id
    shelf.shelf_id = shelf.name if parent_id is None else f"{parent_id}_{shelf.name}"
    shelf.subshelves = [check_shelf(below, shelf.shelf_id) for below in shelf.subshelves]
    return shelf


def flatten_shelf(shelf: Shelf) -> tuple[list[type[Node]], list[Shelf]]:
    """Return all node classes and shelves, depth first; repeated when on several shelves."""
    nodes, shelves = list(shelf.nodes), [shelf]
    for below in shelf.subshelves:
        more_nodes, more_shelves = flatten_shelf(below)
        nodes += more_nodes
        shelves += more_shelves
    return nodes, shelves


def flatten_shelves(shelves: Iterable[Shelf]) -> tuple[list[type[Node]], list[Shelf]]:
    """Return all node classes and all shelves of several."""
    flat = [flatten_shelf(shelf) for shelf in shelves]
    return [node for nodes, _ in flat for node in nodes], [shelf for _, found in flat for shelf in found]


def get_node_in_shelf(shelf: Shelf, nodeid: str) -> tuple[int, type[Node]]:
    """Return where on this very shelf a node class stands, and the class."""
    for index, node in enumerate(shelf.nodes):
        if node.node_id == nodeid:
            return index, node
    raise NodeClassNotFoundError(f"shelf {shelf.name!r} has no node {nodeid!r}")


def serialize_shelf(shelf: Shelf) -> dict[str, Any]:
    """Return a shelf as plain data."""
    return {
        "name": shelf.name,
        "description": shelf.description,
        "nodes": [node.serialize_cls() for node in shelf.nodes],
        "subshelves": [serialize_shelf(below) for below in shelf.subshelves],
    }
