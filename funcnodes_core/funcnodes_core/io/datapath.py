"""Data paths: where an input's value came from, and whether all that it started is over.

A view that asks the graph when it is asked; nothing is kept per value. Loop nodes of ours wait with `settled`
instead (`engine.runner`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.io.input import NodeInput

__all__ = ["DataPath"]


class DataPath:
    """The way of a value into one input."""

    __slots__ = ("io",)

    def __init__(self, io: NodeInput) -> None:
        self.io = io

    @property
    def node(self) -> Any:
        """The node that the value arrived at."""
        return self.io.node

    def done(self, breaking_nodes: Iterable[Any] = ()) -> bool:
        """Return whether neither the node nor anything reached through it runs or is about to run."""
        stop = {id(node) for node in breaking_nodes}
        seen: set[int] = set()
        stack = [self.io.node]
        while stack:
            node: Any = stack.pop()
            if node is None or id(node) in stop or id(node) in seen:
                continue
            seen.add(id(node))
            if node.in_trigger:
                return False
            for output in node.outputs.values():
                stack.extend(target.node for target in output.targets)
            for inp in node.inputs.values():
                stack.extend(target.node for target in inp.forwards)
        return True

    def src_repr(self) -> str:
        """Return the way as text: `A(x) -> A(out) -> B(in)`."""
        parts: list[str] = []
        io: Any = self.io
        seen: set[int] = set()
        while io is not None and id(io) not in seen:
            seen.add(id(io))
            parts.append(_named(io))
            source = io.sources[0] if io.sources else (io.forwarders[0] if io.forwarders else None)
            if source is not None and not source.is_input():
                parts.append(_named(source))
                source = _carrier(source.node)
            io = source
        return " -> ".join(reversed(parts))

    def __str__(self) -> str:
        return self.src_repr()


def _named(io: Any) -> str:
    return f"{io.node.name if io.node else '?'}({io.uuid})"


def _carrier(node: Any) -> Any:
    """Return the input of a node that most likely carried the value on: connected before merely filled."""
    if node is None:
        return None
    filled = [i for i in node.inputs.values() if i.uuid != "_triggerinput" and i.value is not NoValue]
    connected = [i for i in filled if i.is_connected()]
    return (connected or filled or [None])[0]
