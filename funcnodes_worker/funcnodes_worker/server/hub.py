"""All connected clients, and the telling of news to each in its own way.

Owns who is connected. Belongs to the server's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from funcnodes_worker.runtime.records import Batch, Noted
from funcnodes_worker.runtime.writer import Committed
from funcnodes_worker.server.client import Client, News


class Hub:
    """Who is there, in the order in which they came."""

    def __init__(self) -> None:
        self._clients: dict[Client, None] = {}
        self._log_readers: dict[Client, None] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.last_progress: dict[str, object] = {
            "message": "",
            "status": "info",
            "progress": 1.0,
            "blocking": False,
        }

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._clients))

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, client: Client) -> None:
        """Let a client hear the news from now on."""
        self._clients[client] = None
        self._empty.clear()

    def leave(self, client: Client) -> None:
        """Tell a client nothing more."""
        self._clients.pop(client, None)
        self._log_readers.pop(client, None)
        if not self._clients:
            self._empty.set()

    async def wait_empty(self, limit_s: float) -> None:
        """Return when nobody is connected, or when the limit has passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._empty.wait()

    def _told(self) -> list[News]:
        return [client.news for client in self._clients if client.news is not None]

    def committed(self, committed: Committed) -> None:
        """Tell everybody an edit."""
        for news in self._told():
            news.committed(committed)

    def observed(self, noted: Noted) -> None:
        """Tell everybody of which nodes the document now says something else by itself."""
        for news in self._told():
            news.observed(noted)

    def batch(self, batch: Batch) -> None:
        """Tell everybody what changed in the running graph."""
        for news in self._told():
            news.batch(batch)

    def progress(self, message: str, status: str, fraction: float, blocking: bool = False) -> None:
        """Tell everybody how far an installation has come; an empty message means: back to normal."""
        self.last_progress = {
            "message": message,
            "status": status,
            "progress": fraction,
            "blocking": blocking,
        }
        for news in self._told():
            news.progress(message, status, fraction, blocking)

    def follow_log(self, client: Client, *, wants: bool) -> None:
        """Tell a client new lines of the log from now on, or no more."""
        if wants:
            self._log_readers[client] = None
        else:
            self._log_readers.pop(client, None)

    @property
    def has_log_readers(self) -> bool:
        """Whether anybody is to be told lines of the log. Asked from any thread."""
        return bool(self._log_readers)

    def log(self, lines: Sequence[str]) -> None:
        """Tell new lines of the log to those who follow it."""
        for client in self._log_readers:
            if client.news is not None:
                client.news.event("log", {"lines": lines})

    def event(self, event: str, **data: object) -> None:
        """Tell everybody an event of the worker."""
        for news in self._told():
            news.event(event, data)

    def close_all(self, reason: str) -> None:
        """Close every connection, after what waits for it was sent."""
        for client in self._clients:
            client.outbox.close(reason)

    def close_if(self, condition: Callable[[Client], bool], reason: str) -> None:
        """Close the connections this is true for."""
        for client in self._clients:
            if condition(client):
                client.outbox.close(reason)
