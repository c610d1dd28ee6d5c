"""The kernel's counts of kills for lack of memory: read, compared, and nothing claimed beyond them."""

from __future__ import annotations

import os
from pathlib import Path

from funcnodes.launch.control_groups import CgroupV2
from funcnodes.launch.kernel_evidence import KernelEvidence, kills_in
from funcnodes_worker.home.limits import Limits

MACHINE = "within the same second the kernel killed a process of this machine for lack of memory"


def counted(file: Path, kills: int) -> None:
    file.write_text(f"pgmajfault 12\noom_kill {kills}\noom_group_kill 9\n")


def test_a_kill_since_the_look_before_the_last_is_told(tmp_path: Path) -> None:
    """The last look may have come after the kill. An older one is no evidence."""
    vmstat = tmp_path / "vmstat"
    kernel = KernelEvidence(vmstat)
    counted(vmstat, 3)
    kernel.look()
    kernel.look()
    quiet = kernel.said(0)
    counted(vmstat, 4)
    kernel.look()
    told = kernel.said(0)
    kernel.look()

    assert (quiet, told, kernel.said(0)) == ("", MACHINE, "")


def test_the_count_of_its_own_group_names_the_process(tmp_path: Path) -> None:
    groups = CgroupV2(tmp_path)
    groups.limit(os.getpid(), "lab", Limits(memory_hard=10**9))
    before = groups.memory_kills(os.getpid())
    counted(tmp_path / f"lab.{os.getpid()}" / "memory.events", 1)

    assert (before, groups.memory_kills(os.getpid()), groups.memory_kills(1)) == (0, 1, 0)
    assert KernelEvidence(tmp_path / "nothing").said(1).startswith("its control group ran out of memory")


def test_a_system_that_counts_nothing_gives_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("oom_kill many\n")

    assert [kills_in(tmp_path / name) for name in ("other", "nothing")] == [0, 0]
    assert KernelEvidence(tmp_path / "nothing").said(0) == ""
