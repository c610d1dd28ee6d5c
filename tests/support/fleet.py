"""A manager for tests, in this process or in one of its own, and a word with tiny workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from funcnodes.server.client import ManagerClient, connect
from funcnodes.server.manager.service import Manager, open_manager
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

TINY_WORKER = (str(Path(__file__).with_name("tiny_worker.py")),)
Status = dict[str, object]


def base_in(folder: Path) -> Base:
    """Return a base folder that does not exist yet."""
    return Base(folder / "base")


@contextlib.asynccontextmanager
async def manager_of(
    base: Base,
    *,
    program: tuple[str, ...] | None = TINY_WORKER,
    keep_workers: bool = False,
    autostart: bool = False,
) -> AsyncGenerator[Manager]:
    """Give a manager in this process; its workers end with it unless they are to be kept."""
    async with open_manager(
        base, host="127.0.0.1", port=0, autostart=autostart, worker_program=program
    ) as manager:
        try:
            yield manager
        finally:
            if not keep_workers:
                manager.request_stop(workers=True)


@contextlib.asynccontextmanager
async def fleet_of(
    base: Base, *, program: tuple[str, ...] | None = TINY_WORKER
) -> AsyncGenerator[ManagerClient]:
    """Give a client of a fresh manager."""
    async with manager_of(base, program=program), connect(base) as client:
        yield client


async def new_worker(client: ManagerClient, name: str, *, start: bool = True) -> str:
    """Return the id of a new worker that shares this interpreter."""
    uuid = str((await client.call("new_worker", name=name, in_venv=False))["uuid"])
    if start:
        await client.call("start_worker", workerid=uuid)
    return uuid


async def status_of(client: ManagerClient, uuid: str) -> Status:
    """Return how the manager shows a worker."""
    workers = (await client.call("status"))["workers"]
    return next(worker for worker in workers if worker["uuid"] == uuid)


async def wait_for_status(
    client: ManagerClient, uuid: str, wanted: Callable[[Status], object], timeout_s: float = 30
) -> Status:
    """Return the first status that is as wanted."""
    status: Status = {}
    try:
        async with asyncio.timeout(timeout_s):
            # A poll with a limit; `watch` has a test of its own.
            while not wanted(status := await status_of(client, uuid)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"the worker did not come to that within {timeout_s} s: {status}") from None
    return status


def nearly_all_below(times: list[float], limit_s: float) -> bool:
    """Tell whether 99 of 100 are below the limit: the machine itself now and then holds a process back."""
    assert len(times) > 10
    return sorted(times)[int(len(times) * 0.99) - 1] < limit_s


class Line:
    """A line to a tiny worker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ping(self) -> float:
        """Return the seconds one answer took."""
        start = time.perf_counter()
        self._writer.write(b"ping\n")
        assert await self._reader.readline() == b"pong\n"
        return time.perf_counter() - start

    async def run(self, node: str, what: str) -> None:
        """Have a node run this."""
        self._writer.write(f"run {node} {what}\n".encode())
        assert await self._reader.readline() in (b"pong\n", b"")

    def close(self) -> None:
        """End the line."""
        self._writer.close()


@contextlib.asynccontextmanager
async def line_to(client: ManagerClient, uuid: str) -> AsyncGenerator[Line]:
    """Give a line to a running tiny worker."""
    status = await status_of(client, uuid)
    line = Line(*await asyncio.open_connection("127.0.0.1", int(str(status["port"]))))
    try:
        yield line
    finally:
        line.close()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from funcnodes.server.manager.service import open_manager
from funcnodes_worker.home.base import Base
async def main():
    base, program = Base(Path(sys.argv[1])), tuple(sys.argv[2:]) or None
    async with open_manager(base, host="127.0.0.1", port=0, worker_program=program) as manager:
        await manager.wait_stopped()
asyncio.run(main())
"""


async def start_manager_process(
    base: Base, program: tuple[str, ...] = TINY_WORKER, timeout_s: float = 20
) -> asyncio.subprocess.Process:
    """Return the process of a manager that is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(base.folder),
        *program,
        env=dict(os.environ),
        start_new_session=True,
    )
    async with asyncio.timeout(timeout_s):
        while (address := read_supervisor_file(base)) is None or address.pid != process.pid:
            assert process.returncode is None, "the manager ended"
            await asyncio.sleep(0.01)  # A poll with a limit: the file is the manager's word that it is ready.
    return process
