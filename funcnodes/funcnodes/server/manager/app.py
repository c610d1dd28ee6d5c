"""The manager's application: its two doors and those to the workers, the gate in front of all.

Owns the routes and the reading of one client's frames.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.http import WSMsgType
from funcnodes_worker.rpc.conversation import Conversation
from funcnodes_worker.rpc.gate import Gate, Right, host_name
from funcnodes_worker.rpc.guarded import caller_of, door, guard

from funcnodes.server.hub import Hub
from funcnodes.server.manager import published
from funcnodes.server.manager.client import ManagerClient
from funcnodes.server.manager.control import ControlDoor
from funcnodes.server.manager.methods import CODES, TABLE
from funcnodes.server.manager.news import News
from funcnodes.server.manager.office import Office


class Doors:
    """The manager's routes."""

    def __init__(self, office: Office, news: News, control: ControlDoor) -> None:
        self._office, self._news, self._control = office, news, control

    @door(Right.VIEW)
    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Serve a browser, a command or a script."""
        socket = web.WebSocketResponse()
        if not socket.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(text="this is the WebSocket of the worker manager")
        await socket.prepare(request)
        client = ManagerClient(self._office, caller_of(request), _asked_host(request))
        writer = asyncio.create_task(client.write_to(socket))
        self._news.clients.add(client)
        try:
            await _listen(socket, client)
        finally:
            self._news.clients.discard(client)
            client.close(1001, "done")
            await writer
        return socket

    @door(Right.ADMIN)
    async def control(self, request: web.Request) -> web.StreamResponse:
        """Serve a worker or a UI server."""
        return await self._control.serve(request)

    async def close(self, _app: web.Application) -> None:
        """End all connections: the manager stops."""
        for client in list(self._news.clients):
            client.close(1001, "the worker manager stops")
        await self._control.close_all()


def build(doors: Doors, hub: Hub, gate: Gate) -> web.Application:
    """Return the application."""
    app = web.Application()
    guard(app, gate)
    app.add_routes([web.get("/", doors.socket), web.get("/control", doors.control)])
    hub.add_to(app)
    app.on_shutdown.append(doors.close)
    return app


async def _listen(socket: web.WebSocketResponse, client: ManagerClient) -> None:
    conversation = Conversation(TABLE, client, CODES)
    requests: set[asyncio.Task[None]] = set()
    try:
        async with conversation.running():
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                request = published.read_request(frame.data)
                if request is None:
                    await conversation.hear(frame.data)
                    continue
                # Each request in a task of its own: a `ping` does not wait for a worker that boots.
                task = asyncio.create_task(published.serve(client, *request))
                requests.add(task)
                task.add_done_callback(requests.discard)
    finally:
        waiting = list(requests)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _asked_host(request: web.Request) -> str:
    name = host_name(request.host)
    return f"[{name}]" if ":" in name else name
