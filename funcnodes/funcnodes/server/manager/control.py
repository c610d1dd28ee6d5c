"""`/control`: the connections of workers and UI servers.

Owns frames and the order hello, welcome, messages, end. What a worker's words mean is the supervisor's.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from aiohttp.http import WSCloseCode, WSMsgType
from funcnodes_worker.rpc.guarded import caller_of
from funcnodes_worker.rpc.outbox import Frame, Outbox
from funcnodes_worker.wire import control
from funcnodes_worker.wire.control import PROTOCOL, Exchange, Hello, Refused, Revoke

from funcnodes.supervisor.access import AccessBook
from funcnodes.supervisor.supervisor import Supervisor

LOGGER = logging.getLogger(__name__)
HELLO_LIMIT_S = 10.0
"""Who dials speaks first, and has everything ready to say so."""


class ControlLink:
    """One connection; a `Link` for the supervisor."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._outbox = Outbox()

    def send(self, message: control.ToWorker | control.ToUi) -> None:
        """Queue a message."""
        self._outbox.put(Frame(control.encode(message).encode()))

    def close(self) -> None:
        """End the connection once what is queued was sent."""
        self._outbox.close("done")

    async def write(self) -> None:
        """Send what is queued until the end; then close the socket."""
        try:
            while (frame := await self._outbox.get()) is not None:
                await self._socket.send_str(frame.body.decode())
        except (ConnectionError, RuntimeError):
            return  # It hung up; the reading side sees that too.
        await self._socket.close()


class ControlDoor:
    """The door at which they dial."""

    def __init__(self, supervisor: Supervisor, access: AccessBook) -> None:
        """Make a door that passes every change of who may speak on to the UI servers."""
        self.supervisor = supervisor
        self.access = access
        self._ui_links: set[ControlLink] = set()
        self._open: set[web.WebSocketResponse] = set()
        access.on_change(self._push_access)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection from hello to its end."""
        if caller_of(request).by == "session":
            raise web.HTTPForbidden(text="/control is for programs that hold the base folder's token")
        socket = web.WebSocketResponse()
        if not socket.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(text="this is a WebSocket")
        await socket.prepare(request)
        self._open.add(socket)
        link = ControlLink(socket)
        writer = asyncio.create_task(link.write())
        try:
            await self._converse(socket, link)
        except control.NotAControlMessage as problem:
            LOGGER.warning("%s", problem)
        finally:
            link.close()
            await writer
            self._open.discard(socket)
        return socket

    async def close_all(self) -> None:
        """End all connections: the manager stops. Workers dial the next one."""
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in list(self._open)))

    async def _converse(self, socket: web.WebSocketResponse, link: ControlLink) -> None:
        async with asyncio.timeout(HELLO_LIMIT_S):
            frame = await socket.receive()
        if frame.type is not WSMsgType.TEXT:
            return
        hello = control.read_from_dialler(frame.data)
        if not isinstance(hello, Hello):
            raise control.NotAControlMessage(f"{type(hello).__name__} came before the hello")
        if hello.protocol != PROTOCOL:
            sentence = f"this manager speaks protocol {PROTOCOL}, you speak {hello.protocol}"
            link.send(Refused(reason="protocol", message=sentence))
        elif hello.role == "worker":
            await self._hold_worker(socket, link, hello)
        else:
            await self._hold_ui(socket, link, hello)

    async def _hold_worker(self, socket: web.WebSocketResponse, link: ControlLink, hello: Hello) -> None:
        process = self.supervisor.dialogue.hello(hello, link)
        if process is None:
            return
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                message = control.read_from_dialler(frame.data)
                if isinstance(message, Exchange | Revoke):
                    raise control.NotAControlMessage("a worker cannot exchange or revoke sessions")
                self.supervisor.dialogue.hear(hello.uuid, process, message)
        finally:
            self.supervisor.dialogue.hung_up(hello.uuid, process, link)

    async def _hold_ui(self, socket: web.WebSocketResponse, link: ControlLink, hello: Hello) -> None:
        self.access.ui_came(link, hello.origins)
        link.send(control.Welcome(access=self.access.current))
        self._ui_links.add(link)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._hear_ui(link, control.read_from_dialler(frame.data))
        finally:
            self._ui_links.discard(link)
            self.access.ui_went(link)

    def _hear_ui(self, link: ControlLink, message: control.FromDialler) -> None:
        match message:
            case Exchange(id=exchange_id, code=code, port=port):
                # The session counts here and in every worker before the browser hears of it.
                session = self.access.exchange(code, port)
                link.send(control.Exchanged(id=exchange_id, session=session))
            case Revoke(session_hash=session_hash):
                self.access.revoke(session_hash)
            case _:
                raise control.NotAControlMessage(f"a UI server does not say {type(message).__name__}")

    def _push_access(self) -> None:
        for link in self._ui_links:
            link.send(self.access.current)
