"""Several real workers of one manager: their ports, their settings, and that none feels another stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from pathlib import Path

import pytest
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.support.fleet import base_in, fleet_of, nearly_all_below, new_worker, status_of

pytestmark = pytest.mark.timeout(120)


def row_of_free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody listened on a moment ago."""
    for first in range(21000, 29000, count):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("this machine has no free ports")


@pytest.mark.alone
async def test_five_workers_with_a_port_taken_between_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started at once they share what is free; stopping one pauses no other; edited settings count."""
    first = row_of_free_ports(8)
    monkeypatch.setenv("FUNCNODES_WS_WORKER_STARTPORT", str(first))
    monkeypatch.setenv("FUNCNODES_WS_WORKER_ENDPORT", str(first + 7))
    base = base_in(tmp_path)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first + 1))
        stranger.listen()
        async with fleet_of(base, program=("-m", "funcnodes_worker.process.main")) as client:
            uuids = [await new_worker(client, f"w{number}", start=False) for number in range(5)]
            await asyncio.gather(*(client.call("start_worker", workerid=uuid) for uuid in uuids))
            ports = sorted([int(str((await status_of(client, uuid))["port"])) for uuid in uuids])
            gone, other, *_ = uuids

            async with funcnodes.connect(other, base=base.folder) as bystander:
                pings: list[float] = []
                stopping = asyncio.create_task(client.call("stop_worker", workerid=gone))
                while not stopping.done() or len(pings) < 100:
                    begun = time.perf_counter()
                    await bystander.call("uuid")
                    pings.append(time.perf_counter() - begun)
                await stopping

            file = WorkerHome(base, gone).config_file
            settings = json.loads(file.read_text())
            file.write_text(json.dumps({**settings, "name": "renamed by hand", "port": first + 7}))
            await client.call("start_worker", workerid=gone)
            edited = await status_of(client, gone)
            async with funcnodes.connect(gone, base=base.folder) as worker:
                answered = await worker.call("uuid")

    assert ports == [first, *range(first + 2, first + 6)]
    assert nearly_all_below(pings, 0.2)
    assert (edited["name"], edited["port"], edited["phase"]) == ("renamed by hand", first + 7, "running")
    assert answered == gone
