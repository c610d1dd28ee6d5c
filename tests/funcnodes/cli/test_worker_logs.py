"""`funcnodes worker logs --follow`: told by the manager, by the file once that has ended, nothing twice.

As a program, without a manager, it stands in `test_worker.py`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from funcnodes.cli.worker_logs import follow_log
from funcnodes.server.client import connect
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.fleet import base_in, manager_of, new_worker


class Follower:
    """Somebody who follows a log, and what was printed for that."""

    def __init__(self, base: Base, log: Path, captured: pytest.CaptureFixture[str]) -> None:
        self._captured, self._printed = captured, ""
        uuid = log.parent.name.removeprefix("worker_")
        self.task = asyncio.create_task(follow_log(base, uuid, log, 1))

    @property
    def lines(self) -> list[str]:
        self._printed += self._captured.readouterr().out
        return self._printed.splitlines()

    async def wait_for(self, line: str) -> None:
        async with asyncio.timeout(20):
            # A poll with a limit: nobody tells when something is printed.
            while line not in self.lines:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_log_is_followed_past_rotation_and_truncation_and_the_end_of_the_manager(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = base_in(tmp_path)
    async with manager_of(base):
        async with connect(base) as client:
            log = WorkerHome(base, await new_worker(client, "demo", start=False)).log_file
        log.write_text("before\nfirst\n")
        follower = Follower(base, log, capsys)
        await follower.wait_for("first")
        _add(log, "second\n")
        await follower.wait_for("second")
        log.rename(log.with_name("worker.log.1"))
        log.write_text("third\n")
        await follower.wait_for("third")
        log.write_text("4\n")
        await follower.wait_for("4")
    _add(log, "fifth\n")
    await follower.wait_for("fifth")
    _add(log, "sixth\n")
    await follower.wait_for("sixth")
    follower.task.cancel()
    await asyncio.wait((follower.task,))

    assert follower.lines == ["first", "second", "third", "4", "fifth", "sixth"]


async def test_who_follows_a_worker_that_is_deleted_is_told_and_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = base_in(tmp_path)
    async with manager_of(base), connect(base) as client:
        uuid = await new_worker(client, "demo", start=False)
        log = WorkerHome(base, uuid).log_file
        log.write_text("first\n")
        follower = Follower(base, log, capsys)
        await follower.wait_for("first")
        await client.call("delete_worker", workerid=uuid)
        async with asyncio.timeout(20):
            await follower.task

    assert follower.lines == ["first", "(the worker was deleted)"]


def _add(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)
