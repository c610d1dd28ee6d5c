"""How nodes come into an engine: a connected component at a time, already in topological order.

A graph may be built before any loop runs. When its first node asks for a run, everything connected is
walked once (without recursion: chains are long) and gets integers whose labels grow along the edges; edges
that close a cycle are seen on the way. From then on each edge is taken in by itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.cell import Cell

if TYPE_CHECKING:
    from funcnodes_core.engine.runner import Engine

__all__ = ["NOBODY", "SeatReference", "adopt_component"]


class SeatReference(weakref.ref[Cell]):
    """Where a cell sits, without keeping it alive."""

    __slots__ = ("n",)
    n: int


class _NoCell:
    """Only here so that an empty seat has a dead reference."""


def _dead_reference() -> Any:
    return weakref.ref(_NoCell())


NOBODY: Any = _dead_reference()
"""What stands at an integer where no cell sits."""


def adopt_component(engine: Engine, cell: Cell) -> None:
    """Seat `cell` and all that is connected to it and sits in no living engine."""
    component = _component(engine, cell)
    ordered = _sorted(component)
    for member, n in zip(ordered, engine.scheduler.add_sorted(len(ordered)), strict=True):
        if member.engine is not None:
            member.engine.dismiss(member)
        engine.seat(member, n)
    for member in ordered:
        for child in member.children():
            if child.engine is engine:
                engine.scheduler.add_edge(member.index, child.index)
        for parent in member.parents():
            if parent.engine is engine and parent not in component:
                engine.scheduler.add_edge(parent.index, member.index)


def _component(engine: Engine, cell: Cell) -> dict[Cell, None]:
    found, stack = {cell: None}, [cell]
    while stack:
        here = stack.pop()
        for other in (*here.parents(), *here.children()):
            if other not in found and _is_free(engine, other):
                found[other] = None
                stack.append(other)
    return found


def _is_free(engine: Engine, cell: Cell) -> bool:
    # A graph that reaches into a loop of another thread stays apart: its nodes are theirs.
    return cell.engine is None or (cell.engine is not engine and not cell.engine.elsewhere())


def _sorted(component: dict[Cell, None]) -> list[Cell]:
    """Return the cells in topological order, as far as cycles allow (depth first, last finished first)."""
    finished: list[Cell] = []
    seen: set[Cell] = set()
    for root in reversed(component):
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[Cell, Iterator[Cell]]] = [(root, iter(tuple(root.children())))]
        while stack:
            here, children = stack[-1]
            for child in children:
                if child not in seen and child in component:
                    seen.add(child)
                    stack.append((child, iter(tuple(child.children()))))
                    break
            else:
                finished.append(here)
                stack.pop()
    finished.reverse()
    return finished
