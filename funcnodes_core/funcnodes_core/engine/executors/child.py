"""The other end of `executors.process`: a process that calls one function after the other.

It ends when its parent is gone, also in the middle of a call: nobody could take the result.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO

from funcnodes_core.engine.executors.parcels import named, packed, receive, send, unpacked

__all__ = ["main"]

_KEPT = 256


def main() -> None:
    """Answer calls until the parent closes its end."""
    # A person's Ctrl+C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a function prints must not get between the frames.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(reading, calls), name="funcnodes-pool", daemon=True).start()
    functions: dict[bytes, Any] = {}
    send(writing, pickle.dumps("ready"))
    while True:
        send(writing, _answer(calls.get(), functions))


def _listen(reading: BinaryIO, calls: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            calls.put(receive(reading))
    except EOFError:
        os._exit(0)


def _answer(call: bytes, functions: dict[bytes, Any]) -> bytes:
    """Return what came of one call: ("done", result), ("raised", error) or ("unsent", why)."""
    try:
        path, sent, arguments = unpacked(call)
        sys.path[:] = path
        function = functions.get(sent)
        if function is None:
            if len(functions) >= _KEPT:
                functions.clear()
            function = functions[sent] = named(sent)
        kwargs = unpacked(arguments)
    except BaseException as error:  # noqa: BLE001 - what cannot be read here runs in a thread there
        return pickle.dumps(("unsent", f"the process cannot read it: {_sentence(error)}"))
    try:
        result = function(**kwargs)
        if inspect.isawaitable(result):
            result = asyncio.run(_awaited(result))
    except BaseException as error:  # noqa: BLE001 - it is raised again where the run is awaited
        return pickle.dumps(("raised", _error(error)))
    try:
        return pickle.dumps(("done", packed(result)))
    except Exception as error:  # noqa: BLE001 - classes raise what they like when they are pickled
        return pickle.dumps(("unsent", f"its result cannot be sent back: {_sentence(error)}"))


def _error(error: BaseException) -> bytes:
    if not isinstance(error, Exception):
        # An exit is the function's, not the program's that asked.
        error = RuntimeError(f"the function raised {error!r}").with_traceback(error.__traceback__)
    note = "In its process:\n" + "".join(traceback.format_exception(error))
    error.add_note(note)
    try:
        content = packed(error)
        unpacked(content)
    except Exception:  # noqa: BLE001 - many errors take other arguments than they keep
        stand_in = RuntimeError(_sentence(error))
        stand_in.add_note(note)
        return packed(stand_in)
    return content


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
