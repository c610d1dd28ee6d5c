"""A manager beside the original's: `python -m benchmarks manager --with-original`.

Both are started by the same command and asked in the published dialect over one socket, as the published
browser bundle does. Ours shows its token; the original asks for none. Both stand side by side and take turns
with each row, ours first, since a machine changes its speed within a minute. A round takes two minutes.
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
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from benchmarks.original.compare import Rows, compared, sides
from benchmarks.original.targets import AnyMachine, TimesBetter, judged
from tests.support.processes import free_port, kill_all_of, make_base, processes_of, program_environment

AT_ONCE = 8
ROUNDS = 2
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
            if told["type"] == "set_worker":
                waiting.discard(told["data"]["uuid"])
                continue
            # On a busy machine the original does not yet know a worker that it has just made.
            unknown = next((uuid for uuid in waiting if uuid in told["message"]), None)
            if unknown is None:
                raise RuntimeError(told["message"])
            await asyncio.sleep(0.1)
            await self.ask(type="set_active", workerid=unknown)

    async def pid_of(self, uuid: str) -> int:
        """Return the process of a worker that runs."""
        await self.socket.send_str("worker_status")
        told = await self.hear(lambda m: m.get("type") == "worker_status" and _active(m, uuid))
        return int(_active(told, uuid)["pid"])


def _active(status: Message, uuid: str) -> Message:
    return next((worker for worker in status["active"] if worker["uuid"] == uuid), Message())


@dataclass
class Managed:
    """A manager that runs, and what its rows need of each other."""

    talk: Talk
    pid: int
    ready_s: float
    base: Path
    own: str = ""
    """A worker with an environment of its own."""
    shared: tuple[str, ...] = ()
    """Workers that share the manager's."""


@contextlib.asynccontextmanager
async def managed(python: Path, folder: Path) -> AsyncGenerator[Managed]:
    """Give a fresh manager that answers."""
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
            yield Managed(Talk(socket), process.pid, time.perf_counter() - begun, base)
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


async def ready(one: Managed) -> Rows:
    """Return what it took to be there."""
    return {
        "manager: ready after the program is started": row(one.ready_s, "s"),
        "manager: memory (PSS)": row(pss([psutil.Process(one.pid)]), "MiB"),
    }


async def make(one: Managed) -> Rows:
    """Make a worker with an environment of its own."""
    # The first one resolves and fills caches on both sides; it does not count.
    await one.talk.new_worker("first", in_venv=True)
    begun = time.perf_counter()
    one.own = await one.talk.new_worker("own", in_venv=True)
    return {"a new worker with an environment of its own": row(time.perf_counter() - begun, "s")}


async def start(one: Managed) -> Rows:
    """Start that worker for the first time."""
    begun = time.perf_counter()
    await one.talk.start([one.own])
    return {"starting it": row(time.perf_counter() - begun, "s")}


async def start_many(one: Managed) -> Rows:
    """Start several workers at the same moment."""
    shared = [await one.talk.new_worker(f"shared {number}", in_venv=False) for number in range(AT_ONCE)]
    known = {process.pid for process in processes_of(one.base)}
    begun = time.perf_counter()
    await one.talk.start(shared)
    took = time.perf_counter() - begun
    one.shared = tuple(shared)
    workers = [process for process in processes_of(one.base) if process.pid not in known]
    return {
        f"{AT_ONCE} workers started at once": row(took, "s"),
        f"memory of the {AT_ONCE} (PSS)": row(pss(workers), "MiB"),
    }


async def lose(one: Managed) -> Rows:
    """Kill a worker and wait until everybody is told."""
    victim = one.shared[0]
    pid = await one.talk.pid_of(victim)
    begun = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    await one.talk.hear(
        lambda m: m.get("type") == "worker_status" and _active(m, victim).get("pid", 0) != pid
    )
    return {"a killed worker noticed": row(time.perf_counter() - begun, "s")}


STEPS = (ready, make, start, start_many, lose)
TARGETS = {
    "manager: ready after the program is started": TimesBetter(0.48, 0.45),
    "manager: memory (PSS)": AnyMachine(50),
    "a new worker with an environment of its own": TimesBetter(11.5, 1.2),
    "starting it": TimesBetter(23, 0.8),
    f"{AT_ONCE} workers started at once": TimesBetter(6.1, 2.5),
    f"memory of the {AT_ONCE} (PSS)": AnyMachine(300),
}
"""What the issue gives for the original, the middle where it gives a range, and what to reach.

Not judged here: a killed worker noticed. The issue saw the original take 9 to 11 s; with a watcher connected
it takes less than one here. `benchmarks/manager.py` judges ours by the 0.05 s as they stand.
"""


async def measure(pythons: Sequence[Path], folder: Path) -> list[Rows]:
    """Return all rows of managers that take turns."""
    found: list[dict[str, Any]] = [{} for _ in pythons]
    async with contextlib.AsyncExitStack() as stack:
        managers = [
            await stack.enter_async_context(managed(python, folder / str(number)))
            for number, python in enumerate(pythons)
        ]
        for step in STEPS:
            for manager, rows in zip(managers, found, strict=True):
                rows.update(await step(manager))
            # With the original this takes minutes: somebody waits.
            print(f"  {step.__name__}: {[_values(rows) for rows in found]}", file=sys.stderr, flush=True)
    return [*found]


def _values(rows: Rows) -> list[float]:
    return [round(shown["value"], 3) for shown in rows.values()]


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
    """Print how many times better each row is, and whether that is what the issue asks for."""
    ours, peer, _ = sides()
    rounds = [_measured([ours.python, peer.python]) for _ in range(ROUNDS)]
    mine, others = [one for one, _ in rounds], [other for _, other in rounds]
    verdict = partial(judged, ours=mine, theirs=others, targets=TARGETS)
    print(json.dumps({"figures": compared(mine, others, {}, verdict)}, ensure_ascii=False, indent=1))


def _measured(pythons: Sequence[Path]) -> list[Rows]:
    folder = Path(tempfile.mkdtemp(prefix="funcnodes-peer-"))
    for number in range(len(pythons)):
        (folder / str(number)).mkdir()
    try:
        return asyncio.run(measure(pythons, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
