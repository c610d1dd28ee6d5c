"""The verbs of `funcnodes worker`, with a manager and without one: what is done, printed and returned."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes.cli import main
from funcnodes.server.manager.service import open_manager
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import change_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.processes import Program, kill_all_of, make_base, processes_of

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[Base]:
    """A base folder; what runs for it ends with the test."""
    base = Base(make_base(tmp_path / "base"))
    yield base
    kill_all_of(base.folder)


class Command:
    """The command line in this process: an interpreter's start per line would be most of the time."""

    def __init__(self, base: Base, capsys: pytest.CaptureFixture[str]) -> None:
        self.base, self.capsys = base, capsys

    async def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        """Return exit code and printed lines; run in a thread, where it has a loop of its own."""
        code = await asyncio.to_thread(main.run, ["--dir", str(self.base.folder), *arguments])
        captured = self.capsys.readouterr()
        return code, [*captured.err.splitlines(), *captured.out.splitlines()]

    async def json(self, *arguments: str) -> Any:
        """Return what was printed as JSON."""
        code, lines = await self(*arguments, "--json")
        assert code == 0, lines
        return json.loads("".join(lines))

    async def new(self, name: str) -> str:
        """Return the uuid of a new worker; it shares our interpreter, which takes no time."""
        code, lines = await self("worker", "new", "--name", name, "--not-in-venv")
        assert code == 0, lines
        return lines[-1]


@pytest.fixture
def command(base: Base, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line for the base folder."""
    return Command(base, capsys)


@contextlib.asynccontextmanager
async def a_manager(base: Base) -> AsyncIterator[None]:
    """A manager in this process, as a long-running one would be."""
    async with open_manager(base, host="127.0.0.1", port=0) as manager:
        yield
        manager.request_stop(workers=True)


async def test_a_worker_is_made_seen_and_deleted_without_a_manager(base: Base, command: Command) -> None:
    """The command is the manager for as long as it runs, and leaves none behind."""
    assert await command("worker", "list") == (0, [])
    uuid = await command.new("Wet Lab #2")
    assert uuid.startswith("wet-lab-2_")
    assert (base.workers / f"worker_{uuid}.json").exists()
    assert await command("worker", "list") == (0, [f"{uuid}\tWet Lab #2"])
    assert (await command.json("worker", "--uuid", uuid, "status"))["phase"] in ("created", "stopped")
    code, lines = await command("worker", "delete", "Wet Lab #2")
    assert (code, "--yes" in lines[-1]) == (2, True)
    code, lines = await command("worker", "delete", "Wet Lab #2", "--yes")
    assert (code, lines[-1]) == (0, "✓ Worker Wet Lab #2 is deleted.")
    assert not list(base.workers.glob(f"worker_{uuid}*"))
    assert not base.supervisor_file.exists()


async def test_start_without_a_manager_stays_in_the_foreground(base: Base, command: Command) -> None:
    """Ctrl+C stops the worker in good order; meanwhile other commands reach it."""
    uuid = await command.new("demo")
    program = await Program.start("--dir", str(base.folder), "worker", "--name", "demo", "start")
    await program.wait_for_line(r"Worker demo runs at ws://\S+:\d+")
    listed = await command.json("worker", "list")
    assert [(w["uuid"], w["phase"]) for w in listed] == [(uuid, "running")]
    assert await program.end(signal.SIGINT) == 0
    assert program.lines[-1] == "✓ Worker demo is stopped; its graph is saved."
    assert processes_of(base.folder) == []


async def test_the_verbs_with_a_manager(base: Base, command: Command) -> None:
    """Start, restart, kill and stop are answered when they are done."""
    async with a_manager(base):
        uuid = await command.new("demo")
        assert (await command("worker", "start", uuid))[0] == 0
        pids: list[int] = []
        for verb, done in (("restart", "runs again"), ("kill", "was ended by force and runs again")):
            pids.append((await command.json("worker", "status", "demo"))["pid"])
            code, lines = await command("worker", verb, "demo")
            assert (code, lines[-1]) == (0, f"✓ Worker demo {done}.")
        assert len(set(pids)) == 2
        code, lines = await command("worker", "restart", "demo", "--safe")
        assert (code, lines[-1]) == (0, "✓ Worker demo runs again, in safe mode.")
        assert (await command.json("worker", "status", "demo"))["safe"] is True
        code, lines = await command("worker", "logs", "demo")
        assert code == 0
        code, lines = await command("worker", "stop", "--name", "demo")
        assert (code, lines[-1]) == (0, "✓ Worker demo is stopped; its graph is saved.")
        assert (await command.json("worker", "status", "demo"))["phase"] == "stopped"


async def test_a_name_edited_while_it_is_stopped_counts_at_once(base: Base, command: Command) -> None:
    """In the worker's own file, while a manager stands that has read it before."""
    async with a_manager(base):
        home = WorkerHome(base, await command.new("demo"))
        change_worker_config(home, lambda config: msgspec.structs.replace(config, name="renamed"))
        assert (await command.json("worker", "status", "renamed"))["uuid"] == home.uuid


async def test_what_cannot_be_done_is_said_in_one_sentence(base: Base, command: Command) -> None:
    """With the next step, exit code 1 or 2, and no traceback."""
    async with a_manager(base):
        await command.new("demo")
        for arguments, code, said in (
            (["start", "nope"], 1, "there is no worker 'nope'; known are: demo"),
            (["start"], 2, "say which worker is meant"),
            (["install", "demo"], 2, "give one worker and one package"),
            (["install", "demo", "no spaces allowed"], 1, "no spaces allowed"),
            (
                ["new", "--name", "x", "--autostart-policy", "sometimes"],
                2,
                "one of never, on-failure, unless-stopped, always",
            ),
            (["start", "demo", "--no-auth"], 2, "a manager runs already"),
            (["logs", "demo"], 1, "has no log yet"),
        ):
            ended, lines = await command("worker", *arguments)
            text = "\n".join(lines)
            assert (ended, said.lower() in text.lower()) == (code, True), text
            assert "Traceback" not in text
    ended, lines = await command("worker", "restart", "demo")
    assert (ended, "runserver" in lines[-1]) == (1, True)


async def test_logs_show_the_end_and_follow(base: Base, command: Command) -> None:
    """What is added appears, also after the file was begun anew."""
    uuid = await command.new("demo")
    log = base.workers / f"worker_{uuid}" / "worker.log"
    log.write_text("".join(f"line {n}\n" for n in range(100)))
    assert await command("worker", "logs", "demo", "-n", "2") == (0, ["line 98", "line 99"])
    program = await Program.start("--dir", str(base.folder), "worker", "logs", "demo", "-n", "1", "--follow")
    await program.wait_for_line("line 99")
    with log.open("a") as file:
        file.write("one more\n")
    await program.wait_for_line("one more")
    log.unlink()
    log.write_text("a new file\n")
    await program.wait_for_line("a new file")
    assert await program.end(signal.SIGINT) == 130
