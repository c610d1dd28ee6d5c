"""A manager beside the original's: `python -m benchmarks manager --with-original`.

Both are started by the same command and asked in the published dialect over one socket, as the published
browser bundle does. Ours shows its token; the original asks for none. Both stand side by side and take turns,
ours first, since a machine changes its speed within seconds; a row is the median of its turns. All takes
about four minutes, most of them the original's environments.

A row ends at the same moment on both sides: `pong` for a manager that is ready, `worker_created` for a new
worker, `set_worker` for a start (it has answered its manager), a `worker_status` without the killed process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import psutil

from benchmarks.original.compare import Rows, compared, sides
from benchmarks.original.targets import AnyMachine, TimesBetter, judged
from tests.support.processes import free_port, kill_all_of, make_base, processes_of, program_environment

AT_ONCE = 8
READY, MADE, TOGETHER = 5, 2, 3
"""Turns that count; one before them does not."""
LIMIT_S = 240.0
Message = dict[str, Any]
Result = TypeVar("Result")


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
    own: list[str] = field(default_factory=list[str])
    """Workers with an environment of their own."""
    shared: list[str] = field(default_factory=list[str])
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


async def ready(pythons: Sequence[Path], folder: Path) -> list[Rows]:
    """Start both again and again, each in its folder; the first start leaves bytecode and files there."""
    times: list[list[float]] = [[] for _ in pythons]
    resident: list[list[float]] = [[] for _ in pythons]
    shared: list[list[float]] = [[] for _ in pythons]
    for turn in range(READY + 1):
        for number, python in enumerate(pythons):
            async with managed(python, folder / str(number)) as one:
                if turn:
                    memory = psutil.Process(one.pid).memory_full_info()
                    times[number].append(one.ready_s)
                    resident[number].append(memory.rss / 2**20)
                    shared[number].append(memory.pss / 2**20)
    return [
        {
            "manager: ready after the program is started": row(took, "s"),
            "manager: memory": row(held, "MiB"),
            "manager: memory (PSS)": row(part, "MiB"),
        }
        for took, held, part in zip(times, resident, shared, strict=True)
    ]


async def make(managers: Sequence[Managed]) -> list[Rows]:
    """Make workers with an environment of their own."""
    for one in managers:
        # The first one resolves and fills caches on both sides; it does not count.
        await one.talk.new_worker("first", in_venv=True)

    async def making(one: Managed, turn: int) -> float:
        begun = time.perf_counter()
        one.own.append(await one.talk.new_worker(f"own {turn}", in_venv=True))
        return time.perf_counter() - begun

    found = await turns(managers, MADE, making)
    return [{"a new worker with an environment of its own": row(times, "s")} for times in found]


async def start(managers: Sequence[Managed]) -> list[Rows]:
    """Start those workers, each for the first time."""

    async def starting(one: Managed, turn: int) -> float:
        begun = time.perf_counter()
        await one.talk.start([one.own[turn]])
        return time.perf_counter() - begun

    found = await turns(managers, MADE, starting)
    return [{"starting it": row(times, "s")} for times in found]


@dataclass(frozen=True)
class AtOnce:
    """What workers that start at the same moment took, and how long one of them was dead unnoticed."""

    took_s: float
    memory: float
    noticed_s: float


async def start_many(managers: Sequence[Managed]) -> list[Rows]:
    """Start several workers at the same moment, kill one of them, stop the others; again and again."""
    for one in managers:
        one.shared += [
            await one.talk.new_worker(f"shared {number}", in_venv=False) for number in range(AT_ONCE)
        ]
    found = await turns(managers, TOGETHER + 1, lambda one, _: _at_once(one))
    return [
        {
            # They have never run: folders and journals are made.
            f"{AT_ONCE} workers started at once, for the first time": row([first.took_s], "s"),
            f"{AT_ONCE} workers started at once": row([one.took_s for one in later], "s"),
            f"memory of the {AT_ONCE} (PSS)": row([one.memory for one in later], "MiB"),
            "a killed worker noticed": row([one.noticed_s for one in (first, *later)], "s"),
        }
        for first, *later in found
    ]


async def _at_once(one: Managed) -> AtOnce:
    known = {process.pid for process in processes_of(one.base)}
    begun = time.perf_counter()
    await one.talk.start(one.shared)
    took = time.perf_counter() - begun
    workers = [process for process in processes_of(one.base) if process.pid not in known]
    memory = pss(workers)
    noticed = await _lose(one, one.shared[0])
    await _stop(one)
    return AtOnce(took, memory, noticed)


async def _lose(one: Managed, victim: str) -> float:
    """Kill a worker and return the seconds until everybody is told.

    The original looks every ten seconds: where in between the kill falls is what the median is over.
    """
    pid = await one.talk.pid_of(victim)
    begun = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    await one.talk.hear(
        lambda m: m.get("type") == "worker_status" and _active(m, victim).get("pid", 0) != pid
    )
    return time.perf_counter() - begun


async def _stop(one: Managed) -> None:
    """Return when none of the shared workers runs, and the manager says so."""
    for uuid in one.shared:
        await one.talk.ask(type="stop_worker", workerid=uuid)
    deadline = time.perf_counter() + LIMIT_S
    while time.perf_counter() < deadline:
        await one.talk.socket.send_str("worker_status")
        told = await one.talk.hear(lambda m: m.get("type") == "worker_status")
        words = [" ".join(process.cmdline()) for process in _living(one.base)]
        if not any(_active(told, uuid) or uuid in line for uuid in one.shared for line in words):
            return
        # The original tells nobody when a process has ended.
        await asyncio.sleep(0.2)
    raise TimeoutError("the workers did not stop")


def _living(base: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in processes_of(base):
        with contextlib.suppress(psutil.Error):
            process.cmdline()
            found.append(process)
    return found


async def turns(
    managers: Sequence[Managed], count: int, work: Callable[[Managed, int], Awaitable[Result]]
) -> list[list[Result]]:
    """Return what each manager gave, so many times each, one right after the other."""
    found: list[list[Result]] = [[] for _ in managers]
    for turn in range(count):
        for manager, results in zip(managers, found, strict=True):
            results.append(await work(manager, turn))
    return found


STEPS = (make, start, start_many)
TARGETS = {
    "manager: ready after the program is started": TimesBetter(0.48, 0.45),
    "manager: memory": AnyMachine(50),
    "a new worker with an environment of its own": TimesBetter(11.5, 1.2),
    "starting it": TimesBetter(23, 0.8),
    f"{AT_ONCE} workers started at once": TimesBetter(6.1, 2.5),
    f"memory of the {AT_ONCE} (PSS)": AnyMachine(300),
    "a killed worker noticed": AnyMachine(0.05),
}
"""What the issue gives for the original, the middle where it gives a range, and what to reach.

