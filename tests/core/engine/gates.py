"""Nodes that wait at a gate until the test opens it, so that a test can act in the middle of a wave."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

from funcnodes_core import Node, NodeDecorator

MODULUS = 97
FUSE = 25


class BurntFuse(Exception):
    """A node ran too often between two acts of the test: it goes round."""


class Gates:
    """Who waits where; nobody waits while all stand open."""

    def __init__(self) -> None:
        self.open = False
        self.runs: Counter[str] = Counter()
        self.fuses: Counter[str] = Counter()
        self.waiting: dict[str, Any] = {}
        """Runs that wait, by node: a future in the loop, an event in a thread."""

    def enter(self, node: Node) -> None:
        """Count a run; a node on a cycle without an end is stopped."""
        self.runs[node.uuid] += 1
        self.fuses[node.uuid] += 1
        if self.fuses[node.uuid] > FUSE:
            raise BurntFuse(node.uuid)

    async def pass_through(self, node: Node) -> None:
        """Wait in the loop."""
        if self.open:
            return
        gate = self.waiting[node.uuid] = asyncio.get_running_loop().create_future()
        try:
            await gate
        finally:
            if self.waiting.get(node.uuid) is gate:
                del self.waiting[node.uuid]

    def pass_through_thread(self, node: Node) -> None:
        """Wait in a thread, in steps of Python, so that it can be asked to end."""
        if self.open:
            return
        gate = self.waiting[node.uuid] = threading.Event()
        try:
            while not gate.wait(0.002):
                pass
        finally:
            if self.waiting.get(node.uuid) is gate:
                del self.waiting[node.uuid]

    def let_go(self, uuid: str) -> None:
        """Open one gate, once."""
        gate = self.waiting.pop(uuid)
        if isinstance(gate, threading.Event):
            gate.set()
        elif not gate.done():
            gate.set_result(None)

    def let_all_go(self) -> None:
        """Open all gates, for those who come too."""
        self.open = True
        for uuid in tuple(self.waiting):
            self.let_go(uuid)


GATES = Gates()


def fresh() -> Gates:
    """Forget everything. Called at the start of each example."""
    GATES.__init__()
    return GATES


def made_of(x0: int, x1: int, x2: int) -> int:
    return (x0 + x1 + x2 + 1) % MODULUS


@NodeDecorator("tests.gates.plain")
def plain(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> int:
    GATES.enter(node)
    return made_of(x0, x1, x2)


@NodeDecorator("tests.gates.coroutine")
async def coroutine(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> int:
    GATES.enter(node)
    await GATES.pass_through(node)
    return made_of(x0, x1, x2)


@NodeDecorator("tests.gates.thread", separate_thread=True)
def thread(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> int:
    GATES.enter(node)
    GATES.pass_through_thread(node)
    return made_of(x0, x1, x2)


@NodeDecorator("tests.gates.failing")
def failing(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> int:
    GATES.enter(node)
    out = made_of(x0, x1, x2)
    if out % 3 == 0:
        raise ValueError(f"{out} is of no use")
    return out


@NodeDecorator("tests.gates.failing_late")
async def failing_late(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> int:
    GATES.enter(node)
    await GATES.pass_through(node)
    out = made_of(x0, x1, x2)
    if out % 3 == 0:
        raise ValueError(f"{out} is of no use")
    return out


@NodeDecorator("tests.gates.stream")
def stream(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> Iterator[int]:
    GATES.enter(node)
    out = made_of(x0, x1, x2)
    yield out + 1000
    yield out


@NodeDecorator("tests.gates.async_stream")
async def async_stream(x0: int, x1: int = 0, x2: int = 0, *, node: Node) -> AsyncIterator[int]:
    GATES.enter(node)
    out = made_of(x0, x1, x2)
    await GATES.pass_through(node)
    yield out + 1000
    await GATES.pass_through(node)
    yield out


KINDS: dict[str, Any] = {
    "plain": plain,
    "coroutine": coroutine,
    "thread": thread,
    "failing": failing,
    "failing_late": failing_late,
    "stream": stream,
    "async_stream": async_stream,
}


async def until_quiet(engine: Any) -> None:
    """Return when the loop has nothing to do at once, and each thread waits at its gate or has ended."""
    limit = time.monotonic() + 20
    loop: Any = asyncio.get_running_loop()
    while loop._ready or _threads_are_under_way(tuple(engine.lasting.runs.values())):
        assert time.monotonic() < limit, "the engine does not come to rest"
        # A thread tells nobody that it has come to its gate.
        await asyncio.sleep(0 if loop._ready else 0.0005)


def _threads_are_under_way(runs: tuple[Any, ...]) -> bool:
    """Tell whether a thread comes to its gate, goes on from it, or was given up and still stands there."""
    known = {run.cell.node.uuid for run in runs}
    given_up = any(
        isinstance(gate, threading.Event) and uuid not in known for uuid, gate in tuple(GATES.waiting.items())
    )
    threads = [run for run in runs if run.thread is not None]
    return given_up or any(run.thread.asked or run.cell.node.uuid not in GATES.waiting for run in threads)
