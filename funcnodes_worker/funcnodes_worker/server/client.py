"""One connected client: its outbox, its dialect, and how it is told the news.

Owns what belongs to a connection. Does not know the socket (`app`) nor what methods do.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.envelope import Call, Dialect
from funcnodes_worker.rpc.gate import Caller
from funcnodes_worker.rpc.outbox import Frame, Outbox
from funcnodes_worker.runtime.records import Batch, Noted
from funcnodes_worker.runtime.writer import Committed
from funcnodes_worker.server.frames import result_frame
from funcnodes_worker.server.parked import Parked

if TYPE_CHECKING:
    from funcnodes_worker.server.context import CallContext

MAX_TEXT = 1024 * 1024
"""Text frames above this (with a tenth for safety) are parked for published clients."""


class Encoded(msgspec.Struct, frozen=True):
    """A result that is bytes of a mime: binary for who asked `as_bytes`, base64 for others."""

    mime: str
    data: bytes


class News(Protocol):
    """How a client hears what happened; one class per way of telling."""

    def committed(self, committed: Committed) -> None:
        """Tell an edit. Called for each, in order, after its answer."""
        ...

    def observed(self, noted: Noted) -> None:
        """Tell what node code changed by itself. Called when it is in the committed document."""
        ...

    def batch(self, batch: Batch) -> None:
        """Take note of what changed in the running graph; it is told at the client's rate."""
        ...

    def progress(self, message: str, status: str, fraction: float, blocking: bool) -> None:
        """Tell how far an installation has come."""
        ...

    def event(self, event: str, data: dict[str, object]) -> None:
        """Tell an event of the worker: `fullsync`, `lib_update`, `stopping`."""
        ...

    def stop(self) -> None:
        """Tell nothing more. Called when the client leaves or is told in another way."""
        ...


MAX_AUTHOR = 128
"""Characters of the name by which a client says who it is."""


class Client:
    """A client as its conversation and the hub see it."""

    def __init__(
        self, caller: Caller, parked: Parked, make_context: Callable[[Client, Call], CallContext]
    ) -> None:
        self.caller = caller
        self.outbox = Outbox()
        self.author = secrets.token_hex(8)
        """Who its edits are by; a client that keeps an id of its own sends it at `subscribe`."""
        self.origin: tuple[str | None, ...] = ()
        """What its handshake tells of the program it is: its HTTP requests come with the same."""
        self.address = ""
        """Where it found the worker, like `http://127.0.0.1:9382`."""
        self.news: News | None = None
        self.dialect = Dialect.PUBLISHED
        self._parked = parked
        self._make_context = make_context

    def change_news(self, news: News | None) -> None:
        """Tell this client the news in another way from now on, or not at all."""
        if self.news is not None:
            self.news.stop()
        self.news = news

    def context_for(self, call: Call) -> CallContext:
        """Return what the handler of this call is given."""
        self.dialect = call.dialect
        return self._make_context(self, call)

    def send(self, frame: Frame) -> None:
        """Queue an answer; a large text waits elsewhere for who knows how to fetch it."""
        self.outbox.put_answer(self._fitting(frame))

    def tell(self, frame: Frame) -> None:
        """Queue news; a large text waits elsewhere for who knows how to fetch it."""
        self.outbox.put(self._fitting(frame))

    def _fitting(self, frame: Frame) -> Frame:
        if frame.is_text and self.dialect is not Dialect.JSONRPC and len(frame.body) * 1.1 > MAX_TEXT:
            message = self._parked.park(frame.body)
            return text(
                {"type": "large_message", "msg_id": message, "url": f"{self.address}/message/{message}"}
            )
        return frame

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
        """Return the answer to a call in its dialect."""
        if not call.as_bytes:
            if isinstance(result, Encoded):
                data = base64.b64encode(result.data).decode()
                result = {"data": data, "handeled": True, "mime": result.mime}
            return Frame(envelope.write_result(call, result, revision))
        if not isinstance(result, Encoded):
            is_text = isinstance(result, str)
            data = result.encode() if isinstance(result, str) else msgspec.json.encode(result)
            result = Encoded("text/plain" if is_text else "application/json", data)
        is_ours = call.dialect is Dialect.JSONRPC
        return result_frame(call.id, result.mime, result.data, as_published=not is_ours)

    def has_room(self) -> bool:
        """Tell whether this client has read enough of what it asked for."""
        return self.outbox.has_room()

    async def wait_for_room(self) -> None:
        """Return when this client has read enough of what it asked for."""
        await self.outbox.wait_for_room()


class Ticker:
    """Calls back at most so many times a second, soon after it was asked to."""

    def __init__(self, rate: float, tick: Callable[[], None]) -> None:
        self.pause_s = 1 / rate
        self._tick = tick
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Have the call made at the next moment allowed: right now, if it has been quiet for so long."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        when = self._last + self.pause_s
        if when <= loop.time():
            self._ring()
        else:
            self._timer = loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        self._tick()

    def stop(self) -> None:
        """Call back no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def text(message: object) -> Frame:
    """Return a message as a text frame."""
    return Frame(msgspec.json.encode(message))