The issue's 65 MiB of the original's manager are its resident memory (65.3 here, where its PSS is 50): so ours
is judged by its resident memory. Of the eight the issue says PSS. A killed worker is judged as it stands: the
original takes anything up to the ten seconds between two looks, where the issue saw 9 to 11.
"""


async def measure(pythons: Sequence[Path], folder: Path) -> list[Rows]:
    """Return all rows of managers that take turns."""
    found: list[dict[str, Any]] = [{**rows} for rows in await ready(pythons, folder)]
    async with contextlib.AsyncExitStack() as stack:
        managers = [
            await stack.enter_async_context(managed(python, folder / str(number)))
            for number, python in enumerate(pythons)
        ]
        for step in STEPS:
            for rows, measured in zip(found, await step(managers), strict=True):
                rows.update(measured)
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


def row(values: Sequence[float], unit: str) -> dict[str, Any]:
    """Return one figure: the median of its turns, all of them told where they are few."""
    note = "of " + ", ".join(f"{value:.3g}" for value in values) if len(values) > 1 else ""
    return {
        "value": statistics.median(values),
        "unit": unit,
        "note": note,
        "more_is_better": False,
        "turns": len(values),
    }


def main() -> None:
    """Print how many times better each row is, and whether that is what the issue asks for."""
    # As users have it: the first start, which does not count, leaves bytecode; the original has its own.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours, peer, _ = sides()
    one, other = _measured([ours.python, peer.python])
    mine, others = [one], [other]
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
