"""Limits that the system itself keeps: by control groups in a folder that plays one, by real rlimits."""

from __future__ import annotations

import asyncio
import os
import resource
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
