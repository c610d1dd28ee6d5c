"""The one place that calls a node's function: a plain call, and one step of a coroutine.

Both are frames of their own. The interrupt handler (`engine.interrupt`) raises only when one of them is on
the stack, so a KeyboardInterrupt can never land in the engine's own bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import lru_cache
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["INSIDE", "NO_AWAITABLES", "call", "is_awaitable", "stepwise"]

NO_AWAITABLES = frozenset({bool, bytes, dict, float, frozenset, int, list, set, str, tuple, type(None)})
"""What most functions return: none of these is to be awaited."""


# Asking a class for an attribute that it lacks costs as much as three calls of a function.
@lru_cache(maxsize=256)
def is_awaitable(kind: type) -> bool:
    """Return whether objects of this class are to be awaited; the object itself runs no code of its own."""
    return hasattr(kind, "__await__")


def call(function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    """Call a node's function."""
    return function(**kwargs)


def _step(method: Callable[[Any], Any], argument: Any) -> Any:
    """Let a node's coroutine go on to its next pause."""
    return method(argument)


INSIDE = frozenset({call.__code__, _step.__code__})
"""The frames below which a node's own code runs."""


@coroutine
def stepwise(engine: Engine, run: LastingRun, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Await `work` in the run's own context, so that the engine knows at each step whose code runs.

    The task around it stays the one that asyncio knows: `asyncio.timeout` and cancelling work as ever.
    """
    cell, inside = run.cell, run.context.run
    method, argument = work.send, None
    while True:
        engine.enter(cell)
        try:
            paused_on = inside(_step, method, argument)
        except StopIteration as stop:
            return stop.value
        except BaseException as error:
            # An interrupt may have hit the step just before the code went on, or just after it paused.
            # Then it has not heard of it yet, and would be dropped where it stands.
            if getattr(work, "cr_frame", None) is None:
                raise
            method, argument = work.throw, error
            continue
        finally:
            engine.leave()
        run.paused = True
        try:
            method, argument = work.send, (yield paused_on)
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the task throws in is thrown on, cancelling too
            method, argument = work.throw, error
