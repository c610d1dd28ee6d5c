"""What differs between systems for a worker's process: which signals mean "stop"."""

from __future__ import annotations

import signal
from collections.abc import Callable


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
