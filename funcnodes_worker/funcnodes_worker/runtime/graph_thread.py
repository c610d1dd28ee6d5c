"""The thread the graph lives in: the process's main thread, with its own event loop.

Owns the door into that thread: work goes in, in order, and is done between runs. Does not know what the work
is. The server's thread never waits for a node that does not return: `ask` gives up after a second and says
for which node.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from funcnodes_worker.rpc.errors import GraphBusy

_log = logging.getLogger("funcnodes.worker")

ASK_LIMIT_S = 1.0
"""How long an answer may wait for the graph: longer than any healthy pause between runs."""

WORK_LIMIT_S = 60.0
"""How long the work of one answer may take, once it has begun."""

Result = TypeVar("Result")


class GraphThread:
    """The door into the graph's thread. Made anywhere; `enter` is called once, in that thread."""

    def __init__(self, running_node: Callable[[], str | None]) -> None:
        """Make the door; `running_node` tells, from any thread, which node runs now."""
        self._running_node = running_node
        self._work: deque[Callable[[], None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ident: int | None = None
        self._lock = threading.Lock()
        self._is_awake = False
        """Whether the thread has been told that there is work."""
        self._ended = False

    def enter(self) -> None:
        """Make the running loop of this thread the graph's, and do what has been posted so far."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._ident = threading.get_ident()
            self._is_awake = True
            self._loop.call_soon(self._do_all)

    def leave(self) -> None:
        """Take no more work: the thread ends."""
        with self._lock:
            self._ended = True
            self._loop = None

    def assert_inside(self) -> None:
        """Assert that the caller is in the graph's thread: no living object is touched elsewhere."""
        assert threading.get_ident() == self._ident, "a living node was touched outside the graph's thread"

    def post(self, work: Callable[[], None], *, wakes: bool = True) -> None:
        """Have this done in the graph's thread, after all posted before. Never waits. From any thread.

        What wakes nobody is done with the next work that does, or at `wake`.
        """
        # The lock keeps the order between threads, and keeps `leave` from closing the loop under us.
        with self._lock:
            if self._ended:
                return
            self._work.append(work)
            if wakes:
                self._wake()

    def wake(self) -> None:
        """Have all done that was posted. From any thread."""
        with self._lock:
            if self._work and not self._ended:
                self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._do_all)

    def _do_all(self) -> None:
        while True:
            # All that waits at once: two threads that take a lock for each piece wait for each other more
            # than they work.
            with self._lock:
                heap, self._work = self._work, deque()
                if not heap:
                    self._is_awake = False
                    return
            for work in heap:
                try:
                    work()
                # A failing piece of work is a bug of ours or an error of a node's constructor, `sys.exit`
                # too: the graph goes on, and what waits behind it is done.
                except BaseException:  # noqa: BLE001
                    _log.exception("work in the graph's thread failed")

    async def ask(self, question: Callable[[], Result], limit_s: float = ASK_LIMIT_S) -> Result:
        """Return the answer of the graph's thread; raise `GraphBusy` when a node keeps it from answering."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        begun = threading.Event()

        def answer() -> None:
            # Nobody waits any more: the client was told that the graph is busy.
            if future.cancelled():
                return
            begun.set()
            try:
                result = question()
            # Every failure belongs to who asked.
            except Exception as error:  # noqa: BLE001
                loop.call_soon_threadsafe(_fail, future, error)
            else:
                loop.call_soon_threadsafe(_settle, future, result)

        self.post(answer)
        done, _ = await asyncio.wait((future,), timeout=limit_s)
        # The limit is for getting a turn: an encoder at work on a large value is given its time.
        if not done and begun.is_set():
            done, _ = await asyncio.wait((future,), timeout=WORK_LIMIT_S)
        if not done:
            future.cancel()
            raise self._busy(limit_s)
        return future.result()

    async def finish(self, work: Callable[[], Coroutine[Any, Any, Result]], limit_s: float) -> Result:
        """Return what work that waits in the graph's thread comes to; `GraphBusy` when it takes longer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        async def do() -> None:
            try:
                result = await work()
            # Every failure belongs to who asked.
            except Exception as error:  # noqa: BLE001
                loop.call_soon_threadsafe(_fail, future, error)
            else:
                loop.call_soon_threadsafe(_settle, future, result)

        tasks: list[asyncio.Task[None]] = []

        def begin() -> None:
            if not future.cancelled():
                tasks.append(asyncio.get_running_loop().create_task(do()))

        self.post(begin)
        done, _ = await asyncio.wait((future,), timeout=limit_s)
        if not done:
            future.cancel()
            self.post(lambda: _cancel(tasks))
            raise self._busy(limit_s)
        return future.result()

    def _busy(self, limit_s: float) -> GraphBusy:
        node = self._running_node()
        who = f"node {node!r} runs and" if node else "the graph"
        return GraphBusy(
            f"{who} did not leave time for an answer within {limit_s:g} s; try again, or interrupt it"
        )


def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


def _settle(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
