"""What passes through the relay: frames both ways, close codes, bodies; and what does not: credentials."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import pytest
from funcnodes.server.ui.service import UiServer, UiSettings, open_ui
from funcnodes.server.ui.workers import WorkerAddress
from funcnodes_worker.home.base import Base

from tests.funcnodes.server.ui.echo_worker import EchoWorker
from tests.support.closing import closing_code
from tests.support.processes import free_port


async def test_frames_pass_both_ways_and_the_token_stays_on_our_side(
    http: aiohttp.ClientSession, bearer: dict[str, str], worker: EchoWorker, ui: UiServer
) -> None:
    """The worker sees the base folder's token and no trace of the browser's own headers."""
    headers = {**bearer, "Origin": ui.url, "Cookie": f"fn_{ui.port}=secret; other=1"}
    async with http.ws_connect("/worker/w_1/?events=documented", headers=headers) as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"
        await socket.send_bytes(b"\0" * 500_000)
        assert await socket.receive_bytes() == b"\0" * 500_000
    seen = worker.headers[0]
    assert seen["Authorization"] == bearer["Authorization"]
    assert "Origin" not in seen
    assert "Cookie" not in seen
    assert worker.queries == ["events=documented"]


async def test_a_thousand_frames_arrive_in_order(http: aiohttp.ClientSession, bearer: dict[str, str]) -> None:
    """Nothing is dropped or reordered on the way."""
    async with http.ws_connect("/worker/w_1/", headers=bearer) as socket:
        for number in range(1000):
            await socket.send_str(str(number))
        assert [await socket.receive_str() for _ in range(1000)] == [str(number) for number in range(1000)]


async def test_the_workers_close_code_reaches_the_browser(
    http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    """A page decides by it whether to come again."""
    async with http.ws_connect("/worker/w_1/", headers=bearer) as socket:
        await socket.send_str("end")
        assert await closing_code(socket) == 4000


async def test_a_frame_too_large_is_refused_with_its_code(
    http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    """100 MB end at the first server; 1009 says why."""
    async with http.ws_connect("/worker/w_1/", headers=bearer) as socket:
        # Only the head of a frame of 100 MB: whoever reads it knows enough.
        transport = socket._conn.transport
        assert transport is not None
        transport.write(bytes([0x82, 0x80 | 127]) + (100_000_000).to_bytes(8, "big") + b"mask")
        assert await closing_code(socket) == 1009


async def test_a_worker_that_is_away_closes_with_try_again(base: Base, bearer: dict[str, str]) -> None:
    """The handshake succeeds, so a page logs no error; the code says to come again."""
    settings = UiSettings(base=base, port=0, worker=WorkerAddress("127.0.0.1", free_port()))
    async with open_ui(settings, pytest.fail) as server, aiohttp.ClientSession(server.url) as http:
        async with http.ws_connect("/worker/w_1/", headers=bearer) as socket:
            assert await closing_code(socket, 10) == 1013
        async with http.post("/worker/w_1/message/", headers=bearer, json={}) as answer:
            assert answer.status == 502


async def test_messages_and_uploads_pass_whole(
    http: aiohttp.ClientSession, bearer: dict[str, str], worker: EchoWorker
) -> None:
    """Bodies of several megabytes go through without being kept here."""
    text = '{"type": "cmd", "x": "' + "y" * 3_000_000 + '"}'
    headers = {**bearer, "Content-Type": "application/json"}
    async with http.post("/worker/w_1/message/", headers=headers, data=io.BytesIO(text.encode())) as answer:
        assert (answer.status, await answer.json()) == (200, {"size": len(text)})
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(b"z" * 2_000_000), filename="folder/z.bin")
    async with http.post("/worker/w_1/upload/", headers=bearer, data=form) as answer:
        assert answer.status == 200
    assert worker.bodies[0] == text.encode()
    assert b"folder/z.bin" in worker.bodies[1]
    async with http.get(f"/worker/w_1/message/{'a' * 32}") as answer:
        assert await answer.json() == {"id": "a" * 32}


async def test_open_sockets_end_when_the_server_stops(
    base: Base, bearer: dict[str, str], worker: EchoWorker
) -> None:
    """The page hears 1001 instead of a broken line, and the server does not wait for it."""
    settings = UiSettings(base=base, port=0, worker=WorkerAddress("127.0.0.1", worker.port))
    async with aiohttp.ClientSession() as http:
        async with open_ui(settings, pytest.fail) as server:
            socket = await http.ws_connect(f"{server.url}/worker/w_1/", headers=bearer)
            await socket.send_str("here")
            assert await socket.receive_str() == "here"
            closed = asyncio.create_task(closing_code(socket))
        assert await asyncio.wait_for(closed, 5) == 1001
        await socket.close()
