"""Waiting for one's turn to rewrite a small shared file.

Owns the waiting; the lock itself is `disk/lock`, which never waits.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from funcnodes_worker.disk.lock import FileLock, LockHeld

_PAUSE_S = 0.005


@contextmanager
def turn_at(lock_file: Path, timeout_s: float = 5.0) -> Generator[None]:
    """Hold the lock for one small read and write; raise `LockHeld` when another keeps it all that time.

    The others hold it for a few milliseconds each, so five seconds mean that something is stuck.
    """
    lock = FileLock(lock_file)
    latest = time.monotonic() + timeout_s
    while True:
        try:
            lock.acquire()
            break
        except LockHeld:
            if time.monotonic() > latest:
                raise
            time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        lock.release()
