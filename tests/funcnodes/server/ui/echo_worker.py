"""A small real server that stands where a worker would, and tells what has reached it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web


@dataclass
class EchoWorker:
    """What arrived at the worker's doors, and where they are."""

    port: int = 0
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    queries: list[str] = field(default_factory=list[str])

    def _note(self, request: web.Request) -> None:
        self.headers.append(dict(request.headers))
        self.queries.append(request.query_string)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Echo text and binary frames; `end` closes with 4000."""
        self._note(request)
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for frame in answer:
            if frame.type == WSMsgType.BINARY:
                await answer.send_bytes(frame.data)
            elif frame.data == "end":
                await answer.close(code=4000, message=b"as asked")
            else:
                await answer.send_str(frame.data)
        return answer

    async def take(self, request: web.Request) -> web.Response:
        """Keep the body and answer with its size."""
        self._note(request)
        self.bodies.append(await request.read())
        return web.json_response({"size": len(self.bodies[-1])})

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with the id that was asked for."""
        self._note(request)
        return web.json_response({"id": request.match_info["id"]})


@asynccontextmanager
async def echo_worker() -> AsyncIterator[EchoWorker]:
    """Give a worker's stand-in that listens."""
    worker = EchoWorker()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes(
        [
            web.get("/", worker.socket),
            web.post("/message/", worker.take),
            web.post("/upload/", worker.take),
            web.get("/message/{id}", worker.answer),
        ]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    worker.port = listening.getsockname()[1]
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield worker
    finally:
        await runner.cleanup()
