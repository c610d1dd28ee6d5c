"""`runserver` from start to end: who it starts, whom it heals, what is left when it goes, however it goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from funcnodes.server.client import connect
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from tests.support.closing import closing_code
from tests.support.processes import Program, kill_all_of, make_base, processes_of

pytestmark = pytest.mark.timeout(120)


@dataclass
class Served:
    """A `runserver` that is ready, with one worker running."""

    program: Program
    base: Base
    ui: str
    uuid: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header that lets a program in."""
        return {"Authorization": f"Bearer {self.base.token_file.read_text()}"}

    async def add_node(self) -> str:
        """Add a node through the relay and return its id: acknowledged, so it must last."""
        answer = await self.ask("add_node", id="add_node")
        return str(answer["id"])

    async def nodes(self) -> set[str]:
        """Return the ids of the worker's nodes, as seen through the relay."""
        return {node["id"] for node in await self.ask("get_nodes")}

    async def ask(self, command: str, **kwargs: Any) -> Any:
        """Return the worker's answer through the relay."""
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{self.ui}/worker/{self.uuid}/", headers=self.bearer) as worker,
        ):
            await worker.send_json({"type": "cmd", "cmd": command, "id": "1", "kwargs": kwargs})
            while (message := json.loads(await worker.receive_str(timeout=15))).get("id") != "1":
                pass
            assert message["type"] == "result", message
            return message["result"]

    async def worker_pid(self) -> int:
        """Return the process of the worker, as the manager sees it."""
        async with connect(self.base) as manager:
            return int((await manager.call("status"))["workers"][0]["pid"])


@asynccontextmanager
async def served(folder: Path, *arguments: str) -> AsyncIterator[Served]:
    """Give a ready `runserver` with a worker; whatever the test does, no process is left."""
    base = Base(make_base(folder / "base"))
    program = await Program.start("--dir", str(base.folder), "runserver", "--no-browser", *arguments)
    try:
        ui = (await program.wait_for_line(r"(http://\S+)/session\?code=")).group(1)
        uuid = await new_worker(base)
        yield Served(program, base, ui, uuid)
    finally:
        kill_all_of(base.folder)
        await program.end(signal.SIGKILL)


async def new_worker(base: Base) -> str:
    async with connect(base) as manager:
        uuid = str((await manager.call("new_worker", name="w", in_venv=False))["uuid"])
        await manager.call("start_worker", workerid=uuid)
        return uuid


async def wait_gone(base: Base, limit_s: float = 20) -> None:
    """Return when no process of this base folder lives any more; they are not our children, so we look."""
    async with asyncio.timeout(limit_s):
        while left := processes_of(base.folder):
            await asyncio.to_thread(psutil.wait_procs, left, 0.2)


def wait_for_manager_process(base: Base, limit_s: float = 20) -> None:
    """Return when the manager's process exists, long before it is ready; there is no event for that."""
    deadline = time.monotonic() + limit_s
    while not any("startworkermanager" in p.cmdline() for p in processes_of(base.folder)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_free(address: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
async def test_told_to_end_it_ends_all_it_started_with_state_saved(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl+C, the system, a closed terminal: no process, no port, and the next start has the node."""
    async with served(tmp_path) as running:
        node = await running.add_node()
        assert await running.program.end(number) == 0
        assert processes_of(running.base.folder) == []
        assert is_free(running.ui)
        folder = running.base.workers / f"worker_{running.uuid}"
        saved = json.loads((folder / "nodespace.json").read_text())
        assert [entry["id"] for entry in saved["backend"]["nodes"]] == [node]
        assert "FuncNodes has stopped." in running.program.lines


async def test_killed_itself_its_manager_and_workers_end_in_good_order(tmp_path: Path) -> None:
    """Nobody is left to tell them; the manager notices by itself."""
    async with served(tmp_path) as running:
        node = await running.add_node()
        os.kill(running.program.process.pid, signal.SIGKILL)
        await wait_gone(running.base)
        folder = running.base.workers / f"worker_{running.uuid}"
        saved = json.loads((folder / "nodespace.json").read_text())
        assert [entry["id"] for entry in saved["backend"]["nodes"]] == [node]


async def test_a_killed_manager_is_started_again_and_the_worker_never_stops(tmp_path: Path) -> None:
    """The same process goes on, the relay finds it again, and the end still ends everything."""
    async with served(tmp_path) as running:
        node = await running.add_node()
        worker = await running.worker_pid()
        before = read_supervisor_file(running.base)
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)
        await running.program.wait_for_line("manager had ended unexpectedly; it was started again")
        assert await running.nodes() == {node}
        assert await running.worker_pid() == worker
        after = read_supervisor_file(running.base)
        assert after is not None
        assert after.pid != before.pid
        assert await running.program.end(signal.SIGINT) == 0
        assert processes_of(running.base.folder) == []


async def _ping(page: aiohttp.ClientWebSocketResponse) -> None:
    """Return when the manager has answered; what it pushes of itself may come in between."""
    await page.send_str("ping")
    async with asyncio.timeout(10):
        while await page.receive_str() != "pong":
            pass


async def test_a_page_survives_the_managers_death(tmp_path: Path) -> None:
    """Its socket closes with a code that says to come again, and coming again needs no second try."""
    async with served(tmp_path) as running, aiohttp.ClientSession(headers=running.bearer) as http:
        page = await http.ws_connect(f"{running.ui}/manager")
        await _ping(page)
        address = read_supervisor_file(running.base)
        assert address is not None
        os.kill(address.pid, signal.SIGKILL)
        assert await closing_code(page, 5) == 1013
        async with http.ws_connect(f"{running.ui}/manager") as again:
            await _ping(again)
        assert await running.program.end(signal.SIGINT) == 0


async def test_a_manager_that_was_there_before_stays(tmp_path: Path) -> None:
    """We end what we started, and only that."""
    base = Base(make_base(tmp_path / "base"))
    manager = await Program.start("--dir", str(base.folder), "startworkermanager")
    try:
        await manager.wait_for_line("listens on ws://")
        program = await Program.start("--dir", str(base.folder), "runserver", "--no-browser")
        await program.wait_for_line("FuncNodes is ready")
        assert await program.end(signal.SIGINT) == 0
        async with connect(base) as client:
            assert await client.call("status") == {"workers": []}
        assert await manager.end(signal.SIGINT) == 0
        assert manager.lines[-1] == "The worker manager has stopped."
    finally:
        kill_all_of(base.folder)
        await manager.end(signal.SIGKILL)


async def test_a_second_manager_is_refused_with_the_reason(tmp_path: Path) -> None:
    """One owner per base folder."""
    base = Base(make_base(tmp_path / "base"))
    first = await Program.start("--dir", str(base.folder), "startworkermanager")
    try:
        await first.wait_for_line("listens on ws://")
        second = await Program.start("--dir", str(base.folder), "startworkermanager", "--port", "0")
        await second.wait_for_line(f"is managed by process {first.process.pid}")
        async with asyncio.timeout(20):
            assert await second.process.wait() == 1
        await second.end()
    finally:
        await first.end(signal.SIGINT)


async def test_the_end_may_come_while_it_starts(tmp_path: Path) -> None:
    """Ctrl+C at the first moment leaves nothing behind either."""
    base = Base(make_base(tmp_path / "base"))
    program = await Program.start("--dir", str(base.folder), "runserver", "--no-browser")
    try:
        await asyncio.to_thread(wait_for_manager_process, base)
        assert await program.end(signal.SIGINT) == 0
        await wait_gone(base)
    finally:
        kill_all_of(base.folder)
