"""How fast the manager is: ready, a worker made and started, a killed one noticed and back with its graph."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from funcnodes.server.client import ManagerClient, connect
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.token import read_or_make_token

RUNS = 5
LIMIT_S = 60.0
NODES = 50


@dataclass
class Watched:
    """What a watcher of the manager has been told, with the times."""

    heard: asyncio.Queue[tuple[float, dict[str, Any]]] = field(
        default_factory=lambda: asyncio.Queue[tuple[float, dict[str, Any]]]()
    )

    def hear(self, method: str, params: dict[str, Any]) -> None:
        """Take in what the manager says."""
        if method == "status" and params["workers"]:
            self.heard.put_nowait((time.perf_counter(), params["workers"][0]))

    async def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> tuple[float, dict[str, Any]]:
        """Return the first status that is as wanted, and when it was told."""
        async with asyncio.timeout(LIMIT_S):
            while not wanted((news := await self.heard.get())[1]):
                pass
        return news


@contextlib.asynccontextmanager
async def manager(base: Base, ready_s: list[float]) -> AsyncGenerator[None]:
    """Run the program `startworkermanager` while the block runs, and note how long it took to answer."""
    options = ("--dir", str(base.folder), "startworkermanager", "--port", "0")
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "funcnodes", *options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            # The file is the manager's word that it listens; nobody tells us when it appears.
            while (address := read_supervisor_file(base)) is None or address.pid != process.pid:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        async with connect(base) as client:
            await client.call("status")
        ready_s.append(time.perf_counter() - start)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def fill(base: Base, status: dict[str, Any]) -> None:
    """Give the worker a graph."""
    headers = {"Authorization": f"Bearer {read_or_make_token(base)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"http://127.0.0.1:{status['port']}/") as socket,
    ):
        for number in range(NODES):
            params = {"id": "input.float"}
            await socket.send_json({"jsonrpc": "2.0", "id": number, "method": "add_node", "params": params})
        answers = 0
        while answers < NODES:
            answers += "id" in await socket.receive_json()


async def count_nodes(base: Base, port: int) -> int:
    """Return how many nodes the worker has: the time at which a client could go on."""
    headers = {"Authorization": f"Bearer {read_or_make_token(base)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"http://127.0.0.1:{port}/") as socket,
    ):
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "get_nodes", "params": {}})
        while (answer := await socket.receive_json()).get("id") != 1:
            pass
        return len(answer["result"])


async def measure(base: Base) -> dict[str, list[float]]:
    """Return the times, in milliseconds but for the memory."""
    times: dict[str, list[float]] = {
        name: [] for name in ("ready", "make", "start", "noticed", "back", "stop")
    }
    memory: list[float] = []
    for _ in range(RUNS - 1):
        async with manager(base, times["ready"]):
            pass
    async with manager(base, times["ready"]):
        watched = Watched()
        async with connect(base, watched.hear) as watcher, connect(base) as client:
            await watcher.call("watch")
            uuid = str((await client.call("new_worker", name="bench", in_venv=False))["uuid"])
            for _ in range(RUNS):
                await one_round(client, base, uuid, watched, times, memory)
            for number in range(RUNS):
                start = time.perf_counter()
                await client.call("new_worker", name=f"own {number}")
                times["make"].append(time.perf_counter() - start)
            del times["make"][
                0
            ]  # The first one resolves and fills the caches; all others are like the second.
    return {**{name: [1000 * one for one in taken] for name, taken in times.items()}, "memory": memory}


async def one_round(
    client: ManagerClient,
    base: Base,
    uuid: str,
    watched: Watched,
    times: dict[str, list[float]],
    memory: list[float],
) -> None:
    """Start, kill, see it come back, stop."""
    start = time.perf_counter()
    await client.call("start_worker", workerid=uuid)
    times["start"].append(time.perf_counter() - start)
    _, running = await watched.wait_for(lambda worker: worker["phase"] == "running")
    if not memory:
        await fill(base, running)
    memory.append(psutil.Process(running["pid"]).memory_info().rss / (1 << 20))
    start = time.perf_counter()
    os.kill(running["pid"], signal.SIGKILL)
    noticed, _ = await watched.wait_for(lambda worker: worker["pid"] != running["pid"])
    times["noticed"].append(noticed - start)
    _, back = await watched.wait_for(lambda worker: worker["phase"] == "running")
    assert await count_nodes(base, back["port"]) == NODES
    times["back"].append(time.perf_counter() - start)
    start = time.perf_counter()
    await client.call("stop_worker", workerid=uuid)
    times["stop"].append(time.perf_counter() - start)


NAMES = {
    "ready": "manager: program started to first answer",
    "make": "worker: made, with an environment of its own",
    "start": "worker: start asked to answered (shared interpreter, journal warm)",
    "noticed": "worker killed: noticed and told to a watcher",
    "back": f"worker killed: back with {NODES} nodes, answering",
    "stop": "worker: stop asked to answered",
    "memory": "worker: memory when idle",
}


def main() -> None:
    """Measure in a folder of its own and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(measure(Base(Path(folder))))
    figures = [
        {
            "name": NAMES[name],
            "median": statistics.median(values),
            "unit": "MiB" if name == "memory" else "ms",
            "runs": len(values),
            "all": values,
        }
        for name, values in taken.items()
    ]
    json.dump({"figures": figures}, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
