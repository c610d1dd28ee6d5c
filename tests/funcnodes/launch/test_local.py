"""Processes on this machine: made, watched, ended."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import psutil
import pytest
from funcnodes.fleet.events import ExitStatus, ProcessId
from funcnodes.launch.launcher import LaunchProblem, LaunchSpec
from funcnodes.launch.local import LocalLauncher
from funcnodes.launch.process_environment import worker_environment


def spec(folder: Path, code: str) -> LaunchSpec:
    command = (sys.executable, "-S", "-c", code)
    return LaunchSpec(command, folder, folder / "out.log", dict(os.environ))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", ExitStatus(code=0)),
        ("raise SystemExit(3)", ExitStatus(code=3)),
        ("import os; os.abort()", ExitStatus(signal=6)),
    ],
)
async def test_an_end_is_told_with_its_status(tmp_path: Path, code: str, status: ExitStatus) -> None:
    """Exit codes and signals apart."""
    launcher = LocalLauncher()

    assert await launcher.wait(launcher.launch(spec(tmp_path, code))) == status


@pytest.mark.alone
async def test_an_end_is_noticed_at_once(tmp_path: Path) -> None:
    """Not at the next tick of a clock."""
    launcher = LocalLauncher()
    process = launcher.launch(spec(tmp_path, "input()"))
    waiting = asyncio.create_task(launcher.wait(process))
    await asyncio.sleep(0)
    start = time.perf_counter()
    launcher.kill(process)
    await waiting

    assert time.perf_counter() - start < 0.5


async def test_what_a_worker_leaves_in_its_group_ends_with_it(tmp_path: Path) -> None:
    """A child of a crashed worker would keep its files and ports."""
    child_code = "import time; time.sleep(60)"
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-S', '-c', {child_code!r}])\n"
        "print(child.pid, flush=True)\n"
        "os.abort()"
    )
    launcher = LocalLauncher()
    await launcher.wait(launcher.launch(spec(tmp_path, code)))

    child = int((tmp_path / "out.log").read_text().split()[0])
    async with asyncio.timeout(5):
        # A poll with a limit: the system tells nobody of a grandchild's end.
        while _lives(child):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_process_of_another_launcher_is_watched_and_ended(tmp_path: Path) -> None:
    """As after a manager's crash."""
    first, second = LocalLauncher(), LocalLauncher()
    process = second.identify(first.launch(spec(tmp_path, "import time; time.sleep(60)")).pid)
    first.leave()
    assert process is not None
    waiting = asyncio.create_task(second.wait(process))
    second.kill(process)
    async with asyncio.timeout(5):
        await waiting

    assert not second.is_alive(process)


async def test_the_memory_of_a_process_is_told_until_its_end(tmp_path: Path) -> None:
    """Each time anew; of one that has ended nothing is known, also where it was looked at before."""
    launcher = LocalLauncher()
    process = launcher.launch(spec(tmp_path, "input()"))
    before = [launcher.memory_of(process), launcher.memory_of(process)]
    launcher.kill(process)
    await launcher.wait(process)

    assert None not in before
    assert launcher.memory_of(process) is None


async def test_a_pid_that_was_used_again_is_another_process() -> None:
    """Neither alive nor ended: a signal to it would hit a stranger."""
    launcher = LocalLauncher()
    me = launcher.identify(os.getpid())
    assert me is not None
    earlier = ProcessId(me.pid, me.started - 100.0)

    assert launcher.is_alive(me)
    assert not launcher.is_alive(earlier)
    launcher.kill(earlier)
    assert await launcher.wait(earlier) == ExitStatus()


def test_a_program_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """With its name."""
    nowhere = LaunchSpec((str(tmp_path / "python"),), tmp_path, tmp_path / "out.log")
    with pytest.raises(LaunchProblem, match="could not be started: No such file"):
        LocalLauncher().launch(nowhere)


def test_a_worker_does_not_inherit_what_leads_its_python_astray() -> None:
    """The rest it does."""
    ours = {"PATH": "/bin", "PYTHONPATH": "x", "PYTHONHOME": "x", "VIRTUAL_ENV": "x", "UV_CACHE_DIR": "x"}
    ours |= {"PYTHONDONTWRITEBYTECODE": "1", "FUNCNODES_WS_WORKER_STARTPORT": "9400"}

    assert worker_environment(ours) == {"PATH": "/bin", "FUNCNODES_WS_WORKER_STARTPORT": "9400"}


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
