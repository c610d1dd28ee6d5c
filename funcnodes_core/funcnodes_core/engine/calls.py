"""The one place that calls a node's function: a plain call, and one step of a coroutine.

Both are frames of their own. The interrupt handler (`engine.interrupt`) raises only when one of them is on
the stack, so a KeyboardInterrupt can never land in the engine's own bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import lru_cache
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["INSIDE", "NO_AWAITABLES", "OVER", "call", "is_awaitable", "stepwise", "take_step"]

NO_AWAITABLES = frozenset({bool, bytes, dict, float, frozenset, int, list, set, str, tuple, type(None)})
"""What most functions return: none of these is to be awaited."""


# Asking a class for an attribute that it lacks costs as much as three calls of a function.
@lru_cache(maxsize=256)
def is_awaitable(kind: type) -> bool:
    """Return whether objects of this class are to be awaited; the object itself runs no code of its own."""
    return hasattr(kind, "__await__")


def call(function: Callable[..., Any], kwargs: dict[str, Any], args: Sequence[Any] = ()) -> Any:
    """Call a node's function."""
    return function(*args, **kwargs)


OVER = object()
"""What a step returns that was a coroutine's last; its result stands on the run."""


def _step(method: Callable[[Any], Any], argument: Any, run: LastingRun) -> Any:
    """Let a node's coroutine go on to its next pause, or to its end."""
    # Caught here and not further up: an exception costs as much again for each frame that it goes through.
    try:
        return method(argument)
    except StopIteration as stop:
        run.result = stop.value
        return OVER


INSIDE = frozenset({call.__code__, _step.__code__})
"""The frames below which a node's own code runs."""


def take_step(engine: Engine, run: LastingRun, work: Any, method: Callable[[Any], Any], argument: Any) -> Any:
    """Let a node's code go on in the run's own context; return what it pauses on, or `OVER` at its end.

    The engine knows meanwhile whose code runs. Raises what the code raises.
    """
    cell, inside = run.cell, run.context.run
    while True:
        engine.enter(cell)
        try:
            return inside(_step, method, argument, run)
        except BaseException as error:
            # An interrupt may have hit the step just before the code went on, or just after it paused.
            # Then it has not heard of it yet, and would be dropped where it stands.
            if getattr(work, "cr_frame", None) is None:
                raise
            method, argument = work.throw, error
        finally:
            engine.leave()


_NOT_BEGUN = object()


@coroutine
def stepwise(
    engine: Engine, run: LastingRun, work: Coroutine[Any, Any, Any], paused_on: Any = _NOT_BEGUN
) -> Generator[Any, Any, Any]:
    """Await `work`, step by step; `paused_on`: what it paused on if it has taken its first step already.

    The task around it stays the one that asyncio knows: `asyncio.timeout` and cancelling work as ever.
    """
    method, argument = work.send, None
    has_begun = paused_on is not _NOT_BEGUN
    while True:
        if not has_begun:
            paused_on = take_step(engine, run, work, method, argument)
            if paused_on is OVER:
                return run.result
        run.paused, has_begun = True, False
        try:
            method, argument = work.send, (yield paused_on)
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the task throws in is thrown on, cancelling too
            method, argument = work.throw, error
