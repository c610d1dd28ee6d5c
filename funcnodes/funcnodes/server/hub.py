"""The hub: the doors `/worker/<uuid>/…`, by which workers are reached through the manager or the UI server.

Owns which paths of a worker lead through, and what each asks of who comes. Goes to the addresses only that
workers have said in their hello; no part of a request can name another one. What a request may do at the
worker is judged there, by the credential that `relay` hands on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from aiohttp import web
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.guarded import door, open_door
from funcnodes_worker.rpc.hosts import is_every_interface

from funcnodes.server.relay import UPSTREAM_TIMEOUT_S, Locate, Relay

_REQUEST_WAITS_S = 1.0


class WorkerAddress(msgspec.Struct, frozen=True):
    """Where a running worker listens."""

    host: str
    port: int
    tls: bool = False

    def url(self, path: str, scheme: str = "http") -> str:
        """Return the address of this path on the worker."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}{'s' if self.tls else ''}://{host}:{self.port}{path}"


def address_here(host: str | None, port: int, tls: bool) -> WorkerAddress:
    """Return where a worker of this machine is dialled that listens there."""
    name = host or ""
    # `localhost` is a name with two addresses; who listens everywhere is reached by the one, too.
    has_no_address = name == "localhost" or is_every_interface(name)
    return WorkerAddress("127.0.0.1" if has_no_address else name.strip("[]"), port, tls)


class WorkerAddresses(Protocol):
    """Who knows where workers listen."""

    async def find(self, uuid: str, timeout_s: float) -> WorkerAddress | None:
        """Return where this worker listens, waiting for it to come up. Called by the hub, each time."""
        ...


class Hub:
    """The doors to workers."""

    def __init__(self, relay: Relay, workers: WorkerAddresses) -> None:
        self._relay, self._workers = relay, workers
        self._prefixes: tuple[str, ...] = ()

    def add_to(self, app: web.Application, prefixes: Sequence[str] = ("",)) -> None:
        """Add the routes, below each prefix. All that a worker serves, and nothing else."""
        self._prefixes = tuple(prefixes)
        for prefix in prefixes:
            app.add_routes(self._routes(f"{prefix}/worker/{{uuid}}"))
        # On shutdown, not on clean-up: aiohttp waits for open sockets in between.
        app.on_shutdown.append(lambda _: self._relay.close())

    def _routes(self, worker: str) -> list[web.RouteDef]:
        return [
            web.get(f"{worker}/", self.socket),
            web.post(f"{worker}/message/", self.handed_on),
            web.get(f"{worker}/message/{{message}}", self.large_answer),
            web.get(f"{worker}/values/{{node}}/{{port}}", self.handed_on),
            web.get(f"{worker}/export", self.handed_on),
            web.post(f"{worker}/import", self.flow),
            web.get(f"{worker}/files/", self.handed_on),
            web.get(f"{worker}/files/{{path:.+}}", self.handed_on),
            web.delete(f"{worker}/files/{{path:.+}}", self.handed_on),
            web.post(f"{worker}/upload/", self.form),
            web.post(f"{worker}/uploads/", self.pieces),
            web.head(f"{worker}/uploads/{{upload}}", self.handed_on),
            web.patch(f"{worker}/uploads/{{upload}}", self.pieces),
            web.delete(f"{worker}/uploads/{{upload}}", self.pieces),
        ]

    @door(Right.VIEW, leads_to="uuid")
    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Join the caller with a worker."""
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        # A socket waits for its worker to come up again; a request is answered now.
        locate = self._located(request, f"/{query}", scheme="ws", timeout_s=UPSTREAM_TIMEOUT_S)
        return await self._relay.socket(request, locate)

    @door(Right.VIEW, leads_to="uuid")
    async def handed_on(self, request: web.Request) -> web.StreamResponse:
        """Hand a request on: fetch a value, a file, where an upload stands; send a large message."""
        return await self._hand_on(request)

    @open_door("the id is 128 random bits, for one fetch within 60 seconds")
    async def large_answer(self, request: web.Request) -> web.StreamResponse:
        """Fetch a large answer from a worker."""
        if not request.match_info["message"].isalnum():
            raise web.HTTPNotFound
        return await self._hand_on(request)

    @door(Right.VIEW, leads_to="uuid", accepts="multipart/form-data")
    async def form(self, request: web.Request) -> web.StreamResponse:
        """Hand files on to a worker."""
        return await self._hand_on(request)

    @door(Right.VIEW, leads_to="uuid", accepts="application/offset+octet-stream", header="Tus-Resumable")
    async def pieces(self, request: web.Request) -> web.StreamResponse:
        """Begin an upload, hand pieces of it on, or end it."""
        return await self._hand_on(request)

    @door(Right.VIEW, leads_to="uuid", accepts="application/zip")
    async def flow(self, request: web.Request) -> web.StreamResponse:
        """Hand a flow in a file on to a worker."""
        return await self._hand_on(request)

    async def _hand_on(self, request: web.Request) -> web.StreamResponse:
        # As it came, still quoted: what a path means is the worker's to judge.
        begin = f"/worker/{request.match_info['uuid']}/"
        prefix, found, path = request.rel_url.raw_path_qs.partition(begin)
        if not found or prefix not in self._prefixes:
            raise web.HTTPNotFound
        return await self._relay.request(request, self._located(request, f"/{path}"))

    def _located(
        self, request: web.Request, path: str, scheme: str = "http", timeout_s: float = _REQUEST_WAITS_S
    ) -> Locate:
        uuid = request.match_info["uuid"]

        async def locate() -> str | None:
            address = await self._workers.find(uuid, timeout_s)
            return None if address is None else address.url(path, scheme)

        return locate
