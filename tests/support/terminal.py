"""A terminal of our own making: what a person would see of a program."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import program_environment

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@contextmanager
def terminal(base: Path, *arguments: str) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """Give a command that runs at a terminal, and our end of that; nothing of both is left."""
    import pty  # Windows has none; tests that come here are skipped there, but are read.

    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "funcnodes", "--dir", str(base), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=program_environment() | {"TERM": "xterm", "COLUMNS": "120"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield program, ours
    finally:
        program.kill()
        program.wait(10)
        os.close(ours)


def at_a_terminal(base: Path, *arguments: str, limit_s: float = 90) -> tuple[int, str]:
    """Return the exit code of a command, and all that a person saw of it, without colours."""
    with terminal(base, *arguments) as (program, ours):
        shown = _all_of(ours, time.monotonic() + limit_s)
        return program.wait(10), _CONTROL.sub("", shown)


def read_until(ours: int, wanted: str, limit_s: float = 60) -> str:
    """Return what a terminal shows, up to this text."""
    shown = ""
    deadline = time.monotonic() + limit_s
    while wanted not in shown:
        ready, _, _ = select.select([ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"{wanted!r} did not come; shown: {shown}"
        shown += os.read(ours, 65536).decode(errors="replace")
    return shown


def _all_of(terminal: int, deadline: float) -> str:
    shown = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"the command did not end; shown: {shown.decode(errors='replace')}"
        try:
            part = os.read(terminal, 65536)
        except OSError:
            # So Linux tells that nobody has the other end open any more.
            return shown.decode(errors="replace")
        if not part:
            return shown.decode(errors="replace")
        shown += part
