"""The relay: what comes to `/manager` and `/worker/<uuid>/` goes on there, and back.

Owns the pairs of sockets and the requests handed on. The gate has let the caller in. One who came with a
token of lesser rights goes on with that very token, so the worker's own gate judges it method by method; for
a browser's session the base folder's token speaks, which never reaches the browser. Nothing else of who asks
is handed on: no cookie, no Origin. Does not read what is said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import aiohttp
import msgspec
from aiohttp import hdrs, web
from aiohttp.http import WSCloseCode, WSMsgType
from funcnodes_worker.home.base import BaseProblem
from funcnodes_worker.home.tls import Trust
from funcnodes_worker.rpc.gate import Caller, Right
from funcnodes_worker.rpc.guarded import caller_of
from yarl import URL

UPSTREAM_TIMEOUT_S: Final = 5.0
"""How long a caller's socket is held while a manager or worker comes (back) up."""
MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""The largest frame taken from a caller; workers have a limit of their own below it and say so."""
SESSION_REVOKED: Final = 4401
AWAKE_EVERY_S: Final = 25.0
"""Proxies end a connection that was silent for a minute, as nginx does when nobody told it otherwise."""
_CLOSING_S: Final = 2.0
_RETRY_S: Final = 0.1
_REFUSED: Final = frozenset({401, 403})
_NOT_HANDED_ON: Final = frozenset(
    {
        # Of one connection only, not of the request (RFC 9110, 7.6.1).
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "host",
        # Who asks and from where has been judged here.
        "origin",
        "cookie",
        "authorization",
        "referer",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "x-real-ip",
    }
)
_HANDED_BACK: Final = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_DISPOSITION,
    hdrs.CONTENT_RANGE,
    hdrs.CONTENT_ENCODING,
    hdrs.ACCEPT_RANGES,
    hdrs.ETAG,
    hdrs.LAST_MODIFIED,
    hdrs.CACHE_CONTROL,
    hdrs.VARY,
    hdrs.RETRY_AFTER,
    # Relative to the address that was asked, so it leads through this relay as well.
    hdrs.LOCATION,
    "Content-Security-Policy",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Expires",
)
"""Headers of a worker's answer that its reader needs: parts, versions, where an upload stands."""

Locate = Callable[[], Awaitable[str | None]]
"""Returns the URL to go on to at this moment, or None where there is none yet."""
_Side: TypeAlias = "web.WebSocketResponse | aiohttp.ClientWebSocketResponse"


class _End(NamedTuple):
    """How a side ended its connection."""

    code: int
    reason: bytes


class _Pair(msgspec.Struct, eq=False):
    """One caller's socket and whose session or token it stands on."""

    asker: web.WebSocketResponse
    session: str | None


class Relay:
    """All that passes through one server."""

    def __init__(self, token_header: Mapping[str, str], trust: Callable[[], Trust] = lambda: True) -> None:
        """Go on with this header where the caller may do everything; `trust` is asked at each connection."""
        self._header = dict(token_header)
        self._trust = trust
        self._pairs: set[_Pair] = set()
        self._dropping: set[asyncio.Task[None]] = set()
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _http(self) -> aiohttp.ClientSession:
        """The client of workers; made for the first caller, since it is a tenth of a server's start."""
        if self._opened is None:
            # No limit on the whole: an upload takes as long as it takes. Silence does end it.
            limits = aiohttp.ClientTimeout(total=None, sock_connect=UPSTREAM_TIMEOUT_S, sock_read=600)
            # A hundred windows of one worker are not to wait for each other, and cookies of workers are no
            # matter of ours.
            self._opened = aiohttp.ClientSession(
                timeout=limits,
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._opened

    async def close(self) -> None:
        """End every pair; called when the server stops."""
        await self._close_pairs(list(self._pairs), WSCloseCode.GOING_AWAY, b"FuncNodes stops")
        await asyncio.gather(*self._dropping, return_exceptions=True)
        if self._opened is not None:
            await self._opened.close()

    def drop_revoked(self, counts: Callable[[str], bool]) -> None:
        """Close the sockets whose session does not count any more. Called after each change of access."""
        revoked = [pair for pair in self._pairs if pair.session is not None and not counts(pair.session)]
        if not revoked:
            return
        closing = self._close_pairs(revoked, SESSION_REVOKED, b"this session was ended; get a new link")
        task = asyncio.get_running_loop().create_task(closing)
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)

    async def _close_pairs(self, pairs: list[_Pair], code: int, reason: bytes) -> None:
        async with asyncio.TaskGroup() as closing:
            for pair in pairs:
                closing.create_task(_close(pair.asker, _End(code, reason)))

    async def socket(self, request: web.Request, locate: Locate) -> web.WebSocketResponse:
        """Join the caller's socket with the one at the located address until either ends."""
        # Accepted at once: a failed handshake tells a page nothing and fills its console, a close code tells.
        asker = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES, compress=False, timeout=_CLOSING_S)
        if not asker.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(text="this is a WebSocket")
        await asker.prepare(request)
        pair = _Pair(asker, caller_of(request).session)
        self._pairs.add(pair)
        try:
            found = await self._dial(locate, self._credential(request))
            if isinstance(found, _End):
                await _close(asker, found)
            else:
                await _join(asker, found)
        finally:
            self._pairs.discard(pair)
        return asker

    def _credential(self, request: web.Request) -> dict[str, str]:
        """Return the header to go on with: never one that may more than who asks."""
        caller: Caller = caller_of(request)
        if caller.by == "grant":
            return {hdrs.AUTHORIZATION: request.headers[hdrs.AUTHORIZATION]}
        return self._header if caller.may(Right.ADMIN) else {}

    async def _dial(
        self, locate: Locate, credential: dict[str, str]
    ) -> aiohttp.ClientWebSocketResponse | _End:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UPSTREAM_TIMEOUT_S):
                while True:
                    url = await locate()
                    if url is not None:
                        try:
                            return await self._http.ws_connect(
                                URL(url, encoded=True),
                                max_msg_size=0,
                                compress=0,
                                headers=credential,
                                ssl=self._trust(),
                            )
                        except aiohttp.WSServerHandshakeError as answer:
                            if answer.status in _REFUSED:
                                return _End(WSCloseCode.POLICY_VIOLATION, b"the worker refused this token")
                        except (OSError, aiohttp.ClientError, BaseProblem):
                            pass
                    await asyncio.sleep(_RETRY_S)
        return _End(WSCloseCode.TRY_AGAIN_LATER, b"not reachable at the moment")

    async def request(self, request: web.Request, locate: Locate) -> web.StreamResponse:
        """Hand one HTTP request on, body and answer as streams, and return the answer."""
        url = await locate()
        if url is None:
            raise web.HTTPServiceUnavailable(text="this worker does not run; start it and try again")
        headers = _handed_on(request.headers) | self._credential(request)
        body = request.content if request.can_read_body else None
        try:
            # Exactly as it came: putting a path "in order" here could make another one of it. And what a
            # worker answers is its answer: nothing it says sends us to another address.
            asked = self._http.request(
                request.method,
                URL(url, encoded=True),
                headers=headers,
                data=body,
                ssl=self._trust(),
                allow_redirects=False,
            )
            async with asked as answer:
                return await _hand_back(request, answer)
        except (OSError, aiohttp.ClientError) as problem:
            raise web.HTTPBadGateway(text="the worker did not answer; is it still running?") from problem


