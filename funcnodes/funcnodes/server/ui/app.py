"""The UI server's application: every door on one page, the gate in front of all.

Owns routes and headers. The rooms behind them are `files`, `session`, `relay` and `hub`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from funcnodes_worker.rpc.gate import Gate, Right
from funcnodes_worker.rpc.guarded import door, guard

from funcnodes.server.hub import Hub, WorkerAddress
from funcnodes.server.relay import Relay
from funcnodes.server.ui.files import EditorFiles
from funcnodes.server.ui.session import Sessions, own_origin

# What the editor may load and speak to: itself. Previews come as data and blob addresses, styles inline.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "connect-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The link's code stands in an address for a moment; nobody is told where a request came from.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Rooms(msgspec.Struct, frozen=True):
    """What stands behind the doors."""

    gate: Gate
    files: EditorFiles
    sessions: Sessions
    relay: Relay
    hub: Hub
    manager_url: Callable[[], Awaitable[str | None]] | None
    """Where the manager's socket is; absent without a manager."""
    direct_worker: WorkerAddress | None = None
    """The worker given on the command line instead of a manager."""
    prefix: str = ""
    """The path below which a proxy shows us. It may take it away or leave it: either is understood."""


def build(rooms: Rooms) -> web.Application:
    """Return the application; `/worker_manager` or `/worker` exists, as published, never both."""
    app = web.Application(middlewares=[_same_origin_reads(rooms.gate)])
    app.on_response_prepare.append(_add_headers)
    guard(app, rooms.gate)
    doors = _Doors(rooms)
    prefixes = tuple(dict.fromkeys(("", rooms.prefix)))
    for prefix in prefixes:
        app.add_routes(_routes(rooms, doors, prefix))
    rooms.hub.add_to(app, prefixes)
    return app


def _routes(rooms: Rooms, doors: _Doors, prefix: str) -> list[web.RouteDef]:
    routes = [
        web.get(f"{prefix}/", rooms.files.page),
        web.get(f"{prefix}/favicon.ico", rooms.files.favicon),
        web.get(f"{prefix}/static/{{path:.*}}", rooms.files.file),
        web.get(f"{prefix}/session", rooms.sessions.look),
        web.get(f"{prefix}/session.js", rooms.sessions.script),
        web.post(f"{prefix}/session", rooms.sessions.exchange),
        web.delete(f"{prefix}/session", rooms.sessions.leave),
    ]
    if rooms.manager_url is not None:
        routes += [
            web.get(f"{prefix}/manager", doors.manager_socket),
            web.get(f"{prefix}/worker_manager", doors.manager_address),
        ]
    if rooms.direct_worker is not None:
        routes += [web.get(f"{prefix}/worker", doors.direct_worker)]
    return routes


class _Doors:
    """The doors that lead on to manager and workers."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    @door(Right.VIEW)
    async def manager_socket(self, request: web.Request) -> web.StreamResponse:
        """Join the page with the manager."""
        assert self._rooms.manager_url is not None
        return await self._rooms.relay.socket(request, self._rooms.manager_url)

    @door(Right.VIEW)
    async def manager_address(self, request: web.Request) -> web.StreamResponse:
        """Say where the manager is, to a published page, as seen from its browser."""
        assert self._rooms.manager_url is not None
        url = await self._rooms.manager_url()
        if url is None:
            raise web.HTTPServiceUnavailable(text="the manager is being started; ask again")
        scheme, _, rest = url.rstrip("/").partition("://")
        name = request.url.host or "localhost"
        port = rest.rpartition(":")[2]
        return web.Response(text=f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}")

    @door(Right.VIEW)
    async def direct_worker(self, request: web.Request) -> web.StreamResponse:
        """Say where the one worker is, to a published page."""
        address = self._rooms.direct_worker
        assert address is not None
        return web.json_response({"host": address.host, "port": address.port, "ssl": address.tls})


def _same_origin_reads(gate: Gate) -> Middleware:
    """Name the page's own origin where the browser vouches for it but sends no Origin: on its own GETs.

    No page can set Sec-Fetch-Site, and `same-origin` compares scheme, host and port, as an exact Origin does.
    """

    @web.middleware
    async def name_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        reads = request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and hdrs.ORIGIN not in request.headers
        if reads and request.headers.get("Sec-Fetch-Site") == "same-origin":
            origin = own_origin(request, gate)
            if origin is not None:
                headers = request.headers.copy()
                headers[hdrs.ORIGIN] = origin
                return await handler(request.clone(headers=headers))
        return await handler(request)

    return name_origin


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    del request
    for name, value in _HEADERS.items():
        # A worker's answer may be stricter: what a node made is shown as nobody's page.
        response.headers.setdefault(name, value)
