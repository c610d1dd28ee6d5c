"""How a browser comes in: the link's page, the exchange of its code for a session cookie, and the way out.

Owns the cookie. The supervisor makes and keeps sessions (`control`), or we do where there is none; the gate
decides whether one counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.links import cookie_name, exchange_code, revoke_session, sessions_by_cookie
from funcnodes_worker.rpc.gate import Gate, Refused, Right
from funcnodes_worker.rpc.guarded import caller_of, door, open_door, presented_by
from funcnodes_worker.wire import control
from msgspec.structs import replace

from funcnodes.server.ui import pages
from funcnodes.server.ui.control import SupervisorAway
from funcnodes.server.ui.public import PublicAddress

_COOKIE_LIFE_S = 90 * 24 * 3600
_LARGEST_BODY = 1024


class _Code(msgspec.Struct, frozen=True):
    code: str


class SessionBook(Protocol):
    """Who makes sessions and ends them: the supervisor, or we ourselves where there is none."""

    async def exchange(self, code: str, port: int) -> str | None:
        """Return the id of a new session for this code, or None. Called for `POST /session`."""
        ...

    async def revoke(self, session_hash: str) -> None:
        """End a session. Called for `DELETE /session`."""
        ...


class OwnBook:
    """The sessions of a server without a manager."""

    def __init__(self, base: Base, on_change: Callable[[control.Access], None]) -> None:
        """Tell `on_change` who may come in, now and after each change."""
        self._base = base
        self._on_change = on_change
        self.renew()

    def renew(self) -> None:
        """Read the sessions and pass them on."""
        self._on_change(control.Access(sessions=sessions_by_cookie(self._base)))

    async def exchange(self, code: str, port: int) -> str | None:
        """Return the id of a new session for this code, or None."""
        session = await asyncio.to_thread(exchange_code, self._base, code, port, time.time())
        self.renew()
        return session

    async def revoke(self, session_hash: str) -> None:
        """End a session."""
        await asyncio.to_thread(revoke_session, self._base, session_hash)
        self.renew()


class Sessions:
    """The doors under `/session`."""

    def __init__(self, gate: Gate, book: SessionBook, port: int, public: PublicAddress | None = None) -> None:
        """Serve what the gate accepts and the book keeps; `port` is our own."""
        self._public = public
        self._gate = gate
        self._book = book
        self._port = port

    @open_door("it says only whether this very browser has a session, and changes nothing")
    async def look(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /session`: the link's page when a code is given, else whether there is a session."""
        if "code" in request.query:
            return web.Response(text=pages.exchange_page(), content_type="text/html")
        return web.json_response({"session": self._has_session(request), "how": pages.HOW_TO_GET_A_LINK})

    @open_door("the script of the link's page")
    async def script(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /session.js`."""
        return web.Response(text=pages.EXCHANGE_SCRIPT, content_type="text/javascript")

    @open_door("the code in its body is the credential")
    async def exchange(self, request: web.Request) -> web.StreamResponse:
        """Answer `POST /session {"code"}` with the session's cookie."""
        if (request.content_length or 0) > _LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(
                max_size=_LARGEST_BODY, actual_size=request.content_length or 0
            )
        try:
            given = msgspec.json.decode(await request.read(), type=_Code)
        except msgspec.MsgspecError:
            return _problem(400, 'send {"code": "…"} as JSON')
        port = self._cookie_port(request)
        try:
            session = await self._book.exchange(given.code, port)
        except SupervisorAway as away:
            return _problem(503, str(away))
        if session is None:
            return _problem(403, f"This link was used already, or is too old. {pages.HOW_TO_GET_A_LINK}")
        response = web.json_response({"session": True})
        response.set_cookie(
            cookie_name(port),
            session,
            max_age=_COOKIE_LIFE_S,
            httponly=True,
            samesite="Strict",
            secure=request.headers.get(hdrs.ORIGIN, "").startswith("https:") or None,
            path=self._cookie_path(request),
        )
        return response

    @door(Right.VIEW)
    async def leave(self, request: web.Request) -> web.StreamResponse:
        """Answer `DELETE /session`: this browser's session counts no more."""
        session = caller_of(request).session
        if session is not None:
            try:
                await self._book.revoke(session)
            except SupervisorAway as away:
                return _problem(503, str(away))
        response = web.json_response({"session": False})
        response.del_cookie(cookie_name(self._cookie_port(request)), path=self._cookie_path(request))
        return response

    def _has_session(self, request: web.Request) -> bool:
        # A GET of the page's own origin carries no Origin. Host has passed the gate, so it names that origin.
        presented = presented_by(request)
        try:
            self._gate.judge(replace(presented, origin=presented.origin or own_origin(request, self._gate)))
        except Refused:
            return False
        return True

    def _cookie_port(self, request: web.Request) -> int:
        """Return the port by which the browser knows us; behind a forwarded port it is not our own."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return self._port
        parts = urlsplit(origin)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def _cookie_path(self, request: web.Request) -> str:
        """Return where the browser is to send the cookie: behind a proxy others live beside us."""
        public = self._public
        return "/" if public is None or request.headers.get(hdrs.ORIGIN) != public.origin else public.path


def own_origin(request: web.Request, gate: Gate) -> str | None:
    """Return the origin a page of ours has when it is asked for under this Host; TLS ends at a proxy."""
    candidates = (f"http://{request.host}", f"https://{request.host}")
    return next((origin for origin in candidates if origin in gate.origins), None)


def _problem(status: int, sentence: str) -> web.Response:
    return web.json_response({"message": sentence}, status=status)
