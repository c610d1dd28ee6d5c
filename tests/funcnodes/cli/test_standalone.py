"""`funcnodes standalone`: one file in the editor, held until trusted, written back as it is edited."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from funcnodes.cli import main
from funcnodes.client.opening import connect
from funcnodes.headless.standalone import digest_of, read_record
from funcnodes_worker.home.base import Base

from tests.support.flows import sum_flow
from tests.support.processes import Program, kill_all_of, processes_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Path]:
    """A flow that was made elsewhere; what runs for it ends with the test."""
    yield sum_flow(tmp_path / "sum.fnw", files={"notes.txt": "keep me"})
    kill_all_of(tmp_path)


def names_in(file: Path) -> list[str]:
    """Return what the nodes of a flow are called."""
    with zipfile.ZipFile(file) as archive:
        return [node["name"] for node in json.loads(archive.read("state"))["backend"]["nodes"]]


async def wait_until(seen: Callable[[], Any], limit_s: float = 30) -> None:
    """Return when this is true of a file that another program writes."""
    deadline = time.monotonic() + limit_s
    while not seen():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.05)


async def test_a_flow_is_held_edited_written_back_and_found_again(file: Path) -> None:
    """Edits come into the file while it is open; the next opening goes on where the first ended."""
    base, before = Base(file.with_name("sum_config")), digest_of(file)
    arguments = ("standalone", str(file), "--no-browser", "--not-in-venv")
    program = await Program.start(*arguments)
    await program.wait_for_line(r"FuncNodes is ready: http://localhost:\d+/session\?code=")
    await program.wait_for_line("it is held: nothing of it is installed or run until you trust it")
    uuid = before[:32]
    # Clicked on once more: the same editor, and it ends neither with this one nor instead of it.
    twice = await Program.start(*arguments)
    await twice.wait_for_line(r"sum.fnw is open already: http://localhost:\d+/session\?code=")
    assert await twice.process.wait() == 0
    async with connect(uuid, base=base.folder) as worker:
        assert (await worker.call("get_trust"))["held"]
        await worker.call("update_node", nid="id-first", data={"name": "Renamed"})
        await wait_until(lambda: names_in(file) == ["Renamed", "Second"])
        assert (await worker.call("trust"))["restarts"] is False
        await worker.wait_idle()
        assert await worker.get("id-second", "out") == 13
        # The last edit before the end is not waited for, and comes into the file all the same.
        await worker.call("update_node", nid="id-second", data={"name": "Last"})
    assert await program.end(signal.SIGINT) == 0
    assert names_in(file) == ["Renamed", "Last"]
    with zipfile.ZipFile(file) as archive:
        assert archive.read("files/notes.txt") == b"keep me"
    assert processes_of(base.folder) == []

    again = await Program.start(*arguments)
    await again.wait_for_line("FuncNodes is ready")
    async with connect(uuid, base=base.folder) as worker:
        assert not (await worker.call("get_trust"))["held"]
        assert (await worker.call("history"))["steps"][0]["title"]
        # Another program writes the file meanwhile: it is left alone.
        sum_flow(file)
        foreign = digest_of(file)
        await worker.call("update_node", nid="id-first", data={"name": "Mine"})
        await again.wait_for_line("another program changed sum.fnw; your edits are in sum.edited-")
    assert await again.end(signal.SIGTERM) == 0
    assert digest_of(file) == foreign
    assert "Mine" in names_in(next(file.parent.glob("sum.edited-*.fnw")))
    record = read_record(base)
    assert record is not None
    assert record.uuid == uuid


async def test_what_was_edited_before_a_crash_comes_into_the_file_when_it_is_opened_again(
    file: Path,
) -> None:
    """Nobody who heard of the edit lived to write it; the file is behind the worker by a revision."""
    base, before = Base(file.with_name("sum_config")), digest_of(file)
    arguments = ("standalone", str(file), "--no-browser", "--not-in-venv")
    program = await Program.start(*arguments)
    await program.wait_for_line("FuncNodes is ready")
    async with connect(before[:32], base=base.folder) as worker:
        # Stopped, so that it cannot write before it is killed.
        program.process.send_signal(signal.SIGSTOP)
        await worker.call("update_node", nid="id-second", data={"name": "Last"})
    kill_all_of(base.folder)
    await program.end(signal.SIGKILL)
    assert digest_of(file) == before

    again = await Program.start(*arguments)
    await again.wait_for_line("FuncNodes is ready")
    await wait_until(lambda: names_in(file) == ["First", "Last"])
    assert await again.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "give either one file or --register"),
        (["x.fnw", "--register"], 2, "give either one file or --register"),
        (["nope.fnw"], 1, "there is no file nope.fnw"),
        (["x.fnw", "--host", "0.0.0.0"], 2, "can be reached from outside"),
    ],
)
def test_what_is_wrongly_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """As published: exit code 2 for both or neither."""
    assert main.run(["standalone", *arguments]) == code
    assert said in capsys.readouterr().err.lower()


def test_the_system_is_told_of_these_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Linux by the files that desktops read."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main.run(["standalone", "--register"]) == 0
    assert "opened with FuncNodes from now on" in capsys.readouterr().out
    assert "*.fnw" in (tmp_path / "mime/packages/funcnodes.xml").read_text()
    assert "standalone %f" in (tmp_path / "applications/funcnodes.desktop").read_text()
