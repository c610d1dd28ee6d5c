"""The UI server's application: every door on one page, the gate in front of all.

Owns routes and headers. The rooms behind them are `files`, `session` and `relay`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from funcnodes_worker.rpc.gate import Gate, Right
from funcnodes_worker.rpc.guarded import door, guard, open_door

from funcnodes.server.ui.files import EditorFiles
from funcnodes.server.ui.relay import UPSTREAM_TIMEOUT_S, Locate, Relay
from funcnodes.server.ui.session import Sessions, own_origin
from funcnodes.server.ui.workers import WorkerAddress, WorkerAddresses

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

# Handing on speaks with the base folder's token, which may everything: a lesser session must not borrow it.
_RELAYED = Right.ADMIN


@dataclass(frozen=True)
class Rooms:
    """What stands behind the doors."""

    gate: Gate
    files: EditorFiles
    sessions: Sessions
    relay: Relay
    workers: WorkerAddresses
    manager_url: Callable[[], Awaitable[str | None]] | None
    """Where the manager's socket is; absent without a manager."""
    direct_worker: WorkerAddress | None = None
    """The worker given on the command line instead of a manager."""


def build(rooms: Rooms) -> web.Application:
    """Return the application; `/worker_manager` or `/worker` exists, as published, never both."""
    app = web.Application(middlewares=[_same_origin_reads(rooms.gate)])
    app.on_response_prepare.append(_add_headers)
    guard(app, rooms.gate)
    doors = _Doors(rooms)
    app.add_routes(
        [
            web.get("/", rooms.files.page),
            web.get("/favicon.ico", rooms.files.favicon),
            web.get("/static/{path:.*}", rooms.files.file),
            web.get("/session", rooms.sessions.look),
            web.get("/session.js", rooms.sessions.script),
            web.post("/session", rooms.sessions.exchange),
            web.delete("/session", rooms.sessions.leave),
            web.get("/worker/{uuid}/", doors.worker_socket),
            web.post("/worker/{uuid}/message/", doors.worker_message),
            web.get("/worker/{uuid}/message/{id}", doors.worker_answer),
            web.post("/worker/{uuid}/upload/", doors.worker_upload),
            web.get("/worker/{uuid}/values/{node}/{port}", doors.worker_read),
            web.get("/worker/{uuid}/export", doors.worker_read),
            web.post("/worker/{uuid}/import", doors.worker_import),
            web.get("/worker/{uuid}/files/", doors.worker_read),
            web.get("/worker/{uuid}/files/{path:.+}", doors.worker_read),
            web.delete("/worker/{uuid}/files/{path:.+}", doors.worker_read),
            web.post("/worker/{uuid}/uploads/", doors.worker_pieces),
            web.head("/worker/{uuid}/uploads/{id}", doors.worker_read),
            web.patch("/worker/{uuid}/uploads/{id}", doors.worker_pieces),
            web.delete("/worker/{uuid}/uploads/{id}", doors.worker_pieces),
        ]
    )
    if rooms.manager_url is not None:
        app.add_routes(
            [web.get("/manager", doors.manager_socket), web.get("/worker_manager", doors.manager_address)]
        )
    if rooms.direct_worker is not None:
        app.add_routes([web.get("/worker", doors.direct_worker)])
    app.on_startup.append(lambda _: rooms.relay.open())
    # On shutdown, not on clean-up: aiohttp waits for open sockets in between.
    app.on_shutdown.append(lambda _: rooms.relay.close())
    return app


class _Doors:
    """The doors that lead on to manager and workers."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    @door(_RELAYED)
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
        port = url.rstrip("/").rpartition(":")[2]
        name = request.url.host or "localhost"
        return web.Response(text=f"ws://{f'[{name}]' if ':' in name else name}:{port}")

    @door(Right.VIEW)
    async def direct_worker(self, request: web.Request) -> web.StreamResponse:
        """Say where the one worker is, to a published page."""
        address = self._rooms.direct_worker
        assert address is not None
        return web.json_response({"host": address.host, "port": address.port, "ssl": False})

    @door(_RELAYED)
    async def worker_socket(self, request: web.Request) -> web.StreamResponse:
        """Join the page with a worker."""
        query = f"?{request.query_string}" if request.query_string else ""
        return await self._rooms.relay.socket(request, self._located(request, f"/{query}", scheme="ws"))

    @door(_RELAYED)
    async def worker_message(self, request: web.Request) -> web.StreamResponse:
        """Hand a large request on to a worker."""
        return await self._rooms.relay.request(request, self._located(request, "/message/"))

    @open_door("the id is 128 random bits, for one fetch within 60 seconds")
    async def worker_answer(self, request: web.Request) -> web.StreamResponse:
        """Fetch a large answer from a worker."""
        name = request.match_info["id"]
        if not name.isalnum():
            raise web.HTTPNotFound
        return await self._rooms.relay.request(request, self._located(request, f"/message/{name}"))

    @door(_RELAYED, accepts="multipart/form-data")
    async def worker_upload(self, request: web.Request) -> web.StreamResponse:
        """Hand files on to a worker."""
        return await self._rooms.relay.request(request, self._located(request, "/upload/"))

    @door(_RELAYED)
    async def worker_read(self, request: web.Request) -> web.StreamResponse:
        """Fetch a value, a list of files, a file, or where an upload stands; delete a file."""
        return await self._handed_on(request)

    @door(_RELAYED, accepts="application/offset+octet-stream", header="Tus-Resumable")
    async def worker_pieces(self, request: web.Request) -> web.StreamResponse:
        """Begin an upload, hand pieces of it on, or end it."""
        return await self._handed_on(request)

    @door(_RELAYED, accepts="application/zip")
    async def worker_import(self, request: web.Request) -> web.StreamResponse:
        """Hand a flow in a file on to a worker."""
        return await self._handed_on(request)

    async def _handed_on(self, request: web.Request) -> web.StreamResponse:
        # As it came, still quoted: what a path means is the worker's to judge.
        begin = f"/worker/{request.match_info['uuid']}"
        if not request.rel_url.raw_path_qs.startswith(f"{begin}/"):
            raise web.HTTPNotFound
        path = request.rel_url.raw_path_qs.removeprefix(begin)
        return await self._rooms.relay.request(request, self._located(request, path))

    def _located(self, request: web.Request, path: str, scheme: str = "http") -> Locate:
        uuid = request.match_info["uuid"]
        # A socket waits for its worker to come up again; a request is answered now.
        timeout_s = UPSTREAM_TIMEOUT_S if scheme == "ws" else 1.0

        async def locate() -> str | None:
            address = await self._rooms.workers.find(uuid, timeout_s)
            return None if address is None else address.url(path, scheme)

        return locate


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
