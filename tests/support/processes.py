"""Real programs of ours as subprocesses: free ports, lines of output to wait for, an end that is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_base(folder: Path, manager_port: int | None = None, ui_port: int | None = None) -> Path:
    """Write a base folder whose ports are free and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "worker_manager": {"host": "localhost", "port": manager_port or free_port()},
        "frontend": {"host": "localhost", "port": ui_port or free_port()},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def program_environment(worker_start_port: int | None = None) -> dict[str, str]:
    """Return the process environment of a program under test: ours, without the test run's own settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FUNCNODES_", "PYTEST_", "COV_"))}
    start = worker_start_port or free_port()
    environment["FUNCNODES_WS_WORKER_STARTPORT"] = str(start)
    environment["FUNCNODES_WS_WORKER_ENDPORT"] = str(min(start + 200, 65000))
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


@dataclass
class Program:
    """One running `funcnodes …` and what it has printed so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list[str])
    _grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, *arguments: str, environment: dict[str, str] | None = None) -> Program:
        """Start `python -m funcnodes` with these arguments, in a session of its own."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "funcnodes",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment or program_environment(),
            start_new_session=True,
        )
        program = cls(process)
        program._reader = asyncio.create_task(program._read())
        return program

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            async with self._grown:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._grown.notify_all()

    async def wait_for_line(self, pattern: str, timeout_s: float = 30) -> re.Match[str]:
        """Return the first match of this pattern in what is printed; fail with all output when none comes."""

        def found() -> re.Match[str] | None:
            return next((m for line in self.lines if (m := re.search(pattern, line))), None)

        try:
            async with asyncio.timeout(timeout_s), self._grown:
                while (match := found()) is None:
                    await self._grown.wait()
                return match
        except TimeoutError:
            raise AssertionError(
                f"no line matched {pattern!r} in {timeout_s} s; printed:\n" + "\n".join(self.lines)
            ) from None

    async def end(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 20) -> int:
        """Send a signal, wait for the end, return the exit status; kill and fail when it does not end."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
        try:
            async with asyncio.timeout(timeout_s):
                status = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError("the program did not end; printed:\n" + "\n".join(self.lines)) from None
        if self._reader is not None:
            await self._reader
        return status


def processes_of(base: Path) -> list[psutil.Process]:
    """Return every living process whose command line names this base folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(base) in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill_all_of(base: Path) -> None:
    """End by force whatever still runs for this base folder; for the clean-up of a failed test."""
    for process in processes_of(base):
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes_of(base), timeout=5)


def wakeups(pid: int) -> int:
    """Return how often any thread of a process has gone to wait, as Linux counts: each poll is one more."""
    times = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):  # A thread that ended since it was listed.
            lines = status.read_text().splitlines()
            times += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return times
