"""A worker's log through the manager: last lines, new ones as they come, past rotations; who may."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import ManagerRefused, connect
from funcnodes.server.manager.logs import LogReader
from funcnodes.server.manager.methods import TABLE
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc import errors
from funcnodes_worker.rpc.gate import Right

from tests.support.fleet import base_in, manager_of, new_worker


def test_a_reader_goes_on_past_rotations_and_misses_nothing(tmp_path: Path) -> None:
    """Not the lines written between its last look and the rename, and no half of a line."""
    file = tmp_path / "worker.log"
    reader = LogReader(file)
    assert (reader.last(10), reader.new()) == ([], [])
    file.write_text("one\ntwo\nthr")
    assert reader.last(1) == ["two"]
    with file.open("a") as log:
        log.write("ee\nfour\n")
    file.rename(tmp_path / "worker.log.1")
    assert reader.new() == ["three", "four"]
    assert reader.new() == []
    file.write_text("five\n")
    assert reader.new() == ["five"]
    file.write_text("6\n")
    assert reader.new() == ["6"]
    reader.close()


def test_of_a_large_log_only_the_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "worker.log"
    file.write_text("".join(f"{number:09d}\n" for number in range(600_000)))
    reader = LogReader(file)
    found = reader.last(1_000_000)
    assert (found[-1], len(found[0])) == ("000599999", 9)
    assert 400_000 < len(found) < 450_000
    reader.close()


@pytest.mark.alone
async def test_who_follows_is_told_what_comes_and_who_stops_is_not(tmp_path: Path) -> None:
    """Within a look, from a worker that is down too; two followers do not disturb each other."""
    base = base_in(tmp_path)
    heard: dict[str, asyncio.Queue[list[str]]] = {"a": asyncio.Queue(), "b": asyncio.Queue()}

    def hear(name: str, method: str, params: dict[str, Any]) -> None:
        if method == "log":
            heard[name].put_nowait(params["lines"])

    async with (
        manager_of(base),
        connect(base, lambda method, params: hear("a", method, params)) as one,
        connect(base, lambda method, params: hear("b", method, params)) as other,
    ):
        uuid = await new_worker(one, "logged", start=False)
        file = WorkerHome(base, uuid).log_file
        file.write_text("before\nlast\n")
        assert await one.call("logs", workerid=uuid, lines=1, follow=True) == {"lines": ["last"]}
        assert await other.call("logs", workerid=uuid, lines=0, follow=True) == {"lines": []}
        began = time.perf_counter()
        with file.open("a") as log:
            log.write("new\n")
        for name in ("a", "b"):
            assert await asyncio.wait_for(heard[name].get(), 10) == ["new"]
        assert time.perf_counter() - began < 5
        await one.call("logs", workerid=uuid, lines=0, follow=False)
        file.replace(file.with_name("worker.log.1"))
        file.write_text("after\n")
        assert await asyncio.wait_for(heard["b"].get(), 10) == ["after"]
        assert heard["a"].empty()
        await one.call("delete_worker", workerid=uuid)
        assert "deleted" in (await asyncio.wait_for(heard["b"].get(), 10))[0]
        with pytest.raises(ManagerRefused) as unknown:
            await one.call("logs", workerid=uuid)
    assert unknown.value.code == errors.NOT_FOUND


def test_a_log_needs_the_right_to_edit_as_at_the_worker() -> None:
    """It holds tracebacks, paths and what nodes print (R10)."""
    assert {method.right for method in TABLE if method.name == "logs"} == {Right.EDIT}
