"""The aiohttp application of a worker: its socket, large messages over HTTP, uploads.

Owns the routes and the life of a connection. Every route is behind the gate (`rpc/guarded`); what methods do
is on their pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from secrets import token_hex

import msgspec
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import WSCloseCode, WSMsgType

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.conversation import Conversation
from funcnodes_worker.rpc.dispatch import MethodTable
from funcnodes_worker.rpc.envelope import Batch, Call, Dialect, Malformed
from funcnodes_worker.rpc.errors import OWN_ERROR, failure_of, is_of_the_disk
from funcnodes_worker.rpc.gate import Caller, Gate, Right
from funcnodes_worker.rpc.guarded import caller_of, door, guard, open_door
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.rpc.repeat import REMEMBERED_S, RepeatsOfCallers
from funcnodes_worker.runtime.writer import WriteFailed
from funcnodes_worker.server.client import MAX_AUTHOR, Client
from funcnodes_worker.server.context import CallContext, Services
from funcnodes_worker.server.documented import understand
from funcnodes_worker.server.documented_news import DocumentedNews
from funcnodes_worker.server.files import MAX_UPLOAD, SILENT_S, FileDoors, longest_silence, max_upload
from funcnodes_worker.server.methods.table import CODES
from funcnodes_worker.server.published_news import PublishedNews
from funcnodes_worker.server.sending import say_goodbye, send_until_closed
from funcnodes_worker.server.transfer import Transfer
from funcnodes_worker.server.values import ValueDoors
from funcnodes_worker.store.records import StoreFailed

MAX_FRAME = 1024 * 1024
MAX_BODY = 256 * 1024 * 1024
TOO_BIG = b"frames may have 1 MiB; send larger messages by POST /message/"
SESSION_ENDED = 4401
FELL_BEHIND = 4408
HOLD_S = 0.5
"""How long news waits for a new client to say something, so that its answer is the first frame: a published
manager asks who is there at once and reads one frame only."""


class Limits(msgspec.Struct, frozen=True):
    """How large what comes in may be."""

    frame: int = MAX_FRAME
    body: int = MAX_BODY
    upload: int = MAX_UPLOAD
    silent_s: float = SILENT_S
    """How long an upload waits for its next bytes."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], settings: Mapping[str, object] | None = None
    ) -> Limits:
        """Return the published settings where they are set, else ours."""
        return cls(
            _number(environment, "FUNCNODES_WS_WORKER_MAX_SIZE", MAX_FRAME),
            _number(environment, "FUNCNODES_WS_WORKER_MAX_DATA_SIZE", MAX_BODY),
            _number(environment, "FUNCNODES_WS_WORKER_MAX_DATA_SIZE", max_upload(settings or {})),
            longest_silence(settings or {}),
        )


def _number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    given = environment.get(name, "")
    return int(given) if given.isdecimal() and int(given) > 0 else otherwise


