"""Running a program: its lines at once, its end when we are cancelled, its settings the machine's alone."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest
from funcnodes.environment.errors import InstallerFailed
from funcnodes.environment.programs import run_lines
from funcnodes.environment.uv import installer_environment, works_offline

# A program like uv: it has a child of its own (a build), and both would go on writing.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


async def test_lines_arrive_while_the_program_runs() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    program = (
        "import sys; print('one', flush=True); sys.stdin.read(); print('two', file=sys.stderr); sys.exit(3)"
    )

    status, said = await run_lines([sys.executable, "-c", program], os.environ, heard.put_nowait)

    assert (status, said, heard.get_nowait()) == (3, "one\ntwo", "one")


async def test_a_cancelled_program_ends_with_its_children() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    running = asyncio.create_task(run_lines([sys.executable, "-c", PARENT], os.environ, heard.put_nowait))
    child = psutil.Process(int(await asyncio.wait_for(heard.get(), 20)))

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    gone, alive = await asyncio.to_thread(psutil.wait_procs, [child], 5)
    assert (len(gone), alive) == (1, [])


async def test_one_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funcnodes.environment.programs.ASK_S", 0.2)
    heard: asyncio.Queue[str] = asyncio.Queue()
    running = asyncio.create_task(run_lines([sys.executable, "-c", STUBBORN], os.environ, heard.put_nowait))
    await asyncio.wait_for(heard.get(), 20)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)

    assert not [child for child in psutil.Process().children() if STUBBORN in child.cmdline()]


async def test_a_program_that_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallerFailed, match="installing uv failed: it cannot be started"):
        await run_lines([str(tmp_path / "uv")], os.environ, lambda _line: None)


def test_the_installer_keeps_the_index_and_loses_the_project() -> None:
    ours = {
        "PATH": "/bin",
        "SSL_CERT_FILE": "/certs",
        "UV_INDEX_URL": "index",
        "UV_INDEX_MINE_PASSWORD": "secret",
        "UV_CACHE_DIR": "/cache",
        "UV_HTTP_TIMEOUT": "9",
        "UV_PROJECT_ENVIRONMENT": "/elsewhere",
        "UV_FROZEN": "1",
        "UV_PYTHON": "3.13",
        "UV_RUN_RECURSION_DEPTH": "1",
        "VIRTUAL_ENV": "/ours",
        "PYTHONPATH": "/ours/lib",
    }

    assert installer_environment(ours) == {
        "PATH": "/bin",
        "SSL_CERT_FILE": "/certs",
        "UV_INDEX_URL": "index",
        "UV_INDEX_MINE_PASSWORD": "secret",
        "UV_CACHE_DIR": "/cache",
        "UV_HTTP_TIMEOUT": "9",
    }


def test_the_index_of_pip_is_used_when_uv_has_none() -> None:
    assert installer_environment({"PIP_INDEX_URL": "theirs"})["UV_DEFAULT_INDEX"] == "theirs"
    assert "UV_DEFAULT_INDEX" not in installer_environment(
        {"PIP_INDEX_URL": "theirs", "UV_INDEX_URL": "ours"}
    )


def test_offline_is_a_word_of_the_machine() -> None:
    said = ("", "0", "False", "no", "off", "1", "true", "yes")
    assert [works_offline({"UV_OFFLINE": word}) for word in said] == [*[False] * 5, *[True] * 3]
    assert not works_offline({})
