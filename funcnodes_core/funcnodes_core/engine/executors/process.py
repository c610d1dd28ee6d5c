"""Functions in processes of their own, which can be killed: a pool of warm ones, made when first needed.

A process is a fresh interpreter that was told where modules are; it never runs the program's own script.
A killed one is replaced when the next run needs one. None outlives this program: each ends when its pipe
closes, whatever has become of us.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO
from weakref import WeakKeyDictionary, WeakSet

from funcnodes_core.engine.executors.parcels import (
    CannotSend,
    packed,
    packed_function,
    receive,
    send,
    unpacked,
)

if TYPE_CHECKING:
    from funcnodes_core.engine.cell import Cell

__all__ = ["POOL", "ProcessPool", "ProcessRun", "note_unsendable", "unsendable"]

_logger = logging.getLogger("funcnodes")

_unsendable: WeakKeyDictionary[type[Any], str] = WeakKeyDictionary()
"""Node classes that will never run in a process, and why."""

_told: WeakSet[type[Any]] = WeakSet()
"""Node classes of which the log has heard."""

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); "
    "from funcnodes_core.engine.executors.child import main; main()"
)


def unsendable(cell: Cell) -> str | None:
    """Return why this node runs in a thread at every run, if it does."""
    if cell.plan.wants_node:
        note_unsendable(cell, CannotSend("its parameter `node` cannot be sent", lasting=True))
    elif cell.plan.streams:
        note_unsendable(cell, CannotSend("a generator cannot be sent", lasting=True))
    return _unsendable.get(type(cell.node))


def note_unsendable(cell: Cell, error: CannotSend) -> None:
    """Say on the node, and once per class in the log, that it runs in a thread."""
    kind = type(cell.node)
    cell.notice = f"runs in a thread instead of a process: {error.why}"
    if error.lasting:
        _unsendable[kind] = cell.notice
    if kind not in _told:
        _told.add(kind)
        _logger.warning("node %s %s", cell.node.name, cell.notice)


class _Process:
    """One process of the pool."""

    def __init__(self) -> None:
        import json

        # -P: without it the working folder, in a worker that of the user's files, is looked in first, and a
        # file that was uploaded as `json.py` would be run.
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._in: BinaryIO = self._popen.stdin  # type: ignore[assignment]
        self._out: BinaryIO = self._popen.stdout  # type: ignore[assignment]

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until_ready(self) -> None:
        receive(self._out)

    def ask(self, call: bytes) -> tuple[str, Any]:
        """Return the answer; EOFError or OSError when the process is gone."""
        send(self._in, call)
        return pickle.loads(receive(self._out))  # noqa: S301 - both ends are this program

    def kill(self) -> None:
        self._popen.kill()

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> int:
        """See to it that it is gone, and return its exit code."""
        # What was being written when it died: nobody reads it any more.
        with contextlib.suppress(OSError):
            self._in.close()
        try:
            code = self._popen.wait(2)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        self._out.close()
        return code


class ProcessPool:
    """Processes that wait for work; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()

    def take(self) -> _Process:
        """Return a process that waits, or a new one."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                self._all.discard(process)
                process.end()
            process = _Process()
            self._all.add(process)
        try:
            process.wait_until_ready()
        except EOFError:
            code = self.discard(process)
            raise CannotSend(f"no process could be started (exit code {code})", lasting=False) from None
        return process

    def give_back(self, process: _Process) -> None:
        """Let the next run have it."""
        with self._lock:
            if process in self._all:
                self._idle.append(process)

    def discard(self, process: _Process) -> int:
        """Forget a process that is gone or is to be, and return its exit code."""
        with self._lock:
            self._all.discard(process)
        return process.end()

    def close(self) -> None:
        """End all processes, working ones too; the next run makes new ones."""
        with self._lock:
            processes, self._all, self._idle = self._all, set[_Process](), []
        for process in processes:
            process.kill()
        for process in processes:
            process.end()

    @property
    def pids(self) -> frozenset[int]:
        """Which processes there are."""
        with self._lock:
            return frozenset(process.pid for process in self._all)


POOL = ProcessPool()
atexit.register(POOL.close)


class ProcessRun:
    """One call in one process."""

    def __init__(
        self,
        function: Callable[..., Any],
        kwargs: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        begin: Callable[[], object],
    ) -> None:
        self._call = self._packed(function, kwargs)
        self._loop, self._begin = loop, begin
        self._future: asyncio.Future[Any] = loop.create_future()
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._asked = False

    async def result(self) -> Any:
        """Return what the function returns. Cancelled, it kills the process."""
        # One thread per call waits for the pipe: no way to wait for pipes on a loop exists everywhere.
        threading.Thread(target=self._main, name="funcnodes-pool", daemon=True).start()
        try:
            return await self._future
        finally:
            if not self._future.done() or self._future.cancelled():
                self.kill()

    def kill(self) -> None:
        """Kill the process at once; from any thread."""
        with self._lock:
            self._asked = True
            if self._process is not None:
                self._process.kill()

    # --- inside --------------------------------------------------------------------------------
    @staticmethod
    def _packed(function: Callable[..., Any], kwargs: dict[str, Any]) -> bytes:
        try:
            sent = packed_function(function)
        except Exception as error:
            raise CannotSend(f"its function cannot be sent: {error}", lasting=True) from error
        try:
            return pickle.dumps((sys.path, sent, packed(kwargs)))
        except Exception as error:
            raise CannotSend(f"what its inputs hold cannot be sent: {error}", lasting=False) from error

    def _main(self) -> None:
        try:
            result = self._compute()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the run is awaited
            self._tell(self._fail, error)
        else:
            self._tell(self._succeed, result)

    def _compute(self) -> Any:
        process = POOL.take()
        with self._lock:
            if self._asked:
                POOL.give_back(process)
                raise asyncio.CancelledError
            self._process = process
        self._begin()
        try:
            word, content = process.ask(self._call)
        except (EOFError, OSError):
            with self._lock:
                self._process = None
            code = POOL.discard(process)
            if self._asked:
                raise asyncio.CancelledError("its process was killed") from None
            raise RuntimeError(f"the process of the node ended by itself (exit code {code})") from None
        with self._lock:
            self._process = None
            killed = self._asked
        if killed:
            POOL.discard(process)
        else:
            POOL.give_back(process)
        if word == "unsent":
            raise CannotSend(content, lasting=True)
        if word == "raised":
            raise unpacked(content)
        try:
            return unpacked(content)
        except Exception as error:
            raise CannotSend(f"its result cannot be read: {error}", lasting=True) from error

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
        if isinstance(error, asyncio.CancelledError):
            self._future.cancel(*error.args)
        elif isinstance(error, StopIteration):
            # A future refuses it, since it would end the coroutine that awaits it.
            self._future.set_exception(RuntimeError(f"the function raised {error!r}"))
        else:
            self._future.set_exception(error)
