"""What differs between systems for a worker's process: which signals mean "stop", and who wakes for them."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager


def stop_signals() -> list[signal.Signals]:
    """Return the signals of this system that ask a program to end in good order, but for Ctrl+C."""
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def on_stop_signals(stop: Callable[[], None]) -> None:
    """Have `stop` called for each of them. Only in the main thread.

    The handler runs between two steps of Python code, also while a node spins in the main thread.
    """
    for number in stop_signals():
        signal.signal(number, lambda _number, _frame: stop())


@contextmanager
def woken_by_signals() -> Generator[None]:
    """Have the loop that runs in the main thread hear of each signal at once, while the block runs."""
    # Python looks at signals between two steps of code. One that comes between the last step and the wait for
    # events, or that another thread was given, would be looked at with the next event: in an idle worker
    # never, and it would not stop (seen under valgrind, which makes that moment long).
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        there.setblocking(False)
        try:
            loop.add_reader(here, lambda: here.recv(4096))
        except NotImplementedError:  # The loop of Windows does all this by itself.
            yield
            return
        before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(here)
