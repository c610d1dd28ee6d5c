"""How a command in the foreground is told to end: Ctrl+C, a closed terminal, the system's request.

Owns the signals and their difference between systems, and that a command which lasts looks for garbage.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import threading
from collections.abc import Generator
from types import FrameType

# A closed terminal sends SIGHUP; on Windows closing and Ctrl+Break send SIGBREAK.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
YOUNG_OBJECTS = 2000
"""New objects between two looks of the garbage collector: newer Pythons' figure."""


class Ending:
    """Counts how often we were told to end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self._insisted = asyncio.Event()

    def ask(self) -> None:
        """Take one request; safe in a signal handler."""
        (self._insisted if self._asked.is_set() else self._asked).set()

    async def wait_asked(self) -> None:
        """Return when we were told to end."""
        await self._asked.wait()

    async def wait_insisted(self) -> None:
        """Return when we were told a second time: waiting for good order has lasted too long for somebody."""
        await self._insisted.wait()

    def from_handler(self, number: int, frame: FrameType | None) -> None:
        """Take a signal where the loop cannot (Windows)."""
        del number, frame
        self._loop.call_soon_threadsafe(self.ask)


@contextlib.contextmanager
def ending() -> Generator[Ending, None, None]:
    """Give what tells of the end; signals mean that, and nothing else, within the block."""
    told = Ending()
    loop = asyncio.get_running_loop()
    # Signals come to the main thread only; whoever runs a command in another one ends it in their own way.
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [getattr(signal, name) for name in _NAMES if is_main and hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    looks = gc.get_threshold()
    # From here on a command lasts: garbage is looked for as usual, and not among what has been imported.
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    for number in numbers:
        try:
            loop.add_signal_handler(number, told.ask)
        except NotImplementedError:
            signal.signal(number, told.from_handler)
    try:
        yield told
    finally:
        gc.set_threshold(*looks)
        gc.unfreeze()
        for number, handler in before.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
