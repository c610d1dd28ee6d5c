"""The sockets below an HTTP session, let go of when it is closed and not some time later.

A session that closes a WebSocket over TLS leaves the goodbye of TLS to the event loop, for up to 30 s. A loop
that ends before, as a script's does, leaves a socket unclosed, and Python complains of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Self
from weakref import WeakSet

import aiohttp

LIMIT_S = 1.0


class Sockets:
    """All sockets that one session opens; around the session, they are gone when the block ends."""

    def __init__(self) -> None:
        self._made: WeakSet[socket.socket] = WeakSet()

    def connector(self, **options: Any) -> aiohttp.TCPConnector:
        """Return what a session makes its connections with; `options` are those of `TCPConnector`."""
        return aiohttp.TCPConnector(socket_factory=self._make, **options)

    def _make(self, address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._made.add(made)
        return made

    async def let_go(self) -> None:
        """Return when all are closed. Called when their session is: what was to be said has been said."""
        for one in self._open():
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                # The loop hears of the end in its next turn, and closes them; nobody tells of it.
                while self._open():  # noqa: ASYNC110
                    await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.let_go()

    def _open(self) -> list[socket.socket]:
        return [one for one in self._made if one.fileno() >= 0]
