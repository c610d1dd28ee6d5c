"""A manager with nothing to do: no door but its own, no process but its workers', no timer for each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest
from funcnodes.server.client import ManagerClient, connect
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from tests.support.fleet import TINY_WORKER, base_in, new_worker, start_manager_process
from tests.support.processes import kill_all_of, wakeups

MANY = 8
SECONDS = 2.0


async def idle(manager: psutil.Process) -> tuple[int, float]:
    """Return wake-ups and processor seconds of some idle seconds: the fewest of two rounds."""
    rounds: list[tuple[int, float]] = []
    for _ in range(2):
        before, used = wakeups(manager.pid), sum(manager.cpu_times()[:2])
        await asyncio.sleep(SECONDS)
        rounds.append((wakeups(manager.pid) - before, sum(manager.cpu_times()[:2]) - used))
    return min(rounds)


async def start(client: ManagerClient, how_many: int) -> None:
    await asyncio.gather(*(new_worker(client, f"idle {number}") for number in range(how_many)))


@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counted as Linux counts")
async def test_more_idle_workers_wake_the_manager_no_more_often(tmp_path: Path) -> None:
    """One look for the whole fleet, whoever watches (contract 19.1, 19.32, 19.33)."""
    base = base_in(tmp_path)
    process = await start_manager_process(base, TINY_WORKER)
    try:
        manager = psutil.Process(process.pid)
        async with connect(base) as client:
            await client.call("watch")
            await start(client, 1)
            with_one, _ = await idle(manager)
            await start(client, MANY - 1)
            with_many, used = await idle(manager)
        # One look a second at each by itself would be 14 more. The benchmark keeps the figure for 40 workers.
        assert with_many - with_one < SECONDS * (MANY - 1), (with_one, with_many)
        assert used <= 0.02 * SECONDS, f"{100 * used / SECONDS:.1f} % of a processor"
        address = read_supervisor_file(base)
        assert address is not None
        doors = [one for one in manager.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        assert [door.laddr.port for door in doors] == [address.port]
        assert len(manager.children(recursive=True)) == MANY
    finally:
        process.kill()
        await process.wait()
        kill_all_of(base.folder)
