"""Reading a process's memory again and again: as psutil says it, anew each time, nothing left open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest
from funcnodes.launch.memory_gauge import MemoryGauge, Psutil, Statm, gauge_of

WAYS = [gauge_of, Psutil]


@pytest.mark.parametrize("way", WAYS)
def test_both_ways_tell_what_the_process_uses_now(way: Callable[[int], MemoryGauge]) -> None:
    """After it took forty megabytes, that much more."""
    code = "input(); kept = b'x' * 40_000_000; print('taken', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", f"print('there', flush=True); {code}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        gauge = way(child.pid)
        before = gauge.read()
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        after, said = gauge.read(), psutil.Process(child.pid).memory_info().rss
        gauge.close()
        child.communicate(b"\n")

    assert after - before > 35_000_000
    assert after == pytest.approx(said, rel=0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's numbers are Linux's")
def test_a_gauge_kept_open_never_comes_to_mean_another_process() -> None:
    """Of one that has ended, reaped or not, it says nothing."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gauge = Statm(child.pid)
    lives = gauge.read()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    ended = gauge.read()
    child.communicate()

    assert (lives > 0, ended) == (True, 0)
    with pytest.raises(ProcessLookupError):
        gauge.read()
    gauge.close()
