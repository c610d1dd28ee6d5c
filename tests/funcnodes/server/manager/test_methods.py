"""The manager's JSON-RPC methods, and its ways to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from funcnodes.server.client import ManagerRefused, connect
from funcnodes.server.manager.methods import WISH_REFUSED
from funcnodes.server.manager.service import open_manager
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc import errors

from tests.support.fleet import (
    TINY_WORKER,
    Status,
    base_in,
    fleet_of,
    manager_of,
    new_worker,
    status_of,
    wait_for_status,
)
from tests.support.processes import kill_all_of

STOP_S = 20.0
"""How long a manager may take to end with its workers on a busy machine."""


@pytest.mark.alone
async def test_a_watcher_is_told_of_each_change_soon(tmp_path: Path) -> None:
    """Without asking, and within 100 ms of a process's end."""
    base = base_in(tmp_path)
    heard: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()

    def hear(method: str, params: dict[str, Any]) -> None:
        if method == "status":
            heard.put_nowait((time.perf_counter(), params["workers"][0]))

    async def wait_for(phase: str) -> tuple[float, dict[str, Any]]:
        async with asyncio.timeout(10):
            while (news := await heard.get())[1]["phase"] != phase:
                pass
        return news

    async with manager_of(base), connect(base, hear) as watcher, connect(base) as client:
        assert await watcher.call("watch") == {"workers": []}
        uuid = await new_worker(client, "watched")
        delays: list[float] = []
        for _ in range(3):
            _, running = await wait_for("running")
            killed = time.perf_counter()
            os.kill(running["pid"], signal.SIGKILL)
            async with asyncio.timeout(10):
                while (news := await heard.get())[1]["pid"] == running["pid"]:
                    pass
            delays.append(news[0] - killed)
        await client.call("stop_worker", workerid=uuid)
        await wait_for("stopped")

    assert min(delays) < 0.1, delays


async def test_mistakes_have_their_codes(tmp_path: Path) -> None:
    """The socket stays open after each."""
    async with fleet_of(base_in(tmp_path)) as client:
        codes: list[int] = []
        for method, params in (
            ("start_worker", {"workerid": "nobody"}),
            ("start_worker", {}),
            ("dance", {}),
            ("new_worker", {"uuid": "../../escape"}),
            ("new_worker", {"autostart": "sometimes"}),
            ("install", {"workerid": "nobody", "package": "x"}),
        ):
            with pytest.raises(ManagerRefused) as refused:
                await client.call(method, **params)
            codes.append(refused.value.code)
        assert await client.call("status") == {"workers": []}

    assert codes == [
        errors.NOT_FOUND,
        errors.INVALID_PARAMS,
        errors.METHOD_NOT_FOUND,
        errors.INVALID_PARAMS,
        errors.INVALID_PARAMS,
        errors.NOT_FOUND,
    ]


async def test_a_stopped_worker_gets_another_name_and_policy(tmp_path: Path) -> None:
    """On disk, told to who watches, and one field alone; a policy that there is not changes nothing."""
    base, told = base_in(tmp_path), asyncio.Queue[list[Status]]()

    def hear(method: str, params: dict[str, Any]) -> None:
        if method == "status":
            told.put_nowait(params["workers"])

    async with fleet_of(base) as client, connect(base, hear) as watcher:
        uuid = await new_worker(client, "first", start=False)
        await watcher.call("watch")
        both = await client.call("update_worker", workerid=uuid, name="second", autostart="always")
        async with asyncio.timeout(10):
            while (await told.get())[0]["name"] != "second":
                pass
        one = await client.call("update_worker", workerid=uuid, autostart=False)
        with pytest.raises(ManagerRefused) as refused:
            await client.call("update_worker", workerid=uuid, name="third", autostart="sometimes")
        with pytest.raises(ManagerRefused) as unknown:
            await client.call("update_worker", workerid="nobody", name="third")
        shown = await status_of(client, uuid)
        written = read_worker_config(WorkerHome(base, uuid))

    assert both == {"name": "second", "autostart": "always"}
    assert one == {"name": "second", "autostart": "never"}
    assert (refused.value.code, unknown.value.code) == (errors.INVALID_PARAMS, errors.NOT_FOUND)
    assert (shown["name"], shown["autostart"], shown["phase"]) == ("second", "never", "stopped")
    assert (written.name, written.autostart) == ("second", "never")


async def test_a_second_worker_of_the_same_id_is_refused(tmp_path: Path) -> None:
    """The first stays as it is."""
    async with fleet_of(base_in(tmp_path)) as client:
        await client.call("new_worker", uuid="mine", name="first", in_venv=False)
        with pytest.raises(ManagerRefused, match="already"):
            await client.call("new_worker", uuid="mine", name="second", in_venv=False)
        workers = (await client.call("status"))["workers"]

    assert [worker["name"] for worker in workers] == ["first"]


async def test_a_start_that_is_stopped_meanwhile_is_answered(tmp_path: Path) -> None:
    """Nobody waits for ever: the start hears that it was called off."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client, connect(base) as other:
        uuid = await new_worker(client, "undecided", start=False)
        start = asyncio.create_task(client.call("start_worker", workerid=uuid))
        await wait_for_status(other, uuid, lambda s: s["phase"] == "starting")
        await other.call("stop_worker", workerid=uuid)
        outcome = (await asyncio.gather(start, return_exceptions=True))[0]
        stopped = await status_of(other, uuid)

    assert outcome == {} or (isinstance(outcome, ManagerRefused) and outcome.code == WISH_REFUSED)
    assert (stopped["phase"], stopped["pid"]) == ("stopped", None)


async def test_many_starts_at_once_make_one_process(tmp_path: Path) -> None:
    """The original started three."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        uuid = await new_worker(client, "popular", start=False)
        await asyncio.gather(*(client.call("start_worker", workerid=uuid) for _ in range(10)))
        processes = [p for p in psutil.Process().children(recursive=True) if uuid in " ".join(p.cmdline())]

    assert len(processes) == 1


@pytest.mark.parametrize("workers", [True, False])
async def test_stop_ends_the_manager_and_its_workers_if_they_are_meant(tmp_path: Path, workers: bool) -> None:
    """`stop {workers: true}` takes them along, `stop {}` leaves them."""
    base = base_in(tmp_path)
    try:
        async with manager_of(base, keep_workers=True) as manager, connect(base) as client:
            uuid = await new_worker(client, "w")
            worker = psutil.Process(int(str((await status_of(client, uuid))["pid"])))
            await client.call("stop", workers=workers)
            async with asyncio.timeout(STOP_S):
                await manager.wait_stopped()
        lives = worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE
    finally:
        kill_all_of(base.folder)

    assert lives is not workers
    assert read_supervisor_file(base) is None


async def test_the_stop_file_ends_the_manager(tmp_path: Path) -> None:
    """And is removed."""
    base = base_in(tmp_path)
    async with manager_of(base) as manager:
        (base.folder / "kill_worker_manager").touch()
        async with asyncio.timeout(STOP_S):
            await manager.wait_stopped()

    assert not (base.folder / "kill_worker_manager").exists()


async def test_a_manager_whose_owner_is_gone_ends(tmp_path: Path) -> None:
    """So nothing is left of a `runserver` that was killed."""
    base = base_in(tmp_path)
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    async with open_manager(
        base, host="127.0.0.1", port=0, owner_pid=owner.pid, worker_program=TINY_WORKER
    ) as manager:
        owner.kill()
        await owner.wait()
        async with asyncio.timeout(STOP_S):
            await manager.wait_stopped()

    assert read_supervisor_file(base) is None