def _handed_on(headers: Mapping[str, str]) -> dict[str, str]:
    of_connection = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    dropped = _NOT_HANDED_ON | of_connection
    return {name: value for name, value in headers.items() if name.lower() not in dropped}


async def _hand_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = {name: answer.headers[name] for name in _HANDED_BACK if name in answer.headers}
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = answer.content_length
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (OSError, aiohttp.ClientError):
        # Its head is gone already: only an end before the end can say that this is not the whole.
        if request.transport is not None:
            request.transport.abort()
    return response


async def _join(asker: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse) -> None:
    """Pump both ways; the first side to end closes the other with the same code and reason."""
    down = asyncio.create_task(_pump(upstream, asker))
    up = asyncio.create_task(_pump(asker, upstream))
    awake = asyncio.create_task(_keep_awake(asker))
    try:
        await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (down, up, awake):
            task.cancel()
        await asyncio.wait((down, up, awake))
        # A worker that vanished is one to try again; a browser that vanished has nothing to say.
        await _close(upstream, _end_of(up, WSCloseCode.GOING_AWAY))
        await _close(asker, _end_of(down, WSCloseCode.TRY_AGAIN_LATER))


async def _pump(source: _Side, target: _Side) -> _End:
    """Return how the source ended. Fails when the target is gone."""
    while True:
        frame = await source.receive()
        # `send` waits while the target's buffer is full: a slow browser fills its worker's outbox, not ours.
        if frame.type == WSMsgType.TEXT:
            await target.send_str(frame.data)
        elif frame.type == WSMsgType.BINARY:
            await target.send_bytes(frame.data)
        elif frame.type == WSMsgType.CLOSE:
            return _End(frame.data or WSCloseCode.OK, (frame.extra or "").encode())
        else:
            return _End(source.close_code or WSCloseCode.ABNORMAL_CLOSURE, b"")


def _end_of(pump: asyncio.Task[_End], otherwise: int) -> _End:
    """Return what to close the other side with."""
    if pump.cancelled() or pump.exception() is not None:
        return _End(otherwise, b"")
    end = pump.result()
    # 1006 and the like are seen, never sent.
    sent = 1000 <= end.code < 1004 or 1007 <= end.code < 1015 or 3000 <= end.code < 5000
    return end if sent else _End(otherwise, end.reason)


async def _keep_awake(asker: web.WebSocketResponse) -> None:
    # Nobody waits for the pong: one that is late, behind much data on a slow line, ends nothing.
    with contextlib.suppress(ConnectionError):
        while True:
            await asyncio.sleep(AWAKE_EVERY_S)
            await asker.ping()


async def _close(side: _Side, end: _End) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError, aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(2 * _CLOSING_S):
            await side.close(code=end.code, message=end.reason[:123])
