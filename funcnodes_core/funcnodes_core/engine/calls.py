"""The one place that calls a node's function: a plain call, and one step of a coroutine.

Both are frames of their own. The interrupt handler (`engine.interrupt`) raises only when one of them is on
the stack, so a KeyboardInterrupt can never land in the engine's own bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.runner import Engine

__all__ = ["INSIDE", "call", "stepwise"]


def call(function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    """Call a node's function."""
    return function(**kwargs)


def _step(method: Callable[[Any], Any], argument: Any) -> Any:
    """Let a node's coroutine go on to its next pause."""
    return method(argument)


INSIDE = frozenset({call.__code__, _step.__code__})
"""The frames below which a node's own code runs."""


@coroutine
def stepwise(engine: Engine, cell: Cell, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Await `work` so that the engine knows at each step whose code runs.

    The task around it stays the one that asyncio knows: `asyncio.timeout` and cancelling work as ever.
    """
    method, argument = work.send, None
    while True:
        engine.enter(cell)
        try:
            paused_on = _step(method, argument)
        except StopIteration as stop:
            return stop.value
        finally:
            engine.leave(cell)
        try:
            method, argument = work.send, (yield paused_on)
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the task throws in is thrown on, cancelling too
            method, argument = work.throw, error
