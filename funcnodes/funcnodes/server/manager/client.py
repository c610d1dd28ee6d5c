"""One connection on the manager's socket: what it has said, and what waits to be sent to it.

Owns the frames of one client. What its requests mean stands in `published` and `methods`; who is told what in
`news`.
"""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web
from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.envelope import Call
from funcnodes_worker.rpc.gate import Caller
from funcnodes_worker.rpc.outbox import Frame, Outbox, Render

from funcnodes.server.manager.office import Office


class ManagerClient:
    """A browser, a command or a script; a `Peer` for its conversation."""

    def __init__(self, office: Office, caller: Caller, host: str) -> None:
        self.office = office
        self.caller = caller
        self.host = host
        """The name by which it reached us; wildcard hosts of workers are shown to it under this name."""
        self.speaks_jsonrpc = False
        self.watches = False
        self.watches_figures = False
        self.open_calls = 0
        self.followed: dict[str, asyncio.Task[None]] = {}
        """The workers whose log it is told, by their ids."""
        self._outbox = Outbox()
        self.close_code: int | None = None

    def context_for(self, call: Call) -> Turn:
        """Return what a handler is given."""
        self.speaks_jsonrpc = True
        self.open_calls += 1
        return Turn(self, self.office)

    def send(self, frame: Frame) -> None:
        """Queue a frame."""
        self._outbox.put(frame)

    def send_json(self, message: object) -> None:
        """Queue a published message."""
        self.send(Frame(msgspec.json.encode(message)))

    def send_late(self, key: str, render: Render) -> None:
        """Queue a frame that is written when its turn comes."""
        self._outbox.put_late(key, render)

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
        """Return the answer to a call."""
        return Frame(envelope.write_result(call, result))

    def has_room(self) -> bool:
        """Tell whether this client has read enough of what it asked for."""
        return self._outbox.has_room()

    async def wait_for_room(self) -> None:
        """Return when it has read enough."""
        await self._outbox.wait_for_room()

    def close(self, code: int, reason: str) -> None:
        """End the connection once what is queued was sent."""
        self.close_code = code
        for telling in self.followed.values():
            telling.cancel()
        self._outbox.close(reason)

    async def write_to(self, socket: web.WebSocketResponse) -> None:
        """Send what is queued until the end; then close the socket."""
        try:
            while (frame := await self._outbox.get()) is not None:
                await socket.send_str(frame.body.decode())
        except (ConnectionError, RuntimeError):
            return  # It hung up; the reading side sees that too.
        reason = (self._outbox.closed_because or "").encode()[:120]
        await socket.close(code=self.close_code or 1001, message=reason)


class Turn(msgspec.Struct):
    """What the handler of one call is given."""

    client: ManagerClient
    office: Office
    revision: int | None = None
    """A fleet has no revisions."""

    def answered(self) -> None:
        """Learn that the answer is in the outbox."""
        self.client.open_calls -= 1
