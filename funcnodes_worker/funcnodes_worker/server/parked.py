"""Texts too large for a frame, waiting to be fetched over HTTP: published clients take no frame above 1 MiB.

Owns their ids, their minute of life and the room they take: what is larger than a little waits on disk. An id
is 128 random bits and good for one fetch.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from typing import IO

import msgspec

LIFE_S = 60.0
MAX_BYTES = 512 * 1024 * 1024
"""What may wait at all, in memory and on disk; the oldest goes first."""
IN_MEMORY = 16 * 1024 * 1024
"""What may wait in memory; the rest waits in files that have no name."""


class _Waiting(msgspec.Struct):
    since: float
    size: int
    text: bytes | None
    file: IO[bytes] | None = None

    def read(self) -> bytes:
        if self.file is None:
            return self.text or b""
        self.file.seek(0)
        return self.file.read()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class Parked:
    """What waits, oldest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._bytes = self._in_memory = 0
        self._timer: asyncio.TimerHandle | None = None

    def park(self, text: bytes) -> str:
        """Return the id under which this text can be fetched once."""
        message = secrets.token_hex(16)
        kept = _Waiting(self._clock(), len(text), text)
        if self._in_memory + len(text) > IN_MEMORY:
            kept.text, kept.file = None, tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is fetched.
            kept.file.write(text)
        else:
            self._in_memory += len(text)
        self._waiting[message] = kept
        self._bytes += len(text)
        self._forget()
        self._wake()
        return message

    def fetch(self, message: str) -> bytes | None:
        """Return a text and forget it; None when it is unknown, fetched or too old."""
        self._forget()
        found = self._waiting.get(message)
        if found is None:
            return None
        text = found.read()
        self._drop(message)
        return text

    def __len__(self) -> int:
        return len(self._waiting)

    def _drop(self, message: str) -> None:
        dropped = self._waiting.pop(message)
        self._bytes -= dropped.size
        if dropped.file is None:
            self._in_memory -= dropped.size
        dropped.close()

    def _forget(self) -> None:
        now = self._clock()
        while self._waiting:
            message, oldest = next(iter(self._waiting.items()))
            # The newest is always kept: a single answer larger than all the room must still arrive.
            if now - oldest.since < LIFE_S and (self._bytes <= MAX_BYTES or len(self._waiting) == 1):
                return
            self._drop(message)

    def _wake(self) -> None:
        """Have what nobody fetches forgotten when its time is over, also when nothing else happens."""
        if self._timer is not None or not self._waiting:
            return
        oldest = next(iter(self._waiting.values()))
        left = max(0.0, LIFE_S - (self._clock() - oldest.since))
        self._timer = asyncio.get_running_loop().call_later(left, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._forget()
        self._wake()
