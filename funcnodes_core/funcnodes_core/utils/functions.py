"""Functions made sync or async, and functions made to run in another thread or process."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Executors are imported where they are made: they cost time, and most nodes need none.

__all__ = [
    "ExecutorWrapper",
    "call_sync",
    "make_async_if_needed",
    "make_run_in_new_process",
    "make_run_in_new_thread",
    "make_sync_if_needed",
]


def make_async_if_needed(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that can be awaited and does what `func` does."""
    if inspect.iscoroutinefunction(func):
        return func

    @functools.wraps(func)
    async def awaitable(*args: Any, **kwargs: Any) -> Any:
        result = func(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    return awaitable


def make_sync_if_needed(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function that does what `func` does.

    Below a running loop a thread's own loop does it.
    """
    if not inspect.iscoroutinefunction(func):
        return func

    @functools.wraps(func)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return call_sync(func, *args, **kwargs)

    return plain


def call_sync(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what `func` returns, awaited if need be."""
    result = func(*args, **kwargs)
    if not inspect.isawaitable(result):
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(result))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, thread_name_prefix="call_sync") as pool:
        return pool.submit(asyncio.run, _awaited(result)).result()


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


class ExecutorWrapper:
    """A function whose calls are awaited and run in an executor of their own, made at the first call."""

    def __init__(self, func: Callable[..., Any], make_executor: Callable[[], Executor]) -> None:
        functools.update_wrapper(self, func)
        self.func = func
        self._make_executor = make_executor
        self._executor: Executor | None = None
        # The signature is read from here without looking behind wrappers.
        self.__signature__ = inspect.signature(func)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        if self._executor is None:
            self._executor = self._make_executor()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, functools.partial(call_sync, self.func, *args, **kwargs)
        )

    def shutdown(self, wait: bool = True) -> None:
        """End the executor; the next call makes a new one."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=wait)


def make_run_in_new_thread(func: Callable[..., Any]) -> ExecutorWrapper:
    """Return a function that runs `func` in a thread and can be awaited."""

    def make() -> Executor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1, thread_name_prefix=getattr(func, "__name__", "node"))

    return ExecutorWrapper(func, make)


def make_run_in_new_process(func: Callable[..., Any]) -> ExecutorWrapper:
    """Return a function that runs `func` in a process and can be awaited."""

    def make() -> Executor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(1)

    return ExecutorWrapper(func, make)
