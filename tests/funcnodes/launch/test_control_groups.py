"""Limits that the system itself keeps: by control groups in a folder that plays one, by real rlimits."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from funcnodes.fleet.events import ExitStatus
from funcnodes.launch.control_groups import CgroupV2, ControlGroups, PerProcess, find_groups
from funcnodes.launch.launcher import LaunchSpec
from funcnodes.launch.local import LocalLauncher
from funcnodes_worker.home.limits import Limits

from tests.support.kernel_groups import KernelGroups

GREEDY = """
import sys
sys.stdin.readline()
try:
    held = bytearray(300 * 2**20)
except MemoryError:
    sys.exit(7)
"""


SERVICE = "/system.slice/funcnodes.service"
WORKER = 4711
"""A number that no process of this machine has, so that the real calls for it do nothing."""


def kernel_with(folder: Path) -> tuple[KernelGroups, Path]:
    """Return a kernel in which a service with a group of its own stands, and who we are there."""
    membership = folder / "membership"
    membership.write_text(f"9:name=systemd:/\n0::{SERVICE}\n")
    kernel = KernelGroups(folder / "root", handed_over=(SERVICE,))
    kernel.with_group(SERVICE, os.getpid())
    return kernel, membership


def groups_of(kernel: KernelGroups, membership: Path) -> ControlGroups:
    """Return what a manager makes of this kernel, one after another one too."""
    (own,) = {kernel.where[os.getpid()]}
    membership.write_text(f"0::/{own.relative_to(kernel.root)}\n")
    return find_groups(kernel.root, membership, kernel)


def launched(kernel: KernelGroups, pid: int = WORKER) -> None:
    """A child begins where its parent is."""
    kernel.where[pid] = kernel.where[os.getpid()]


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_a_delegated_group_is_used(tmp_path: Path) -> None:
    """Though the manager begins in it: memory, processors and membership are what the kernel then holds."""
    kernel, membership = kernel_with(tmp_path)
    groups = groups_of(kernel, membership)
    launched(kernel)
    groups.limit(WORKER, "lab", Limits(memory_hard=10**9, cpu=1.5))

    group = kernel.root / SERVICE[1:] / "workers" / f"lab.{WORKER}"
    assert isinstance(groups, CgroupV2)
    assert kernel.bounds[group]["memory.max"] == "1000000000"
    assert kernel.bounds[group]["cpu.max"] == "150000 100000"
    assert kernel.members(group) == [WORKER]


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_the_bounds_of_a_group_change_while_its_process_runs(tmp_path: Path) -> None:
    """Of one that had no limits too, and back to none."""
    kernel, membership = kernel_with(tmp_path)
    groups = groups_of(kernel, membership)
    launched(kernel)
    groups.limit(WORKER, "lab", Limits())
    group = kernel.where[WORKER]
    seen: list[tuple[str, str]] = []
    for limits in (Limits(memory_hard=10**8), Limits(cpu=2), Limits()):
        groups.change(WORKER, "lab", limits)
        seen.append((kernel.bounds[group]["memory.max"], kernel.bounds[group]["cpu.max"]))

    assert seen == [("100000000", "max 100000"), ("max", "200000 100000"), ("max", "max 100000")]


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_the_next_manager_finds_a_workers_group_again(tmp_path: Path) -> None:
    """Its kills are counted; it is removed once what was killed in it is gone, then or with the next end."""
    kernel, membership = kernel_with(tmp_path)
    first = groups_of(kernel, membership)
    for pid in (WORKER, WORKER + 1):
        launched(kernel, pid)
        first.limit(pid, "lab", Limits())
    groups = groups_of(kernel, membership)
    for pid in (WORKER, WORKER + 1, WORKER + 2):
        groups.find(pid)
    one, other = (kernel.root / SERVICE[1:] / f"workers/lab.{pid}" for pid in (WORKER, WORKER + 1))
    kernel.bounds[one]["memory.events"] = "oom_kill 1\n"

    assert [groups.memory_kills(pid) for pid in (WORKER, WORKER + 1, WORKER + 2)] == [1, 0, 0]
    groups.forget(WORKER)
    assert kernel.below(one.parent) == [one, other]
    kernel.where.clear()
    groups.forget(WORKER + 1)
    assert kernel.below(one.parent) == []


def test_without_delegation_each_process_is_limited_by_itself(tmp_path: Path) -> None:
    """Also where other programs share the group, or there is no version 2 at all."""
    kernel, membership = kernel_with(tmp_path)
    kernel.with_group(SERVICE, 0)
    assert isinstance(groups_of(kernel, membership), PerProcess)
    assert kernel.where[os.getpid()] == kernel.root / SERVICE[1:]
    assert isinstance(find_groups(tmp_path / "nowhere", tmp_path / "nobody"), PerProcess)


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
async def test_a_launched_process_has_its_limits(tmp_path: Path) -> None:
    """Files, processors, and memory: too much of it is a MemoryError in the program, not its death."""
    launcher = LocalLauncher(PerProcess())
    limits = Limits(memory_hard=150 * 2**20, open_files=99, cpu=1.0)
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    code = GREEDY.replace("sys.stdin.readline()", f"open({str(fifo)!r}).read()")
    command = (sys.executable, "-S", "-c", code)
    process = launcher.launch(
        LaunchSpec(command, tmp_path, tmp_path / "out.log", dict(os.environ), "greedy", limits)
    )
    try:
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0] == 99
        assert resource.prlimit(process.pid, resource.RLIMIT_DATA)[0] == 150 * 2**20
        affinity = psutil.Process(process.pid).cpu_affinity()
        assert affinity is not None
        assert len(affinity) == 1
    finally:
        await asyncio.to_thread(fifo.write_text, "go")
    assert await launcher.wait(process) == ExitStatus(code=7)


TWO_THREADS = """
import sys, threading
threading.Thread(target=sys.stdin.read).start()
print("ready", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_limits_that_are_raised_or_taken_away_hold_no_more() -> None:
    """In the process that runs, in each of its threads, and without rights that only root has."""
    command = [sys.executable, "-S", "-c", TWO_THREADS]
    mine = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        groups = PerProcess()

        def held_to() -> tuple[int, int, set[int]]:
            threads = {len(os.sched_getaffinity(thread.id)) for thread in psutil.Process(child.pid).threads()}
            data, files = (resource.prlimit(child.pid, kind) for kind in mine)
            assert (data[1], files[1]) == tuple(hard for _, hard in mine.values())
            return data[0], files[0], threads

        groups.limit(child.pid, "lab", Limits(memory_hard=200 * 10**6))
        groups.change(child.pid, "lab", Limits(memory_hard=100 * 10**6, open_files=99, cpu=0.5))
        assert held_to() == (100 * 10**6, 99, {1})
        groups.change(child.pid, "lab", Limits(memory_hard=300 * 10**6, open_files=100))
        all_of_them = len(os.sched_getaffinity(0))
        assert held_to() == (300 * 10**6, 100, {all_of_them})
        groups.change(child.pid, "lab", Limits())
        assert held_to() == (*(soft for soft, _ in mine.values()), {all_of_them})
        child.communicate(b"")
    groups.change(child.pid, "lab", Limits(memory_hard=10**9))