class _Socket(web.WebSocketResponse):
    """A socket that says why it closes on a frame that is too big; aiohttp itself gives only the number."""

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Close; see aiohttp."""
        if code == WSCloseCode.MESSAGE_TOO_BIG and not message:
            message = TOO_BIG
        return await super().close(code=code, message=message, drain=drain)


class WorkerServer:
    """The routes of one worker."""

    def __init__(
        self, services: Services, table: MethodTable[CallContext], gate: Gate, limits: Limits | None = None
    ) -> None:
        self._services, self._table, self._gate = services, table, gate
        self._limits = limits or Limits()
        self._repeats = RepeatsOfCallers(self._forget_later)
        self._forgetting: asyncio.TimerHandle | None = None

    def make_app(self) -> web.Application:
        """Return the application with all its routes guarded."""
        app = web.Application(client_max_size=self._limits.body)
        guard(app, self._gate)
        app.router.add_get("/", self.socket)
        app.router.add_get("/message/{message}", self.fetch_message)
        app.router.add_post("/message/", self.post_message)
        app.on_startup.append(self._tidy)
        app.router.add_get("/export", self.export_flow)
        app.router.add_post("/import", self.import_flow)
        ValueDoors(self._services).add_to(app)
        FileDoors(self._services, self._limits.silent_s).add_to(app)
        return app

    async def _tidy(self, app: web.Application) -> None:
        await asyncio.to_thread(Transfer(self._services).tidy)

    def _forget_later(self) -> None:
        # A worker that nobody asks for anything keeps no answers; nor does it wake up for nothing.
        if self._forgetting is None:
            self._forgetting = asyncio.get_running_loop().call_later(REMEMBERED_S + 1, self._forget)

    def _forget(self) -> None:
        self._forgetting = None
        if self._repeats.forget(time.monotonic()):
            self._forget_later()

    def access_changed(self) -> None:
        """Close the connections whose session counts no more. Called after the gate was told."""

        def is_out(client: Client) -> bool:
            session = client.caller.session
            return session is not None and not self._gate.session_counts(session)

        self._services.hub.close_if(is_out, "this session was ended; ask for a new link")

    # The socket

    @door(Right.VIEW)
    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Hold a conversation until the client leaves or falls behind."""
        # No compression: values change by the millisecond, and on one machine it only costs.
        socket = _Socket(max_msg_size=self._limits.frame, compress=False, autoping=True)
        writer = await socket.prepare(request)
        client = self._make_client(caller_of(request), _asks_documented(request))
        client.origin = _origin_of(request)
        client.address = str(request.url.origin())
        client.outbox.hold()
        opening = asyncio.get_running_loop().call_later(HOLD_S, client.outbox.release)
        self._services.hub.join(client)
        sending = asyncio.create_task(self._send(socket, writer, client), name="client-send")
        try:
            await self._listen(socket, client)
        finally:
            opening.cancel()
            self._services.hub.leave(client)
            client.change_news(None)
            client.outbox.close("the client left")
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket

    def _make_client(self, caller: Caller, documented: bool) -> Client:
        client = Client(caller, self._services.parked, self._context)
        if documented:
            client.dialect = Dialect.DOCUMENTED
        news = DocumentedNews if documented else PublishedNews
        client.change_news(news(client, self._services.writer, self._services.board))
        return client

    def _context(self, client: Client, call: Call) -> CallContext:
        if call.dialect is Dialect.DOCUMENTED and type(client.news) is PublishedNews:
            # It has used the documented names: from here on it hears them too.
            client.change_news(DocumentedNews(client, self._services.writer, self._services.board))
        return CallContext(self._services, client, call)

    async def _listen(self, socket: web.WebSocketResponse, client: Client) -> None:
        conversation = self._conversation(client, client.caller, client.dialect)
        async with conversation.running():
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await conversation.hear(message.data)

    def _conversation(
        self, peer: Client | _Sender, caller: Caller, dialect: Dialect = Dialect.PUBLISHED
    ) -> Conversation[CallContext]:
        return Conversation(
            self._table,
            peer,
            CODES,
            dialect=dialect,
            understand=understand,
            remembered=self._repeats.of(caller, time.monotonic()),
        )

    async def _send(
        self, socket: web.WebSocketResponse, writer: AbstractStreamWriter, client: Client
    ) -> None:
        transport = writer.transport
        with contextlib.suppress(ConnectionError):
            await send_until_closed(writer, client.outbox)
            reason = client.outbox.closed_because or ""
            await say_goodbye(socket, transport, _close_code(reason), reason)

    # Large messages

    @open_door("the id is 128 random bits, good for one fetch within a minute")
    async def fetch_message(self, request: web.Request) -> web.Response:
        """Return a text that was too large for a frame."""
        found = self._services.parked.fetch(request.match_info["message"])
        if found is None:
            return web.Response(status=404, text="no such message; each can be fetched once, within a minute")
        return web.Response(body=found, content_type="application/json")

    @door(Right.VIEW)
    async def post_message(self, request: web.Request) -> web.Response:
        """Execute a message of any size; it is answered here and, for a command, on the asker's socket.

        The published client waits for the answer on its socket and HTTP does not say which that is. A client
        that says who it is (`?client=` with its author) is answered there alone; else the windows of the same
        browser are, which have sent the request with the same headers.
        """
        message = envelope.read(await request.read())
        if isinstance(message, Malformed):
            return web.json_response({"error": message.failure.message}, status=400)
        caller = caller_of(request)
        sender = _Sender(Client(caller, self._services.parked, self._context), self._sockets_of(request))
        if isinstance(message, envelope.Ping):
            sender.send(Frame(envelope.PONG))
        if not isinstance(message, Call | Batch):
            return sender.response()
        conversation = self._conversation(sender, caller)
        if isinstance(message, Call):
            message = conversation.understood(message)
        async with conversation.running():
            await conversation.serve(message)
        return sender.response()

    def _sockets_of(self, request: web.Request) -> list[Client]:
        caller, named = caller_of(request), request.query.get("client")
        mine = [client for client in self._services.hub if client.caller == caller]
        if named is not None:
            return [client for client in mine if client.author == named]
        origin = _origin_of(request)
        return [client for client in mine if client.origin == origin]

    @door(Right.EDIT)
    async def export_flow(self, request: web.Request) -> web.StreamResponse:
        """Answer with the flow as a `.fnw` file; `?files=0` leaves the files out."""
        try:
            return await Transfer(self._services).send(request)
        except Exception as error:  # noqa: BLE001  # What no family claims is raised again.
            return _failed(error)

    @door(Right.INSTALL, accepts="application/zip")
    async def import_flow(self, request: web.Request) -> web.Response:
        """Put the flow of a `.fnw` file in the place of the present one."""
        windows, named = self._sockets_of(request), request.query.get("client", "")
        # Who says who it is need not have a window: a command has none.
        by_name = named if 0 < len(named) <= MAX_AUTHOR else token_hex(8)
        author = windows[-1].author if windows else by_name
        try:
            return await Transfer(self._services).receive(request, author)
        except Exception as error:  # noqa: BLE001  # As above.
            return _failed(error)


