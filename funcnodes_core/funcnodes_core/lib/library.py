"""The library: all shelves of one nodespace, merged by name. It holds its node classes."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from funcnodes_core.eventmanager import EventEmitterMixin
from funcnodes_core.exceptions import NodeClassNotFoundError, ShelfNotFoundError, ShelfPathError
from funcnodes_core.lib.shelf import Shelf, check_shelf, flatten_shelf, serialize_shelf
from funcnodes_core.node.node import Node

__all__ = ["Library"]


class Library(EventEmitterMixin):
    """Shelves with node classes."""

    def __init__(self) -> None:
        self._shelves: list[Shelf] = []
        self._external: list[tuple[weakref.ref[Shelf], list[str]]] = []
        self._found: dict[str, tuple[Shelf, type[Node]]] = {}
        """Where a node class was found; true as long as that shelf still holds it."""

    @property
    def shelves(self) -> list[Shelf]:
        """All shelves, those lent from outside included."""
        if not self._external:
            return list(self._shelves)
        shown = [_copied(shelf) for shelf in self._shelves]
        for shelf, path in self._living():
            mounted = shelf
            for name in reversed(path):
                mounted = Shelf(name=name, subshelves=[mounted])
            _merge(shown, mounted)
        return shown

    # --- adding --------------------------------------------------------------------------------
    def add_shelf(self, shelf: Shelf | dict[str, Any]) -> Shelf:
        """Add a shelf; one of the same name takes it in, at each level."""
        added = _merge(self._shelves, check_shelf(shelf))
        self._found.clear()
        self.emit("after_add_shelf", {"result": added})
        return added

    def add_node(self, nodeclass: type[Node], shelf: str | Sequence[str]) -> None:
        """Put a node class on a shelf, which is made when it is missing."""
        self.add_nodes([nodeclass], shelf)

    def add_nodes(self, nodeclasses: Iterable[type[Node]], shelf: str | Sequence[str]) -> None:
        """Put node classes on a shelf, which is made when it is missing."""
        path = _path(shelf)
        new = check_shelf(Shelf(name=path[-1] if path else "", nodes=list(nodeclasses))).nodes
        there = self._shelf_at(path, make=True)
        there.nodes.extend(node for node in new if node not in there.nodes)
        self.emit("after_add_nodes", {"result": there})

    def add_external_shelf(self, shelf: Shelf, mount: str | Sequence[str] | None = None) -> None:
        """Show a shelf for as long as somebody else holds it, at `mount` or at the top."""
        path = _path(mount) if mount else []
        if not any(known() is shelf and where == path for known, where in self._external):
            self._external.append((weakref.ref(check_shelf(shelf), self._external_gone), path))
        self.emit("after_add_external_shelf", {"result": shelf})

    def add_subshelf_weak(self, shelf: Shelf, parent: str | Sequence[str], alias: str | None = None) -> None:
        """Show a shelf below `parent` while somebody else holds it; `alias` names a shelf around it."""
        self.add_external_shelf(shelf, [*_path(parent), alias] if alias else _path(parent))

    # --- removing ------------------------------------------------------------------------------
    def remove_shelf(self, shelf: Shelf) -> None:
        """Take a top shelf away."""
        found = [mine for mine in self._shelves if mine is shelf or mine.name == shelf.name]
        if not found:
            raise ShelfNotFoundError(f"the library has no shelf {shelf.name!r}")
        self._shelves.remove(found[0])
        self._found.clear()
        self.emit("after_remove_shelf", {"result": found[0]})

    def remove_shelf_path(self, path: Sequence[str]) -> None:
        """Take the shelf at a path away."""
        names = _path(path)
        shelf = self._shelf_at(names)
        siblings = self._shelf_at(names[:-1]).subshelves if len(names) > 1 else self._shelves
        siblings[:] = [each for each in siblings if each is not shelf]
        self._found.clear()
        self.emit("after_remove_shelf", {"result": shelf})

    def remove_nodeclass(self, nodeclass: type[Node]) -> None:
        """Take a node class from every shelf."""
        self.remove_nodeclasses([nodeclass])

    def remove_nodeclasses(self, nodeclasses: Iterable[type[Node]]) -> None:
        """Take node classes from every shelf; shelves that become empty go."""
        gone = set(nodeclasses)
        for shelf in self._shelves:
            for each in flatten_shelf(shelf)[1]:
                each.nodes = [node for node in each.nodes if node not in gone]
        self._shelves = _pruned(self._shelves)
        self.emit("after_remove_nodeclass", {"result": list(gone)})

    # --- finding -------------------------------------------------------------------------------
    def find_nodeid(self, nodeid: str, all: bool = True) -> list[list[str]]:  # noqa: A002 - the published name
        """Return the paths of shelves on which a node id stands; with `all=False`, at most one."""
        found = [
            path
            for path, shelf in _paths(self.shelves)
            if any(node.node_id == nodeid for node in shelf.nodes)
        ]
        return found if all else found[:1]

    def find_nodeclass(self, nodeclass: type[Node], all: bool = True) -> list[list[str]]:  # noqa: A002
        """Return the paths of shelves on which a node class stands."""
        return self.find_nodeid(nodeclass.node_id, all)

    def has_node_id(self, nodeid: str) -> bool:
        """Return whether a node id stands on any shelf."""
        return self.class_of(nodeid) is not None

    def get_node_by_id(self, nodeid: str) -> type[Node]:
        """Return the node class of an id."""
        if (found := self.class_of(nodeid)) is not None:
            return found
        raise NodeClassNotFoundError(f"no shelf has a node {nodeid!r}; add the module it belongs to")

    def get_shelf_by_path(self, path: Sequence[str]) -> Shelf:
        """Return the shelf at a path."""
        return self._shelf_at(_path(path))

    def full_serialize(self) -> dict[str, Any]:
        """Return all shelves as plain data."""
        return {"shelves": [serialize_shelf(shelf) for shelf in self.shelves]}

    def class_of(self, nodeid: str) -> type[Node] | None:
        """Return the node class of an id, or None."""
        # Asked for every node that comes to life: going through all shelves took a third of that.
        known = self._found.get(nodeid)
        if known is not None and known[1] in known[0].nodes and not self._external:
            return known[1]
        for _, shelf in _paths(self.shelves):
            for node in shelf.nodes:
                if node.node_id == nodeid:
                    # What is lent is shown as a copy, which does not tell when it changes.
                    if not self._external:
                        self._found[nodeid] = shelf, node
                    return node
        return None

    # --- inside --------------------------------------------------------------------------------
    def _living(self) -> list[tuple[Shelf, list[str]]]:
        return [(shelf, path) for known, path in self._external if (shelf := known()) is not None]

    def _external_gone(self, gone: weakref.ref[Shelf]) -> None:
        self._external = [(known, path) for known, path in self._external if known is not gone]
        self._found.clear()
        self.emit("after_remove_shelf", {"result": None})

    def _shelf_at(self, path: list[str], make: bool = False) -> Shelf:
        if not path:
            raise ShelfPathError("a path of shelves has at least one name")
        shelves, found = self._shelves, None
        for name in path:
            found = next((shelf for shelf in shelves if shelf.name == name), None)
            if found is None:
                if not make:
                    raise ShelfNotFoundError(f"the library has no shelf {'/'.join(path)!r}")
                found = Shelf(name=name)
                shelves.append(found)
            shelves = found.subshelves
        assert found is not None
        return found


def _path(path: str | Sequence[str]) -> list[str]:
    return [path] if isinstance(path, str) else list(path)


def _paths(shelves: Iterable[Shelf], above: tuple[str, ...] = ()) -> Iterable[tuple[list[str], Shelf]]:
    for shelf in shelves:
        here = (*above, shelf.name)
        yield list(here), shelf
        yield from _paths(shelf.subshelves, here)


def _merge(shelves: list[Shelf], new: Shelf) -> Shelf:
    """Merge a shelf into a list of shelves, without changing what was handed in."""
    known = next((shelf for shelf in shelves if shelf.name == new.name), None)
    if known is None:
        known = _copied(new)
        shelves.append(known)
        return known
    known.description = new.description or known.description
    # A module that was loaded again brings new classes for the same ids.
    ids = {node.node_id for node in new.nodes}
    known.nodes = [node for node in known.nodes if node.node_id not in ids or node in new.nodes]
    known.nodes.extend(node for node in new.nodes if node not in known.nodes)
    for below in new.subshelves:
        _merge(known.subshelves, below)
    return known


def _copied(shelf: Shelf) -> Shelf:
    return Shelf(
        name=shelf.name,
        description=shelf.description,
        nodes=list(shelf.nodes),
        subshelves=[_copied(below) for below in shelf.subshelves],
        shelf_id=shelf.shelf_id,
        parent_shelf=shelf.parent_shelf,
    )


def _pruned(shelves: list[Shelf]) -> list[Shelf]:
    for shelf in shelves:
        shelf.subshelves = _pruned(shelf.subshelves)
    return [shelf for shelf in shelves if shelf.nodes or shelf.subshelves]
