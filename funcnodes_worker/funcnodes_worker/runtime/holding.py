"""Nodes that are kept from running, since their runs ended the worker, or since nothing is to run at all.

Owns who is held and why. A held node stands in the running graph as a placeholder: its ports, values and
wires are there, its code is not called. Changing it or asking for its run lets it go; the supervisor, which
counts the ends, is told. Does not make nodes (`living`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from funcnodes_core.document.edits import (
    AddEdge,
    Edit,
    RemoveEdge,
    SetDefault,
    SetNodeOption,
    SetPortOption,
    SetValue,
)
from funcnodes_core.document.model import NodeId

SAFE = "the worker was started in safe mode, which runs nothing"
_NEXT_STEP = "change the node or ask for its run to let it go"


class Holding:
    """Who is held. Filled once, before the graph is built; then of the graph's thread."""

    def __init__(self) -> None:
        self._reasons: dict[NodeId, str] = {}
        self._let_go: set[NodeId] = set()
        self._is_safe = False
        self._tell: Callable[[NodeId], None] = _nobody

    def begin(self, reasons: Mapping[NodeId, str], tell: Callable[[NodeId], None], *, is_safe: bool) -> None:
        """Hold these nodes, or in safe mode all; `tell` hears of each that is let go."""
        self._reasons, self._tell, self._is_safe = dict(reasons), tell, is_safe

    def sentence_for(self, node: NodeId) -> str | None:
        """Return why a node does not run, with the next step; None when it may."""
        if node in self._let_go:
            return None
        reason = self._reasons.get(node) or (SAFE if self._is_safe else None)
        return None if reason is None else f"held: {reason}; {_NEXT_STEP}"

    def let_go(self, node: NodeId) -> bool:
        """Return whether the node was held; it may run from now on."""
        if self.sentence_for(node) is None:
            return False
        self._let_go.add(node)
        if self._reasons.pop(node, None) is not None:
            self._tell(node)
        return True

    def changed_by(self, edit: Edit) -> NodeId | None:
        """Return the held node whose run an edit would change, or None."""
        match edit:
            case SetValue(node) | SetDefault(node) | SetNodeOption(node) | SetPortOption(node):
                changed = node
            case AddEdge(edge) | RemoveEdge(edge):
                changed = edge.trg_node
            case _:
                return None
        return None if self.sentence_for(changed) is None else changed


def _nobody(_node: NodeId) -> None:
    """Nobody counts."""
