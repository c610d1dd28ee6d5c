"""The log of a worker: followed over the socket, rotated, and with the stack of a crash."""

from __future__ import annotations

import contextlib
import logging
import signal
from pathlib import Path

import pytest
from funcnodes.client.errors import ConnectionLost
from funcnodes.client.happenings import Told
from funcnodes_worker.process import logs
from funcnodes_worker.process.logs import worker_log

import funcnodes
from tests.support.worker_process import make_worker, running_worker, spawn


async def test_who_follows_the_log_is_told_new_lines_and_nobody_else_is(tmp_path: Path) -> None:
    async with (
        running_worker(tmp_path) as worker,
        funcnodes.connect("lab", base=worker.base.folder) as reader,
        funcnodes.connect("lab", base=worker.base.folder) as other,
        reader.listening() as heard,
        other.listening() as heard_by_other,
    ):
        await reader.call("logs", follow=True)
        await reader.add_node("lab.say", uuid="speaker")
        await reader.set("speaker", "text", "hello there")
        lines: list[str] = []
        while not any("hello there" in line for line in lines):
            event = await heard.get()
            if isinstance(event, Told) and event.event == "log":
                lines += event.data["lines"]
        assert any("[speaker] hello there" in line for line in lines)
        await reader.call("logs", follow=False)
        await reader.set("speaker", "text", "again")
        await reader.wait_idle()
        await other.call("get_nodes")
        told = [heard.get_nowait() for _ in range(heard.qsize())]
        told += [heard_by_other.get_nowait() for _ in range(heard_by_other.qsize())]
        assert [event for event in told if isinstance(event, Told) and event.event == "log"] == []
        shown = (await reader.call("logs", lines=50))["lines"]
        assert any("again" in line for line in shown)


async def test_the_stack_of_a_crash_is_kept_and_told_by_the_next_start(tmp_path: Path) -> None:
    """Native code that crashes leaves no time for a log; the interpreter writes where it was."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with funcnodes.connect("lab", base=worker.base.folder, patience_s=0.1) as lab:
        await lab.add_node("lab.abort", uuid="a")
        # The crash may come before the answer.
        with contextlib.suppress(ConnectionLost):
            await lab.set("a", "go", value=True)
        assert await worker.process.wait() == -signal.SIGABRT
    crash = home.crash_file.read_text()
    assert "Fatal Python error" in crash
    assert "lab_nodes/__init__.py" in crash
    assert "in abort" in crash
    assert oct(home.crash_file.stat().st_mode & 0o777) == "0o600"
    # The input is set still: without it the node would crash the next process as well.
    home.nodespace_file.unlink(missing_ok=True)
    for file in home.folder.glob("journal.sqlite3*"):
        file.unlink()
    home.runstate_file.unlink()
    worker = await spawn(home)
    try:
        async with funcnodes.connect("lab", base=worker.base.folder) as lab:
            told = "\n".join((await lab.call("logs"))["lines"])
        assert "the process before this one crashed" in told
        assert "in abort" in told
        assert home.crash_file.read_text() == ""
        assert "in abort" in home.crash_file.with_name("crash.log.1").read_text()
    finally:
        assert await worker.end() == 0


def test_the_log_is_rotated_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    monkeypatch.setattr(logs, "BACKUPS", 2)
    with worker_log(tmp_path / "worker.log", lambda: None):
        for number in range(100):
            logging.getLogger("test").info("line %s %s", number, "x" * 50)
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["worker.log", "worker.log.1", "worker.log.2"]
    assert all(file.stat().st_size <= 2000 for file in tmp_path.iterdir())
    assert "line 99" in (tmp_path / "worker.log").read_text()