def _failed(error: Exception) -> web.Response:
    """Return the answer to a request that failed for a reason we know; raise any other again."""
    failure = failure_of(error, CODES)
    if failure.code == OWN_ERROR:
        raise error
    is_full = is_of_the_disk(error) or isinstance(error, StoreFailed | WriteFailed)
    return web.json_response({"error": failure.message}, status=507 if is_full else 409)


class _Sender:
    """The client behind a message that came by HTTP."""

    def __init__(self, silent: Client, sockets: list[Client]) -> None:
        self.caller = silent.caller
        self._silent, self._sockets = silent, sockets
        self._answer: Frame | None = None
        if sockets:
            # Its own window knows already what it did: it is the author, as on its socket.
            silent.author = sockets[-1].author

    def context_for(self, call: Call) -> CallContext:
        """Return what the handler is given."""
        return self._silent.context_for(call)

    def send(self, frame: Frame) -> None:
        """Answer in the response; a client of the published forms listens on its sockets."""
        self._answer = frame
        if self._silent.dialect is not Dialect.JSONRPC:
            for client in self._sockets:
                client.send(frame)

    def response(self) -> web.Response:
        """Return the answer as the response to the request."""
        if self._answer is None:
            return web.Response(text="executed")
        mime = "application/json" if self._answer.is_text else "application/octet-stream"
        return web.Response(body=self._answer.body, content_type=mime)

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
        """Return the answer in its dialect."""
        return self._silent.write_result(call, result, revision)

    def has_room(self) -> bool:
        """Tell that there is room: HTTP has its own pace."""
        return True

    async def wait_for_room(self) -> None:
        """Return at once: HTTP has its own pace."""


def _asks_documented(request: web.Request) -> bool:
    return request.query.get("events") == "documented"


def _origin_of(request: web.Request) -> tuple[str | None, ...]:
    """Return what two requests of the same program have in common."""
    headers = request.headers
    return request.remote, headers.get(hdrs.ORIGIN), headers.get(hdrs.USER_AGENT)


def _close_code(reason: str) -> int:
    if "session" in reason:
        return SESSION_ENDED
    return FELL_BEHIND if "fell behind" in reason else WSCloseCode.GOING_AWAY
