"""Reading again and again how much memory a process uses, at the cost of one system call where possible.

Owns the two ways. Does not know workers, nor what their memory means (`fleet/memory`).
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

import psutil

_ENOUGH = 256
"""`statm` is seven numbers in one line."""


class MemoryGauge(Protocol):
    """What is read from one process. Used by the launcher only."""

    def read(self) -> int:
        """Return the bytes in use; 0 or an error when the process has ended. Called with each look."""
        ...

    def close(self) -> None:
        """Let go of it. Called once."""
        ...


class Statm:
    """Linux: the kernel's own line of numbers, kept open. It can never come to mean another process."""

    def __init__(self, pid: int) -> None:
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._file = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> int:
        """Return the resident pages as bytes."""
        return int(os.pread(self._file, _ENOUGH, 0).split(None, 2)[1]) * self._page

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Psutil:
    """Elsewhere: psutil, the process found once."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    def read(self) -> int:
        """Return the resident bytes."""
        return int(self._process.memory_info().rss)

    def close(self) -> None:
        """Nothing is held."""


def gauge_of(pid: int) -> MemoryGauge:
    """Return the cheapest way of this system; raise `OSError` or psutil's error without such a process."""
    return Statm(pid) if sys.platform == "linux" else Psutil(pid)
