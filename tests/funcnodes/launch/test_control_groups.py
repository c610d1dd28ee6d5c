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
from funcnodes.launch.control_groups import CgroupV2, PerProcess, find_groups
from funcnodes.launch.launcher import LaunchSpec
from funcnodes.launch.local import LocalLauncher
from funcnodes_worker.home.limits import Limits

GREEDY = """
import sys
sys.stdin.readline()
try:
    held = bytearray(300 * 2**20)
except MemoryError:
    sys.exit(7)
"""


def system_with(folder: Path, controllers: str) -> tuple[Path, Path]:
    membership = folder / "membership"
    membership.write_text("9:name=systemd:/\n0::/user.slice/funcnodes.service\n")
    own = folder / "root" / "user.slice" / "funcnodes.service"
    own.mkdir(parents=True)
    (own / "cgroup.controllers").write_text(controllers)
    return folder / "root", membership


def test_a_delegated_group_is_used(tmp_path: Path) -> None:
    """Memory, processors and membership are written where the kernel reads them."""
    root, membership = system_with(tmp_path, "cpu io memory pids")
    groups = find_groups(root, membership)
    groups.limit(os.getpid(), "lab", Limits(memory_hard=10**9, cpu=1.5))

    group = root / "user.slice/funcnodes.service/funcnodes" / f"lab.{os.getpid()}"
    assert isinstance(groups, CgroupV2)
    assert (group / "memory.max").read_text() == "1000000000"
    assert (group / "cpu.max").read_text() == "150000 100000"
    assert (group / "cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize("controllers", ["", "cpu pids"])
def test_without_delegation_each_process_is_limited_by_itself(tmp_path: Path, controllers: str) -> None:
    """Also where there is no version 2 at all."""
    assert isinstance(find_groups(*system_with(tmp_path, controllers)), PerProcess)
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
