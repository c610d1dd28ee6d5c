"""From what a function returns to several outputs: paired by position.

As published, outputs without a result keep what they have and results without an output are dropped. Neither
is taken in silence: the node's state says so. What cannot be paired at all is the node's error.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any

from funcnodes_core.exceptions import ResultsCannotBePaired

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.io.output import NodeOutput

__all__ = ["hand_out"]


def hand_out(cell: Cell, result: Any, give: Callable[[NodeOutput, Any], object]) -> None:
    """Give each output its result, in order. Called for nodes with several outputs."""
    outs = cell.outs
    try:
        items = iter(result)
    except TypeError:
        kind: type[object] = result.__class__
        raise ResultsCannotBePaired(kind, cell.plan.outputs or ()) from None
    given = 0
    # The output first: a result without end is not asked for more than there are outputs.
    for out, item in zip(outs, items, strict=False):
        given += 1
        # One that was taken off its node takes its result along.
        if out is not None:
            give(out, item)
    parts = _parts_of(result, given)
    if given != len(outs) or parts != given:
        cell.mismatch = _said(cell.plan.outputs or (), given, parts)
    elif cell.mismatch is not None:
        cell.mismatch = None


def _parts_of(result: Any, given: int) -> int:
    """Return how many parts a result has; of one that cannot tell, only those that were given out count."""
    try:
        return len(result) if isinstance(result, Sized) else given
    except Exception:  # noqa: BLE001 - the parts are given out; an object that breaks on its length has run well
        return given


def _said(outputs: tuple[str, ...], given: int, parts: int) -> str:
    """Return what users should know of a result that has more or fewer parts than there are outputs."""
    if given < len(outputs):
        left = outputs[given:]
        keeps = "keeps its value" if len(left) == 1 else "keep their values"
        count = f"{given} result" if given == 1 else f"{given} results"
        return f"returned {count} for {len(outputs)} outputs: {', '.join(left)} {keeps}"
    dropped = parts - given
    last = "the last is" if dropped == 1 else f"the last {dropped} are"
    return f"returned {parts} results for {len(outputs)} outputs ({', '.join(outputs)}): {last} dropped"
