"""Streaming nodes: a function that yields sets its outputs for each item.

It is asked for the next item when all that the last one started has finished, or at once when its node is
declared `latest`. However the run ends, the generator is closed.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.calls import call, stepwise
from funcnodes_core.engine.results import hand_out
from funcnodes_core.io.output import NodeOutput

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell
    from funcnodes_core.engine.executors.lasting import LastingRun
    from funcnodes_core.engine.runner import Engine

__all__ = ["END", "in_loop", "plain", "stream"]

END = object()
"""What stands for an item when there is none any more."""

Step = Callable[[Callable[[], Any]], Awaitable[Any]]
"""How one step of a generator is carried out: in the loop or in a thread."""


async def stream(engine: Engine, run: LastingRun, items: Any, step: Step) -> Any:
    """Set the node's outputs for each item; return the last one."""
    cell = run.cell
    following, closing = _doors(items)
    last: Any = None
    try:
        while (item := await step(following)) is not END:
            last = item
            if engine.lasting.runs.get(run.n) is not run:
                # It did not end when asked and was left behind: nobody waits for its items any more.
                break
            await _set(engine, cell, item)
    finally:
        await step(closing)
    return last


async def _set(engine: Engine, cell: Cell, item: Any) -> None:
    outs = cell.outs
    if len(outs) == 1:
        outs[0].value = item
    elif outs:
        hand_out(cell, item, _set_one)
    if cell.plan.latest or not outs:
        await asyncio.sleep(0)
        return
    for out in outs:
        if out is not None:
            await engine.waiting.settled(cell, out)


def _set_one(output: NodeOutput, value: Any) -> None:
    output.value = value


def _doors(items: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what gives the next item and what closes the generator."""
    if inspect.isasyncgen(items):
        return partial(_next, items), items.aclose
    return partial(next, items, END), items.close


async def _next(items: AsyncGenerator[Any, Any]) -> Any:
    return await anext(items, END)


def in_loop(engine: Engine, run: LastingRun) -> Step:
    """Return how a step is carried out in the graph's thread."""

    async def once(what: Callable[[], Any]) -> Any:
        done = call(what, {})
        return await done if inspect.iscoroutine(done) or inspect.isawaitable(done) else done

    return lambda what: stepwise(engine, run, once(what))


def plain(items: Any) -> Generator[Any, None, None]:
    """Return a plain generator of the same items, for a thread, where no loop runs."""
    return _with_a_loop(items) if inspect.isasyncgen(items) else items


def _with_a_loop(items: AsyncGenerator[Any, Any]) -> Generator[Any, None, None]:
    with asyncio.Runner() as runner:
        try:
            while (item := runner.run(_next(items))) is not END:
                yield item
        finally:
            runner.run(_close(items))


async def _close(items: AsyncGenerator[Any, Any]) -> None:
    await items.aclose()
