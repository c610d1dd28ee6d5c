"""A function in a thread of its own.

The thread is a daemon: one that never ends must not keep the program alive.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable
from typing import Any

from funcnodes_core.engine.calls import call

__all__ = ["ThreadRun"]


class ThreadRun:
    """One call in one thread."""

    def __init__(
        self, function: Callable[..., Any], kwargs: dict[str, Any], name: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._function, self._kwargs, self._loop = function, kwargs, loop
        self._future: asyncio.Future[Any] = loop.create_future()
        self._context = contextvars.copy_context()
        self.asked = False
        """Whether the run was asked to end."""
        self._ended: tuple[Callable[[Any], None], Any] | None = None
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    async def result(self) -> Any:
        """Start the thread and return what the function returns."""
        self._thread.start()
        return await self._future

    def ask_to_end(self) -> None:
        """Raise a KeyboardInterrupt in the thread at its next step of Python; from any thread."""
        # Imported here: few runs are asked to end, and the import costs time.
        import ctypes

        self.asked = True
        identity = self._thread.ident
        if identity is not None and self._thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(identity), ctypes.py_object(KeyboardInterrupt)
            )

    def _main(self) -> None:
        while True:
            try:
                self._run_once()
            except KeyboardInterrupt as error:
                # The asking came when the function was over already. Somebody still waits to hear of it.
                self._ended = self._ended or (self._fail, error)
            else:
                return

    def _run_once(self) -> None:
        if self._ended is None:
            try:
                self._ended = (self._succeed, self._context.run(self._compute))
            except BaseException as error:  # noqa: BLE001 - it is raised again where the run is awaited
                self._ended = (self._fail, error)
        # Told twice, it is heard once.
        self._tell(*self._ended)

    def _compute(self) -> Any:
        result = call(self._function, self._kwargs)
        return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result

    def _tell(self, how: Callable[[Any], None], what: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(how, what)
        except RuntimeError:
            # The loop is closed: whoever wanted the result is gone.
            if not self._loop.is_closed():
                raise

    def _succeed(self, result: Any) -> None:
        if not self._future.done():
            self._future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if self._future.done():
            return
        if isinstance(error, StopIteration):
            # A future refuses it, since it would end the coroutine that awaits it.
            error = RuntimeError(f"the function raised {error!r}")
        self._future.set_exception(error)


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
