"""The hub by itself: what is handed on to a worker, what is not, and how streams and sockets pass."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from funcnodes.server.hub import Hub, WorkerAddress
from funcnodes.server.relay import Relay
from funcnodes.server.ui.workers import OneWorker
from funcnodes_worker.rpc.gate import Gate, Granted, Right
from funcnodes_worker.rpc.guarded import door_of, guard
from funcnodes_worker.server.app import WorkerServer
from funcnodes_worker.server.methods.table import make_table

from tests.funcnodes.server.ui.echo_worker import EchoWorker, echo_worker
from tests.support.closing import closing_code

TOKEN, LESSER, ORIGIN, SESSION = "the-folders", "of-w_1", "http://localhost:8000", "a-session"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LESS = {"Authorization": f"Bearer {LESSER}"}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
async def worker() -> AsyncIterator[EchoWorker]:
    async with echo_worker() as worker:
        yield worker


@pytest.fixture
async def http(worker: EchoWorker) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that is nothing but a hub."""
    gate = Gate(TOKEN)
    grants = [Granted(hash_of(LESSER), Right.VIEW, "w_1")]
    gate.set_access([ORIGIN], {"fn_8000": [hash_of(SESSION)]}, grants)
    app = web.Application()
    guard(app, gate)
    Hub(Relay(BEARER), OneWorker(WorkerAddress("127.0.0.1", worker.port))).add_to(app)
    runner = web.AppRunner(app, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", cookie_jar=aiohttp.DummyCookieJar()
        ) as http:
            yield http
    finally:
        await runner.cleanup()


def test_whatever_a_worker_serves_leads_through() -> None:
    """A route that is added to the worker tomorrow has to be added to the hub."""
    nobody: object = None
    served = {
        (route.method, route.resource.canonical, door_of(route.handler).right is None)
        for route in WorkerServer(nobody, make_table(), Gate(TOKEN)).make_app().router.routes()
    }
    app = web.Application()
    Hub(Relay({}), nobody).add_to(app)
    through = {
        (
            route.method,
            route.resource.canonical.removeprefix("/worker/{uuid}"),
            door_of(route.handler).right is None,
        )
        for route in app.router.routes()
    }
    assert through == served


async def test_who_comes_with_less_goes_on_with_less(http: aiohttp.ClientSession, worker: EchoWorker) -> None:
    """A lesser token goes on as it is; a session speaks by our token; nothing of a browser's own is seen."""
    browser = {"Origin": ORIGIN, "Cookie": f"fn_8000={SESSION}; other=1", "Referer": f"{ORIGIN}/x"}
    for headers in (LESS, BEARER, browser):
        async with http.ws_connect("/worker/w_1/", headers=headers) as socket:
            await socket.send_str("here")
            assert await socket.receive_str() == "here"
        async with http.post("/worker/w_1/message/?client=me", headers=headers, json={}) as answer:
            assert answer.status == 200
    # Open to all who know the id: goes on with nothing.
    async with http.get(f"/worker/w_1/message/{'a' * 32}") as answer:
        assert answer.status == 200
    seen = [headers.get("Authorization") for headers in worker.headers]
    ours, theirs = BEARER["Authorization"], LESS["Authorization"]
    assert seen == [theirs, theirs, ours, ours, ours, ours, None]
    assert worker.queries[1] == "client=me"
    for headers in worker.headers:
        assert not {"Origin", "Cookie", "Referer"} & set(headers)


async def test_a_token_for_one_worker_leads_to_that_one_only(
    http: aiohttp.ClientSession, worker: EchoWorker
) -> None:
    for path in ("/worker/w_2/", "/worker/w_2/files/", "/worker/w_1%2F..%2Fw_2/files/", "/worker/W_1/files/"):
        async with http.get(path, headers=LESS) as answer:
            assert answer.status in (403, 404), path
    assert worker.headers == []


async def test_what_belongs_to_one_connection_ends_here(
    http: aiohttp.ClientSession, worker: EchoWorker
) -> None:
    """Also what the sender names in `Connection`, and what a proxy in front of us has said."""
    mine = {
        "Connection": "keep-alive, X-Mine",
        "X-Mine": "1",
        "TE": "trailers",
        "Proxy-Authorization": "Basic eA==",
        "X-Forwarded-For": "192.0.2.1",
        "Forwarded": "for=192.0.2.1",
        "X-Kept": "1",
    }
    async with http.post("/worker/w_1/message/", headers={**BEARER, **mine}, json={"a": 1}) as answer:
        assert answer.status == 200
    seen = {name.lower() for name in worker.headers[0]}
    assert "x-kept" in seen
    assert not {"x-mine", "te", "proxy-authorization", "x-forwarded-for", "forwarded"} & seen
    assert worker.headers[0]["Host"] == f"127.0.0.1:{worker.port}"
    assert worker.headers[0]["Content-Length"] == str(len(worker.bodies[0]))


