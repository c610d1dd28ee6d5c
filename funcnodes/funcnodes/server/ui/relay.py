"""The relay: what the browser says to `/manager` and `/worker/<uuid>/` goes on there, and back.

Owns the pairs of sockets and the requests handed on. The gate has let the browser in; from here on the base
folder's token speaks, which never reaches the browser. Does not read what is said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, hdrs, web
from funcnodes_worker.rpc.guarded import caller_of
from yarl import URL

UPSTREAM_TIMEOUT_S: Final = 5.0
"""How long a browser's socket is held while a manager or worker comes (back) up."""
MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""The largest frame taken from a browser; workers have a limit of their own below it and say so."""
SESSION_REVOKED: Final = 4401
_RETRY_S: Final = 0.1
_NOT_HANDED_ON: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "host",
        "origin",
        "cookie",
        "authorization",
        "referer",
        "content-length",
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


@dataclass(eq=False)
class _Pair:
    """One browser's socket and whose session it stands on."""

    browser: web.WebSocketResponse
    session: str | None


class Relay:
    """All that passes through one UI server."""

    def __init__(self, token_header: Mapping[str, str]) -> None:
        self._header = dict(token_header)
        self._pairs: set[_Pair] = set()
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Get ready; called when the server starts."""
        # No limit on the whole: an upload takes as long as it takes. Silence does end it.
        limits = aiohttp.ClientTimeout(total=None, sock_connect=UPSTREAM_TIMEOUT_S, sock_read=600)
        self._http = aiohttp.ClientSession(headers=self._header, timeout=limits, auto_decompress=False)

    async def close(self) -> None:
        """End every pair; called when the server stops."""
        await self._close_pairs(list(self._pairs), WSCloseCode.GOING_AWAY, b"FuncNodes stops")
        if self._http is not None:
            await self._http.close()

    async def drop_revoked(self, counts: Callable[[str], bool]) -> None:
        """Close the sockets whose session does not count any more. Called after each change of access."""
        revoked = [pair for pair in self._pairs if pair.session is not None and not counts(pair.session)]
        await self._close_pairs(revoked, SESSION_REVOKED, b"this session was ended; get a new link")

    async def _close_pairs(self, pairs: list[_Pair], code: int, reason: bytes) -> None:
        async with asyncio.TaskGroup() as closing:
            for pair in pairs:
                closing.create_task(_close(pair.browser, code, reason))

    async def socket(self, request: web.Request, locate: Locate) -> web.WebSocketResponse:
        """Join the browser's socket with the one at the located address until either ends."""
        # Accepted at once: a failed handshake tells a page nothing and fills its console, a close code tells.
        browser = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES, compress=False, timeout=2.0)
        await browser.prepare(request)
        pair = _Pair(browser, caller_of(request).session)
        self._pairs.add(pair)
        try:
            upstream = await self._dial(locate)
            if upstream is None:
                await _close(browser, WSCloseCode.TRY_AGAIN_LATER, b"not reachable at the moment")
            else:
                await _join(browser, upstream)
        finally:
            self._pairs.discard(pair)
        return browser

    async def _dial(self, locate: Locate) -> aiohttp.ClientWebSocketResponse | None:
        assert self._http is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UPSTREAM_TIMEOUT_S):
                while True:
                    url = await locate()
                    if url is not None:
                        with contextlib.suppress(OSError, aiohttp.ClientError):
                            return await self._http.ws_connect(url, max_msg_size=0, compress=0)
                    await asyncio.sleep(_RETRY_S)
        return None

    async def request(self, request: web.Request, locate: Locate) -> web.StreamResponse:
        """Hand one HTTP request on, body and answer as streams, and return the answer."""
        assert self._http is not None
        url = await locate()
        if url is None:
            raise web.HTTPServiceUnavailable(text="this worker does not run; start it and try again")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_HANDED_ON}
        body = request.content if request.can_read_body else None
        try:
            # Exactly as it came: putting a path "in order" here could make another one of it.
            goal = URL(url, encoded=True)
            async with self._http.request(request.method, goal, headers=headers, data=body) as answer:
                return await _hand_back(request, answer)
        except (OSError, aiohttp.ClientError) as problem:
            raise web.HTTPBadGateway(text="the worker did not answer; is it still running?") from problem


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


async def _join(browser: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse) -> None:
    """Pump both ways; the first side to end closes the other with the same code."""
    down = asyncio.create_task(_pump(upstream, browser))
    up = asyncio.create_task(_pump(browser, upstream))
    try:
        await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (down, up):
            task.cancel()
        await asyncio.wait((down, up))
        await upstream.close()
        # 1006 and the like are seen, never sent; a worker that vanished is one to try again.
        code = upstream.close_code
        passed_on = (
            code
            if code is not None and (1000 <= code < 1004 or 1007 <= code < 1015 or code >= 3000)
            else 1013
        )
        await _close(browser, passed_on, b"the other side ended the connection")


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    # `send` waits while the target's buffer is full: a slow browser fills its worker's outbox, not ours.
    with contextlib.suppress(ConnectionError, aiohttp.ClientError):
        async for frame in source:
            if frame.type == WSMsgType.TEXT:
                await target.send_str(frame.data)
            elif frame.type == WSMsgType.BINARY:
                await target.send_bytes(frame.data)


async def _close(browser: web.WebSocketResponse, code: int, reason: bytes) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        await browser.close(code=code, message=reason)
