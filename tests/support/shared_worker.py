"""One worker process for the tests of a module: each finds an empty graph, and leaves it as it is on disk.

For tests that need a real worker and neither end it nor change its settings, packages or external workers.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.processes import program_environment
from tests.support.worker_process import PACKAGES, WorkerProcess, assert_disk_is_the_graph, make_worker

START_S, END_S = 60.0, 10.0


@dataclass
class _Process:
    """A process that belongs to no event loop, with what tests ask of one."""

    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def returncode(self) -> int | None:
        return self.popen.poll()


@contextlib.contextmanager
def shared_worker(folder: Path, packages: Sequence[str] = ("funcnodes-lab",)) -> Generator[WorkerProcess]:
    """Give a worker that is stopped at the end."""
    home = make_worker(folder, packages)
    command = [sys.executable, "-X", "faulthandler", "-m", "funcnodes_worker.process.main"]
    popen = subprocess.Popen(
        [*command, "--base", str(home.base.folder), "--uuid", home.uuid, "--no-supervisor"],
        env={**program_environment(), "PYTHONPATH": str(PACKAGES)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_ready(home, popen)
        process: Any = _Process(popen)
        worker = WorkerProcess(home.base, home.uuid, process)
        yield worker
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(END_S) == 0, worker.log()
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()


def _wait_ready(home: WorkerHome, popen: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while not (home.runstate_file.exists() and home.runstate_file.read_text() == "running"):
        assert popen.poll() is None, f"the worker ended with {popen.returncode}"
        assert time.monotonic() < deadline, "the worker was not ready in time"
        # A file of another process has no event to wait for.
        time.sleep(0.01)


@contextlib.asynccontextmanager
async def emptied(worker: WorkerProcess, *, is_compared: bool = True) -> AsyncGenerator[WorkerProcess]:
    """Give the worker with an empty graph; at the end what is on disk is compared with what it shows.

    Only nodes of the package `funcnodes-lab` and the basic ones can be compared.
    """
    async with worker.connect() as client:
        await client.call("clear")
        await client.call("wait_idle")
    yield worker
    if is_compared:
        await assert_disk_is_the_graph(worker)
