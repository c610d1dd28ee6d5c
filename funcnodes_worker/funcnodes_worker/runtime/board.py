"""The latest values, states and progress of all nodes, as the server's thread knows them.

Owns what is newest; says who changed. Does not know clients: each has its own set of what it has not heard
yet (`News`). Belongs to the server's event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from funcnodes_core.document.model import Classes, NodeId, PortId

from funcnodes_worker.runtime.records import Batch, NodeState, Preview


class News(msgspec.Struct):
    """What one client has not heard yet. Only names: what is said about them is looked up when it is sent."""

    values: dict[tuple[NodeId, PortId], None] = {}
    states: dict[NodeId, None] = {}

    def __bool__(self) -> bool:
        return bool(self.values or self.states)

    def clear(self) -> None:
        """Forget: it has been told."""
        self.values.clear()
        self.states.clear()


class Board:
    """What is known of the running graph."""

    def __init__(self) -> None:
        self.values: dict[NodeId, dict[PortId, Preview | None]] = {}
        self.states: dict[NodeId, NodeState] = {}
        self.progress: dict[NodeId, Mapping[str, Any]] = {}
        self.told: dict[NodeId, Any] = {}
        """What was written of nodes since the last batch; for who writes it, to write it once."""
        self.classes: Classes = {}
        """What the library says of node classes."""
        self._listeners: list[Callable[[Batch], None]] = []

    def listen(self, listener: Callable[[Batch], None]) -> None:
        """Have this called for each batch, after the board has it."""
        self._listeners.append(listener)

    def know(self, classes: Classes) -> None:
        """Take over what the library says of node classes: it has changed."""
        self.told.clear()
        self.classes = classes

    def take(self, batch: Batch, still_there: Callable[[NodeId], bool]) -> None:
        """Take in what changed. What is said of a node that was removed meanwhile is dropped."""
        self.told.clear()
        for (node, port), preview in batch.values.items():
            if still_there(node):
                self.values.setdefault(node, {})[port] = preview
        for node, info in batch.progress.items():
            if still_there(node):
                self.progress[node] = info
        # After what was said of progress: of a run that has ended meanwhile nothing is under way any more.
        for node, state in batch.states.items():
            if still_there(node):
                self.states[node] = state
                if state.status != "running":
                    self.progress.pop(node, None)
        for listener in self._listeners:
            listener(batch)

    def value(self, node: NodeId, port: PortId) -> Preview | None:
        """Return the latest preview of a port, or None when it has no value as far as is known."""
        return self.values.get(node, {}).get(port)

    def state(self, node: NodeId) -> NodeState:
        """Return what a node is doing."""
        return self.states.get(node, _UNKNOWN)

    def drop(self, nodes: Iterable[NodeId]) -> None:
        """Forget nodes that were removed."""
        self.told.clear()
        for node in nodes:
            self.values.pop(node, None)
            self.states.pop(node, None)
            self.progress.pop(node, None)


_UNKNOWN = NodeState()
