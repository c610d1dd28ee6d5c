"""A worker with nothing to do does nothing, holds little, and has not imported what only others need."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from funcnodes_worker.process.lifecycle import YOUNG_OBJECTS
from funcnodes_worker.process.watch import WATCH_S, Watch
from funcnodes_worker.runtime.running import Run, RunningNode

from tests.support.processes import program_environment, wakeups
from tests.support.worker_process import (
    WorkerProcess,
    make_worker,
    packages_as_installed,
    running_worker,
)

OTHERS = {
    "numpy", "pandas", "pydantic", "rich", "typer", "pyarrow", "PIL", "tqdm.gui", "unittest", "pytest",
    # For clients of the web, and a watch over linked modules: imported where they are needed.
    "aiohttp.connector", "aiohttp.tracing", "urllib.request", "http.client", "html.entities", "watchdog",
}  # fmt: skip
MOST_MIB = 50
MOST_LOOKS = 25
"""How often the garbage collector may look in the life of such a worker: without care it did 140 times."""


@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counted as Linux counts")
async def test_an_idle_worker_does_not_wake_up_at_all(tmp_path: Path) -> None:
    """Not with a client that listens either: nothing polls. The one wake-up allowed is a late timer's."""
    async with (
        running_worker(tmp_path, is_forked=False) as worker,
        worker.connect(subscribe=True) as client,
    ):
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("wait_idle")
        process = psutil.Process(worker.process.pid)
        await wait_quiet(worker)
        before, cpu_before = wakeups(worker.process.pid), process.cpu_times()
        await asyncio.sleep(3.0)
        after, cpu_after = wakeups(worker.process.pid), process.cpu_times()
        assert after - before <= 1
        assert sum(cpu_after[:2]) - sum(cpu_before[:2]) <= 0.01


async def wait_quiet(worker: WorkerProcess, limit_s: float = 20.0) -> None:
    """Return when the snapshot of the last edit is written and the watch has gone to rest."""
    async with asyncio.timeout(limit_s):
        before = -1
        while (now := wakeups(worker.process.pid)) != before:
            before = now
            await asyncio.sleep(1.5)


async def test_an_idle_worker_is_small_and_has_not_imported_what_only_others_need(tmp_path: Path) -> None:
    """From start to stop, a client served in between: each would cost every worker time and memory."""
    home = make_worker(tmp_path)
    imports = tmp_path / "imports"
    environment = {**program_environment(), "PYTHONPATH": packages_as_installed(tmp_path)}
    # Python itself imports this first: from there on the collector says when it looks, at the end how often.
    (tmp_path / "installed" / "sitecustomize.py").write_text(
        "import atexit, gc, sys\n"
        "gc.set_debug(gc.DEBUG_STATS)\n"
        "atexit.register(lambda: print('looks after', gc.get_threshold()[0], file=sys.stderr))\n"
    )
    with imports.open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "importtime", "-m", "funcnodes_worker.process.main",
            "--base", str(home.base.folder), "--uuid", home.uuid, "--no-supervisor",
            env=environment, stdin=asyncio.subprocess.DEVNULL, stderr=told,
        )  # fmt: skip
    worker = WorkerProcess(home.base, home.uuid, process)
    try:
        await worker.wait_ready()
        async with worker.connect(subscribe=True) as client:
            await client.call("get_library")
            await client.call("full_state")
        # What is in memory, code of libraries that others share included: what the system tells a user of it
        # (`ps`, `top`), and what the original's 66 MiB are. Its own share alone (PSS) is a third less.
        size = psutil.Process(process.pid).memory_info().rss / 2**20
        assert await worker.end(signal.SIGTERM) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = imports.read_text().splitlines()
    imported = {line.split("|")[-1].strip() for line in lines if "|" in line}
    looks = [line for line in lines if line.startswith("gc: collecting generation")]
    assert "funcnodes_worker.server.app" in imported
    assert imported & OTHERS == set()
    assert size <= MOST_MIB, f"{size:.1f} MiB"
    assert 0 < len(looks) <= MOST_LOOKS, len(looks)
    assert f"looks after {YOUNG_OBJECTS}" in lines, "as usual from the loaded library on"


class Clock:
    """A run that begins and ends on request."""

    def __init__(self) -> None:
        self.running = RunningNode()
        self.lasting: list[Run] = []
        self.told = asyncio.Event()

    def lasts(self, run: Run) -> None:
        self.lasting.append(run)
        self.told.set()


@pytest.mark.alone
async def test_a_run_that_lasts_is_told_once_and_the_watch_rests_when_it_is_over() -> None:
    clock = Clock()
    watching = asyncio.create_task(Watch(clock.running, clock.lasts).run())
    await asyncio.sleep(0)
    begun = time.monotonic()
    clock.running.begin("a")
    async with asyncio.timeout(5):
        await clock.told.wait()
    assert time.monotonic() - begun >= WATCH_S
    await asyncio.sleep(2 * WATCH_S)
    clock.running.end()
    await asyncio.sleep(3 * WATCH_S)
    assert [(run.node, run.number) for run in clock.lasting] == [("a", 1)]
    assert not clock.running._is_awake, "it rests"
    clock.told.clear()
    clock.running.begin("b")
    async with asyncio.timeout(5):
        await clock.told.wait()
    assert [run.node for run in clock.lasting] == ["a", "b"]
    watching.cancel()
    await asyncio.wait([watching])


async def test_a_run_that_began_before_the_watch_is_told_too() -> None:
    """A graph that spins from its first moment may do so before the server's thread begins to look."""
    clock = Clock()
    clock.running.begin("a")
    watching = asyncio.create_task(Watch(clock.running, clock.lasts).run())
    async with asyncio.timeout(5):
        await clock.told.wait()
    assert [run.node for run in clock.lasting] == ["a"]
    watching.cancel()
    await asyncio.wait([watching])
