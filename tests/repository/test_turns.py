"""Tests that run in several processes at once leave those alone that measure time."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from tests.support.apart import turn
print("asks", flush=True)
with turn(Path(sys.argv[1]), alone=sys.argv[2] == "alone"):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""


class Process:
    """A process of a run, with one test in it."""

    def __init__(self, folder: Path, how: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), how],
            cwd=ROOT, env={"PYTEST_XDIST_WORKER": "gw0"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said("asks")

    def said(self, word: str) -> None:
        """Return once it has said this."""
        assert self.popen.stdout is not None
        assert self.popen.stdout.readline().strip() == word

    def leave(self) -> None:
        """End its test."""
        assert self.popen.stdin is not None
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        self.said("out")

    def until_it_waits(self) -> None:
        """Return once it stands before a lock, by the kernel's list; fail when it was let in instead.

        Each lock that is given back wakes it for a moment, so that it may be missing from the list.
        """
        assert self.popen.stdout is not None
        while not any(str(self.popen.pid) in line.split() for line in waiting_for_locks()):
            assert self.popen.poll() is None
            assert not select.select([self.popen.stdout], [], [], 0.01)[0]


def waiting_for_locks() -> list[str]:
    """Return who waits, as the kernel lists it."""
    return [line for line in Path("/proc/locks").read_text().splitlines() if "->" in line]


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Processes that are ended, whatever becomes of the test."""
    started: list[Process] = []
    yield started
    for process in started:
        with process.popen:
            process.popen.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads who waits from /proc/locks")
def test_who_measures_time_waits_until_the_others_are_out_and_lets_nobody_in(
    tmp_path: Path, processes: list[Process]
) -> None:
    def process(how: str) -> Process:
        processes.append(Process(tmp_path, how))
        return processes[-1]

    first, second = process("together"), process("together")
    first.said("in")
    second.said("in")
    alone = process("alone")
    alone.until_it_waits()
    late = process("together")
    late.until_it_waits()
    first.leave()
    alone.until_it_waits()
    second.leave()
    alone.said("in")
    late.until_it_waits()
    alone.leave()
    late.said("in")
