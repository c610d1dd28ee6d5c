"""Running a program of others to its end: its lines as they come, and its end when we are cancelled.

Owns that no child is left behind. Does not know what the programs mean (`uv`, `venv`, `scratch`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from funcnodes.environment.errors import InstallerFailed

ASK_S = 5.0
"""How long a cancelled program may take to clean up before it is killed."""


async def run_lines(
    command: Sequence[str],
    environment: Mapping[str, str],
    heard: Callable[[str], object],
    *,
    ends_with_us: bool = False,
) -> tuple[int, str]:
    """Run a program to its end; hand over each line it says at once; return its exit status and all it said.

    Cancelled, it ends the program and all its children before it lets go: nothing writes into a half-made
    folder later. `ends_with_us`: the program watches its standard input, which is closed when this process
    ends in whatever way.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if ends_with_us else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environment),
            # A session of its own: Ctrl+C at a terminal reaches us alone, and we can end the whole group.
            start_new_session=True,
        )
    except OSError as problem:
        raise InstallerFailed(Path(command[0]).name, f"it cannot be started: {problem}.") from problem
    said: list[str] = []
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip("\r\n")
            said.append(text)
            heard(text)
        return await process.wait(), "\n".join(said)
    finally:
        if process.returncode is None:
            await asyncio.shield(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program and its children: ask, wait a little, kill."""
    for rung in (_ask, _kill):
        with contextlib.suppress(ProcessLookupError):
            rung(process)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_drained(process), ASK_S)
            return


async def _drained(process: asyncio.subprocess.Process) -> None:
    # Unread output would keep `wait` from returning while the pipe is full.
    if process.stdout is not None:
        await process.stdout.read()
    await process.wait()


def _ask(process: asyncio.subprocess.Process) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGTERM)


def _kill(process: asyncio.subprocess.Process) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
