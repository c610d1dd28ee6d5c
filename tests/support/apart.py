"""Turns between the processes of one run (`pytest -n 2`): what measures time has the machine to itself.

Every test passes the gate and goes into the room together with others; one marked `alone` waits at the gate
until the room is empty, and lets nobody in meanwhile. A run of one process needs no turns.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

_open: dict[Path, IO[bytes]] = {}


@contextlib.contextmanager
def turn(folder: Path, *, alone: bool) -> Generator[None]:
    """Have a test run in its turn; `alone` means with no other test of this run beside it."""
    if sys.platform == "win32" or "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    gate, room = _file(folder / "gate"), _file(folder / "room")
    fcntl.flock(gate, fcntl.LOCK_EX)
    try:
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield
    finally:
        # Said, not left to the closing of the file: a forked process of the test may hold it open, too.
        fcntl.flock(room, fcntl.LOCK_UN)
        fcntl.flock(gate, fcntl.LOCK_UN)


def _file(path: Path) -> IO[bytes]:
    if path not in _open:
        _open[path] = path.open("ab")
    return _open[path]
