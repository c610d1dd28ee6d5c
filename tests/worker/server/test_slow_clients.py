"""A client that stops reading costs the worker no memory and others no time; it is told to ask anew."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import socket
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.worker_process import WorkerClient, WorkerProcess, running_worker

FELL_BEHIND = (4408).to_bytes(2, "big")
BIG = "x" * 60_000


class DeafClient:
    """A WebSocket by hand, so that nothing is read that is not asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, text: str) -> None:
        body = text.encode()
        assert len(body) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        self.writer.write(bytes((0x81, 0x80 | len(body))) + mask + masked)
        await self.writer.drain()

    async def read_to_the_end(self) -> bytes:
        """Return the last bytes before the connection ends."""
        last = b""
        while piece := await asyncio.wait_for(self.reader.read(65536), 20):
            last = (last + piece)[-200:]
        return last


@asynccontextmanager
async def deaf_client(worker: WorkerProcess) -> AsyncGenerator[DeafClient]:
    """Connect and subscribe, then read nothing more."""
    raw = socket.socket()
    # A small window, so that the system holds little for it.
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", worker.port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{worker.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Authorization: {worker.bearer['Authorization']}\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    client = DeafClient(reader, writer)
    await client.say('{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{}}')
    try:
        yield client
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def memory(worker: WorkerProcess) -> int:
    return psutil.Process(worker.process.pid).memory_info().rss


def connections(worker: WorkerProcess) -> int:
    held = psutil.Process(worker.process.pid).net_connections("tcp")
    return sum(1 for one in held if one.status == psutil.CONN_ESTABLISHED)


async def edit_a_lot(client: WorkerClient, times: int) -> list[float]:
    """Return how long each of these large edits took."""
    took: list[float] = []
    for number in range(times):
        begun = time.perf_counter()
        await client.call("set_io_value", nid="e", ioid="value", value=f"{number} {BIG}")
        took.append(time.perf_counter() - begun)
    return took


async def test_a_client_that_wakes_up_in_time_reads_why_it_was_closed(tmp_path: Path) -> None:
    """More edits than are kept for it: 4408, and its author asks anew from its revision on."""
    async with running_worker(tmp_path) as worker, worker.connect() as other:
        await other.call("add_node", id="lab.echo", uuid="e")
        async with deaf_client(worker) as deaf:
            await edit_a_lot(other, 400)
            last = await deaf.read_to_the_end()
        assert FELL_BEHIND in last
        assert b"connect again to resume" in last


@pytest.mark.alone
async def test_a_client_that_never_reads_holds_no_memory_and_delays_nobody(tmp_path: Path) -> None:
    """Sixty megabytes of edits for it. It is given a while to hear why, then its connection is ended."""
    async with running_worker(tmp_path) as worker, worker.connect() as other:
        await other.call("add_node", id="lab.echo", uuid="e")
        await edit_a_lot(other, 50)
        empty = memory(worker)
        alone = await edit_a_lot(other, 250)
        before = memory(worker)
        # What the edits themselves leave (those a window may have missed are kept) is no one's fault.
        of_edits = before - empty
        stood = connections(worker)
        async with deaf_client(worker):
            assert connections(worker) == stood + 1
            beside: list[float] = []
            highest = before
            for _ in range(4):
                beside += await edit_a_lot(other, 250)
                highest = max(highest, memory(worker))
            assert highest - before - 4 * of_edits < 24 * 1024 * 1024
            assert statistics.median(beside) < 3 * statistics.median(alone)
            async with asyncio.timeout(20):
                while connections(worker) > stood:
                    await edit_a_lot(other, 1)


async def test_values_come_newest_only_at_the_clients_rate_and_states_are_never_lost(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as busy, worker.connect() as slow:
        await busy.call("add_node", id="lab.echo", uuid="e")
        await busy.call("add_node", id="lab.fail", uuid="f")
        await slow.call("subscribe", rate=5)
        begun = time.perf_counter()
        for number in range(400):
            await busy.call("set_io_value", nid="e", ioid="value", value=number)
        await busy.call("set_io_value", nid="f", ioid="message", value="the last word")
        await slow.wait_for(lambda c: c.value("e", "out") == 399)
        await slow.wait_for(lambda c: (c.state("f").get("error") or {}).get("message"))
        feeds = slow.notifications("feed")
        assert len(feeds) <= 5 * (time.perf_counter() - begun) + 3
        assert (slow.state("e")["status"], slow.state("f")["error"]["message"]) == ("idle", "the last word")
        values = [
            feed["values"]["e"]["out"]["value"] for feed in feeds if "out" in feed["values"].get("e", {})
        ]
        assert values == sorted(values)
        assert len(values) < 100


async def _tell(client: WorkerClient, number: int) -> float:
    """Set a value, and return when it was heard."""
    await client.call("set_io_value", nid="e", ioid="value", value=number)

    def is_heard(window: WorkerClient) -> bool:
        return window.value("e", "out") == number

    await client.wait_for(is_heard)
    return time.perf_counter()


async def test_who_asks_for_more_than_thirty_a_second_is_told_more_often(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        await client.call("add_node", id="lab.echo", uuid="e")
        await client.call("subscribe", rate=500)
        numbers = itertools.count()
        before = await _tell(client, next(numbers))
        async with asyncio.timeout(60):
            # On a busy machine most come late; nobody hears two so close at thirty a second.
            while (after := await _tell(client, next(numbers))) - before >= 1 / 60:
                before = after
        await client.call("subscribe", rate=30)
        usual = [await _tell(client, next(numbers)) for _ in range(10)]
        assert usual[-1] - usual[0] > 8 / 30


@pytest.mark.parametrize("rounds", [3, pytest.param(30, marks=pytest.mark.soak)])
async def test_states_are_whole_for_everybody_whatever_their_pace(tmp_path: Path, rounds: int) -> None:
    """Nodes that fail and recover: a window at two per second ends with what a fast one knows."""
    async with (
        running_worker(tmp_path) as worker,
        worker.connect() as busy,
        worker.connect() as slow,
        worker.connect(subscribe=True) as fast,
    ):
        await slow.call("subscribe", rate=2)
        for name in ("a", "b", "c"):
            await busy.call("add_node", id="lab.add", uuid=name)
        for turn in range(rounds):
            for place, name in enumerate(("a", "b", "c")):
                value = "no number" if (turn + place) % 2 else turn
                await busy.call("set_io_value", nid=name, ioid="left", value=value)
        expected = ["idle" if (rounds - 1 + place) % 2 == 0 else "failed" for place in range(3)]

        def settled(client: WorkerClient) -> bool:
            return [client.state(name).get("status") for name in ("a", "b", "c")] == expected

        await fast.wait_for(settled)
        await slow.wait_for(settled)
