"""Real workers that use too much, and their figures while somebody watches."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import connect
from funcnodes_worker.rpc.errors import INVALID_PARAMS

from tests.support.fleet import base_in, fleet_of, line_to, manager_of, new_worker, status_of, wait_for_status

MIB = 1 << 20


async def test_too_much_is_interrupted_much_too_much_is_ended(tmp_path: Path) -> None:
    """The soft limit keeps the process, the hard one starts it again; both say what was seen."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "greedy")
        limits = {"memory_soft": 300 * MIB, "memory_hard": "600 MiB"}
        await client.call("set_limits", workerid=uuid, limits=limits)
        async with line_to(client, uuid) as line:
            before = await status_of(client, uuid)
            await line.run("node-1", "hold 400")
            soft = await wait_for_status(client, uuid, lambda s: "soft limit" in str(s["reason"]))
            assert soft["pid"] == before["pid"]
            await line.run("node-2", "keep 700")
            hard = await wait_for_status(client, uuid, lambda s: "its limit of" in str(s["reason"]))
            assert "while node `node-2` ran" in str(hard["reason"])
        back = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
        assert back["pid"] != before["pid"]
        (end,) = (await client.call("ends", workerid=uuid))["ends"]
        assert (end["node"], end["followed"]) == ("node-2", "started again")


async def test_a_limit_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    """With what to write instead."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "any", start=False)
        with pytest.raises(Exception, match="a size above 0") as refused:
            await client.call("set_limits", workerid=uuid, limits={"memory_soft": "lots"})
        assert getattr(refused.value, "code", INVALID_PARAMS) == INVALID_PARAMS
        with pytest.raises(Exception, match="lies above the hard one") as refused:
            await client.call(
                "set_limits", workerid=uuid, limits={"memory_soft": "10 GB", "memory_hard": "1 GB"}
            )
        assert getattr(refused.value, "code", None) == INVALID_PARAMS
        assert await client.call("limits", workerid=uuid) == {"limits": {}}


async def test_the_limits_that_are_set_can_be_read(tmp_path: Path) -> None:
    """As numbers, of a worker that does not run as well; what is not set is not named."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "any", start=False)
        assert await client.call("limits", workerid=uuid) == {"limits": {}}
        await client.call("set_limits", workerid=uuid, limits={"memory_hard": "1 GiB", "cpu": 1.5})
        assert await client.call("limits", workerid=uuid) == {"limits": {"memory_hard": 1 << 30, "cpu": 1.5}}


async def test_limits_of_a_running_worker_count_at_once(tmp_path: Path) -> None:
    """Set, changed, and taken away; what is written down is what the system holds it to."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "any")
        pid = int(str((await status_of(client, uuid))["pid"]))
        born = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        seen: list[tuple[int, int]] = []
        for limits in ({"open_files": 200}, {"open_files": 300}, {}):
            await client.call("set_limits", workerid=uuid, limits=limits)
            seen.append(resource.prlimit(pid, resource.RLIMIT_NOFILE))

        assert seen == [(200, born[1]), (300, born[1]), born]


async def test_figures_come_while_somebody_watches_and_are_not_read_otherwise(tmp_path: Path) -> None:
    """Once a second: processors, memory, threads, uptime of each running worker."""
    base = base_in(tmp_path)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def hear(method: str, params: Any) -> None:
        if method == "figures":
            told.put_nowait(params["workers"])

    async with manager_of(base) as manager, connect(base, on_notification=hear) as client:
        uuid = await new_worker(client, "busy")
        await client.call("watch_figures")
        async with asyncio.timeout(10):
            await told.get()
            figures = (await told.get())[uuid]
        await client.call("watch_figures", on=False)

        assert figures["memory"] > MIB
        assert figures["threads"] >= 2
        assert 0 < figures["uptime"] < 60
        async with asyncio.timeout(5):
            # A poll with a limit: it ends with the next reading.
            while manager.supervisor.is_reading_figures:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
