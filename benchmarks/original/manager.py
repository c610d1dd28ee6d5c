"""A manager beside the original's: `python -m benchmarks manager --with-original`.

Both are started by the same command and asked in the published dialect over one socket, as the published
browser bundle does. Ours shows its token; the original asks for none. One round: the original needs a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from benchmarks.original.compare import Rows, compared, sides
from tests.support.processes import free_port, kill_all_of, make_base, processes_of, program_environment

AT_ONCE = 8
LIMIT_S = 240.0
Message = dict[str, Any]


@dataclass
class Talk:
    """A conversation with a manager in its published dialect."""

    socket: aiohttp.ClientWebSocketResponse

    async def ask(self, **request: Any) -> None:
        """Say something."""
        await self.socket.send_str(json.dumps(request))

    async def hear(self, wanted: Callable[[Message], object]) -> Message:
        """Return the first message that is as wanted."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                frame = await self.socket.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError(f"the manager hung up: {frame}")
                with contextlib.suppress(json.JSONDecodeError):
                    message: Message = json.loads(frame.data)
                    if wanted(message):
                        return message

    async def new_worker(self, name: str, *, in_venv: bool) -> str:
        """Return the id of a new worker."""
        await self.ask(type="new_worker", kwargs={"name": name, "in_venv": in_venv})
        return str((await self.hear(lambda m: m.get("type") == "worker_created"))["uuid"])

    async def start(self, uuids: list[str]) -> None:
        """Return when all these workers answer."""
        for uuid in uuids:
            await self.ask(type="set_active", workerid=uuid)
        waiting = set(uuids)
        while waiting:
            told = await self.hear(lambda m: m.get("type") in ("set_worker", "error"))
            if told["type"] == "error":
                raise RuntimeError(told["message"])
            waiting.discard(told["data"]["uuid"])

    async def pid_of(self, uuid: str) -> int:
        """Return the process of a worker that runs."""
        await self.socket.send_str("worker_status")
        told = await self.hear(lambda m: m.get("type") == "worker_status" and _active(m, uuid))
        return int(_active(told, uuid)["pid"])


def _active(status: Message, uuid: str) -> Message:
    return next((worker for worker in status["active"] if worker["uuid"] == uuid), Message())


@contextlib.asynccontextmanager
async def managed(python: Path, folder: Path) -> AsyncGenerator[tuple[Talk, int, float, Path]]:
    """Give a conversation with a fresh manager, its process, and how long it took to answer."""
    base = make_base(folder / "base")
    port = json.loads((base / "config.json").read_text())["worker_manager"]["port"]
    environment = {**program_environment(free_port()), "HOME": str(folder), "USE_SUBPROCESS_MONITOR": "0"}
    environment["FUNCNODES_WS_WORKER_ENDPORT"] = "65535"
    # Where packages lie already is the machine's; without it the new home would be an empty one.
    environment["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        python,
        "-m",
        "funcnodes",
        "--dir",
        base,
        "startworkermanager",
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession() as http:
            socket = await _dial(http, base, port, process)
            await socket.send_str("ping")
            while (await socket.receive()).data != "pong":
                pass
            yield Talk(socket), process.pid, time.perf_counter() - begun, base
            await socket.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        kill_all_of(base)


async def _dial(
    http: aiohttp.ClientSession, base: Path, port: int, process: asyncio.subprocess.Process
) -> aiohttp.ClientWebSocketResponse:
    deadline = time.perf_counter() + LIMIT_S
    # There is no event for a port that begins to listen in another process: we look, up to a limit.
    while True:
        token = base / "token"
        headers = {"Authorization": f"Bearer {token.read_text()}"} if token.exists() else {}
        try:
            return await http.ws_connect(f"http://localhost:{port}/", headers=headers, max_msg_size=0)
        except (OSError, aiohttp.ClientError):
            if process.returncode is not None or time.perf_counter() > deadline:
                raise
            await asyncio.sleep(0.005)


class Told(dict[str, dict[str, Any]]):
    """Rows that are said as they come: with the original this takes minutes."""

    def __setitem__(self, name: str, figure: dict[str, Any]) -> None:
        """Keep a row, and say it."""
        print(f"  {name}: {figure['value']:.4g} {figure['unit']}", file=sys.stderr, flush=True)
        super().__setitem__(name, figure)


async def measure(python: Path, folder: Path) -> Rows:
    """Return all rows of one manager."""
    rows = Told()
    async with managed(python, folder) as (talk, manager, ready_s, base):
        rows["manager: ready after the program is started"] = row(ready_s, "s")
        rows["manager: memory (PSS)"] = row(pss([psutil.Process(manager)]), "MiB")
        # The first one resolves and fills caches on both sides; it does not count.
        await talk.new_worker("first", in_venv=True)
        begun = time.perf_counter()
        own = await talk.new_worker("own", in_venv=True)
        rows["a new worker with an environment of its own"] = row(time.perf_counter() - begun, "s")
        begun = time.perf_counter()
        await talk.start([own])
        rows["starting it"] = row(time.perf_counter() - begun, "s")
        shared = [await talk.new_worker(f"shared {number}", in_venv=False) for number in range(AT_ONCE)]
        known = {process.pid for process in processes_of(base)}
        begun = time.perf_counter()
        await talk.start(shared)
        rows[f"{AT_ONCE} workers started at once"] = row(time.perf_counter() - begun, "s")
        workers = [process for process in processes_of(base) if process.pid not in known]
        rows[f"memory of the {AT_ONCE} (PSS)"] = row(pss(workers), "MiB")
        victim = shared[0]
        pid = await talk.pid_of(victim)
        begun = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        await talk.hear(
            lambda m: m.get("type") == "worker_status" and _active(m, victim).get("pid", 0) != pid
        )
        rows["a killed worker noticed"] = row(time.perf_counter() - begun, "s")
    return rows


def pss(processes: list[psutil.Process]) -> float:
    """Return the memory of processes in MiB, what they share counted once."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 2**20


def row(value: float, unit: str) -> dict[str, Any]:
    """Return one figure."""
    return {"value": value, "unit": unit, "note": "", "more_is_better": False}


def main() -> None:
    """Print how many times better each row is."""
    _, peer, _ = sides()
    mine, other = _measured(Path(sys.executable)), _measured(peer.python)
    print(json.dumps({"figures": compared([mine], [other], {})}, ensure_ascii=False, indent=1))


def _measured(python: Path) -> Rows:
    folder = Path(tempfile.mkdtemp(prefix="funcnodes-peer-"))
    try:
        return asyncio.run(measure(python, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
