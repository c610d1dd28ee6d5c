"""Frames of all lengths, joined into few writes, arrive whole and in order at a real websocket client."""

import asyncio

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer
from funcnodes_worker.rpc.outbox import Frame, Outbox
from funcnodes_worker.server.sending import send_until_closed


async def served(outbox: Outbox) -> TestClient[web.Request, web.Application]:
    """Return a client of a server that sends what is in the outbox."""

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        writer = await socket.prepare(request)
        await send_until_closed(writer, outbox)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/", handler)
    return TestClient(TestServer(app))


async def test_frames_of_every_length_arrive_whole_and_in_order() -> None:
    sizes = (0, 1, 125, 126, 65_535, 65_536, 200_000, 3)
    frames = [Frame(b"x" * size, is_text=size % 2 == 0) for size in sizes]
    outbox = Outbox()
    for frame in frames:
        outbox.put(frame)
    outbox.close("done")
    async with await served(outbox) as client, client.ws_connect("/") as socket:
        heard = [(one.type, one.data) async for one in socket]
    assert heard == [
        (WSMsgType.TEXT, f.body.decode()) if f.is_text else (WSMsgType.BINARY, f.body) for f in frames
    ]


async def test_what_waits_for_one_who_does_not_read_stays_in_the_outbox() -> None:
    """The system's buffers take some; the rest is bounded where everybody's is."""
    outbox = Outbox(max_frames=100_000, max_bytes=100_000_000)
    async with await served(outbox) as client, client.ws_connect("/") as socket, asyncio.timeout(10):
        for _ in range(3000):
            outbox.put(Frame(b"x" * 10_000))
        first = await socket.receive()
        assert len(outbox) > 1000
        outbox.close("done")
        heard = [first.data, *[one.data async for one in socket]]
    assert (len(heard), {len(one) for one in heard}) == (3000, {10_000})
