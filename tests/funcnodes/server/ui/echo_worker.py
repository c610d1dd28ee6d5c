"""A small real server that stands where a worker would, and tells what has reached it."""

from __future__ import annotations

import asyncio
import contextlib
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
    closed: asyncio.Queue[tuple[int | None, str]] = field(
        default_factory=asyncio.Queue[tuple[int | None, str]]
    )
    sent: int = 0
    """Frames that a flood has got rid of."""
    arrived: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue[bytes])
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, request: web.Request) -> None:
        self.headers.append(dict(request.headers))
        self.queries.append(request.query_string)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Echo text and binary frames; `end` closes with 4000, `flood` sends without end, `large` 20 MB."""
        self._note(request)
        answer = web.WebSocketResponse(max_msg_size=1024 * 1024)
        await answer.prepare(request)
        while (frame := await answer.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            if frame.type == WSMsgType.BINARY:
                await answer.send_bytes(frame.data)
            elif frame.data == "end":
                await answer.close(code=4000, message=b"as asked")
            elif frame.data == "flood":
                await self._flood(answer)
            elif frame.data == "large":
                await answer.send_bytes(bytes(20_000_000))
            else:
                await answer.send_str(frame.data)
        self.closed.put_nowait((answer.close_code, str(frame.extra or "")))
        return answer

    async def _flood(self, answer: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await answer.send_bytes(bytes(100_000))
                self.sent += 1

    async def stream_up(self, request: web.Request) -> web.Response:
        """Tell each piece of the body as it comes."""
        self._note(request)
        async for piece in request.content.iter_any():
            self.arrived.put_nowait(piece)
        return web.Response(text="all")

    async def stream_down(self, request: web.Request) -> web.StreamResponse:
        """Answer in two pieces; the second only after somebody has had the first."""
        self._note(request)
        answer = web.StreamResponse(headers={"Connection": "X-Of-Connection", "X-Of-Connection": "1"})
        await answer.prepare(request)
        await answer.write(b"first")
        await self.may_go_on.wait()
        await answer.write(b"second")
        return answer

    async def elsewhere(self, request: web.Request) -> web.Response:
        """Answer with an address of somebody else."""
        self._note(request)
        return web.Response(status=302, headers={"Location": "http://evil.example/"})

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
            web.patch("/uploads/{id}", worker.stream_up),
            web.get("/files/slow", worker.stream_down),
            web.get("/files/elsewhere", worker.elsewhere),
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
