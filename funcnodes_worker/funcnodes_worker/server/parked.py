"""Large answers that wait to be fetched over HTTP, since published clients take no frame above 1 MiB.

Owns their ids, their minute of life and the room they take. An id is 128 random bits and good for one fetch.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable

LIFE_S = 60.0
MAX_BYTES = 512 * 1024 * 1024


class Parked:
    """What waits, oldest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def park(self, text: bytes) -> str:
        """Return the id under which this text can be fetched once."""
        message = secrets.token_hex(16)
        self._waiting[message] = (self._clock(), text)
        self._bytes += len(text)
        self._forget()
        return message

    def fetch(self, message: str) -> bytes | None:
        """Return a text and forget it; None when it is unknown, fetched or too old."""
        self._forget()
        found = self._waiting.pop(message, None)
        if found is None:
            return None
        self._bytes -= len(found[1])
        return found[1]

    def _forget(self) -> None:
        now = self._clock()
        while self._waiting:
            message, (since, text) = next(iter(self._waiting.items()))
            # The newest is always kept: a single answer larger than all the room must still arrive.
            if now - since <= LIFE_S and (self._bytes <= MAX_BYTES or len(self._waiting) == 1):
                return
            del self._waiting[message]
            self._bytes -= len(text)