async def test_bodies_pass_as_they_come(http: aiohttp.ClientSession, worker: EchoWorker) -> None:
    """The first piece is there before the second is sent, up and down."""

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        async with asyncio.timeout(10):
            assert await worker.arrived.get() == b"first"
        yield b"second"

    headers = {**BEARER, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    async with http.patch("/worker/w_1/uploads/x", headers=headers, data=body()) as answer:
        assert await answer.text() == "all"
    assert await worker.arrived.get() == b"second"
    async with http.get("/worker/w_1/files/slow", headers=BEARER) as answer:
        assert "X-Of-Connection" not in answer.headers
        async with asyncio.timeout(10):
            assert await answer.content.readexactly(5) == b"first"
            worker.may_go_on.set()
            assert await answer.content.read() == b"second"


async def test_nothing_that_is_answered_sends_the_hub_elsewhere(http: aiohttp.ClientSession) -> None:
    """The asker is told, as at the worker itself, and goes there or not without our token."""
    async with http.get("/worker/w_1/files/elsewhere", headers=BEARER, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "http://evil.example/")


async def test_who_does_not_read_slows_the_worker_down(
    http: aiohttp.ClientSession, worker: EchoWorker
) -> None:
    """The hub keeps nothing: the worker gets rid of what fits into the connections, and waits."""
    # aiohttp's own client would read ahead a little; this one reads the handshake and then nothing.
    url = http._base_url
    assert url is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", url.port, limit=1024)
    lines = [
        "GET /worker/w_1/ HTTP/1.1",
        f"Host: localhost:{url.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Authorization: {BEARER['Authorization']}",
    ]
    writer.write(("\r\n".join([*lines, "", ""])).encode())
    assert b" 101 " in await reader.readline()
    writer.write(b"\x81\x85mask" + bytes(a ^ b for a, b in zip(b"flood", b"maskm", strict=True)))
    before = -1
    async with asyncio.timeout(20):
        while worker.sent == 0 or worker.sent != before:
            before = worker.sent
            await asyncio.sleep(0.4)
    # What the system's own buffers of two connections hold, a few MB; without an end it would be all memory.
    assert worker.sent * 100_000 < 64_000_000
    writer.transport.abort()
    async with asyncio.timeout(10):
        await worker.closed.get()


async def test_large_frames_and_close_codes_pass_both_ways(
    http: aiohttp.ClientSession, worker: EchoWorker
) -> None:
    async with http.ws_connect("/worker/w_1/", headers=BEARER, max_msg_size=0) as socket:
        await socket.send_bytes(bytes(1_000_000))
        assert len(await socket.receive_bytes()) == 1_000_000
        await socket.send_str("large")
        assert len(await socket.receive_bytes()) == 20_000_000
        await socket.close(code=4321, message=b"had enough")
    async with asyncio.timeout(10):
        assert await worker.closed.get() == (4321, "had enough")
    async with http.ws_connect("/worker/w_1/", headers=BEARER) as socket:
        await socket.send_str("end")
        ended = await socket.receive()
        assert (ended.type, ended.data, ended.extra) == (aiohttp.WSMsgType.CLOSE, 4000, "as asked")
    async with http.ws_connect("/worker/w_1/", headers=BEARER) as socket:
        # Larger than the worker takes, not than the hub does: the worker's answer comes through.
        await socket.send_bytes(bytes(1_500_000))
        assert await closing_code(socket, 10) == 1009


@pytest.mark.alone
async def test_a_worker_that_refuses_is_not_asked_again(worker: EchoWorker) -> None:
    """Its own gate has the last word; the asker hears it at once."""

    class Refusing:
        async def find(self, uuid: str, timeout_s: float) -> WorkerAddress:
            return WorkerAddress("127.0.0.1", port)

    async def no(request: web.Request) -> web.Response:
        raise web.HTTPForbidden

    refusing = web.Application()
    refusing.router.add_get("/", no)
    hub = web.Application()
    guard(hub, Gate(TOKEN))
    Hub(Relay(BEARER), Refusing()).add_to(hub)
    runners = [web.AppRunner(refusing), web.AppRunner(hub)]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runners[0].addresses[0][1]
    began = time.monotonic()
    url = f"http://127.0.0.1:{runners[1].addresses[0][1]}/worker/w_1/"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=BEARER) as socket:
        assert (await closing_code(socket, 4), time.monotonic() - began < 4) == (1008, True)
    for runner in runners:
        await runner.cleanup()
