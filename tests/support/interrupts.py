"""SIGINT as a worker handles it, for as long as a test lasts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

from funcnodes_core.engine import interrupt


@contextlib.contextmanager
def handled_as_in_a_worker() -> Iterator[list[str]]:
    """Install the handler; give what it did in place of interrupting."""
    before, otherwise = signal.getsignal(signal.SIGINT), list[str]()
    # A signal soon after one of ours counts as ours; the test before may have asked.
    interrupt._last_heard = float("-inf")
    interrupt.install_handler(lambda: otherwise.append("stop"))
    try:
        yield otherwise
    finally:
        # Who still asks would hit pytest, once its own handler is back.
        for thread in threading.enumerate():
            if thread.name == "interrupt":
                thread.join(10)
        signal.signal(signal.SIGINT, before)
