"""An edit under way: its handler takes its next step as soon as what it waits for has come.

Owns the stepping of such handlers. A task for each would do the same; edits come by the thousand and wait
once, for their commit, and a task costs a fifth of what an edit does. What a handler may wait for is said at
`Turn.EDIT`; the order of answers is kept by `conversation`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from funcnodes_worker.rpc.envelope import Call
from funcnodes_worker.rpc.outbox import Frame

ContextT = TypeVar("ContextT")


class UnderWay(Generic[ContextT]):
    """One edit from its first step to its answer."""

    def __init__(
        self,
        call: Call,
        context: ContextT,
        steps: Coroutine[Any, Any, Frame | None],
        ended: Callable[[], None],
    ) -> None:
        """Make it ready for `begin`; `ended` is called when the answer is there."""
        self.call, self.context = call, context
        self.answer: Frame | None = None
        self.has_ended = self.is_broken_off = False
        self._steps, self._ended = steps, ended
        self._waits_for: asyncio.Future[Any] | None = None

    def begin(self) -> None:
        """Take the first step. Called once, with the edit in its place."""
        self._step()

    def _step(self, _came: object = None) -> None:
        if self.has_ended:
            return
        try:
            waits_for: asyncio.Future[Any] | None = self._steps.send(None)
        except StopIteration as end:
            self.answer = end.value
        except asyncio.CancelledError:
            self.is_broken_off = True
        else:
            self._wait_for(waits_for)
            return
        self.has_ended = True
        self._ended()

    def _wait_for(self, future: asyncio.Future[Any] | None) -> None:
        self._waits_for = future
        if future is None:  # A bare `sleep(0)`.
            asyncio.get_running_loop().call_soon(self._step)
            return
        # As a task does with the future that a coroutine hands up: it says that it was heard. This is how an
        # event loop and futures of any kind know each other (asyncio.isfuture), so others may write it too.
        future._asyncio_future_blocking = False  # noqa: SLF001
        future.add_done_callback(self._step)

    def break_off(self) -> None:
        """Wait no more: there will be no answer. `ended` is not called."""
        if self.has_ended:
            return
        self.has_ended = self.is_broken_off = True
        if self._waits_for is not None:
            self._waits_for.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopIteration):
            self._steps.throw(asyncio.CancelledError())
        self._steps.close()


async def result_of(task: asyncio.Task[Frame | None]) -> Frame | None:
    """Return what a task comes to; for a handler that has to be one."""
    return await task
