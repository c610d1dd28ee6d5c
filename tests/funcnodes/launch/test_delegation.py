"""A part of the system's control groups that is ours: found, cleared, used, or left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from funcnodes.launch.delegation import NotOurs, explain, is_ours, names_us, take_over

from tests.support.kernel_groups import KernelGroups

UI, MANAGER, STRANGER = 70, 71, 72
SERVICE = "/system.slice/funcnodes.service"


def taken_over(kernel: KernelGroups, own: str, tmp_path: Path) -> Path:
    membership = tmp_path / "membership"
    membership.write_text(f"9:name=systemd:/\n0::{own}\n")
    return take_over(kernel.root, membership, kernel, lambda pid: pid in (UI, MANAGER))


def test_a_service_makes_room_before_it_bounds_its_workers(tmp_path: Path) -> None:
    """With `Delegate=yes` UI server and manager stand in the group itself, where the kernel wants nobody."""
    kernel = KernelGroups(tmp_path / "root", handed_over=(SERVICE,))
    top = kernel.with_group(SERVICE, UI, MANAGER)

    workers = taken_over(kernel, SERVICE, tmp_path)

    assert workers == top / "workers"
    assert (kernel.members(top), kernel.members(top / "manager")) == ([], [UI, MANAGER])
    assert kernel.enabled[top] == kernel.enabled[workers] == {"memory", "cpu"}


@pytest.mark.parametrize("leaf", ["manager", "main"])
def test_a_subgroup_of_a_service_is_a_leaf_already(leaf: str, tmp_path: Path) -> None:
    """By `DelegateSubgroup=`, whatever its name, or made by the manager before this one."""
    kernel = KernelGroups(tmp_path / "root", handed_over=(SERVICE,))
    own = kernel.with_group(f"{SERVICE}/{leaf}", UI, MANAGER)
    kernel.enabled[own.parent] = {"memory", "cpu"} if leaf == "manager" else set()

    assert taken_over(kernel, f"{SERVICE}/{leaf}", tmp_path) == own.parent / "workers"
    assert kernel.members(own) == [UI, MANAGER]
    assert kernel.below(own.parent) == [own, own.parent / "workers"]


@pytest.mark.parametrize(
    ("own", "members", "handed_over", "reason"),
    [
        (SERVICE, (MANAGER, STRANGER), SERVICE, "other programs run too (process 72)"),
        (SERVICE, (MANAGER,), "/elsewhere", "is not delegated to us"),
        ("/user.slice/app.slice/term.scope", (MANAGER, STRANGER), "/user.slice", "other programs run too"),
    ],
)
def test_what_is_not_ours_alone_is_left_as_it_is(
    own: str, members: tuple[int, ...], handed_over: str, reason: str, tmp_path: Path
) -> None:
    """Nobody is moved, nothing is made, also not in the group above a terminal's."""
    kernel = KernelGroups(tmp_path / "root", handed_over=(handed_over,))
    kernel.with_group(own, *members)
    before = ({**kernel.where}, {group: set(enabled) for group, enabled in kernel.enabled.items()})

    with pytest.raises(NotOurs) as refused:
        taken_over(kernel, own, tmp_path)

    assert reason in str(refused.value)
    assert (kernel.where, kernel.enabled) == before


def test_the_root_of_all_groups_needs_no_leaf(tmp_path: Path) -> None:
    """The kernel lets it hold processes, a whole machine's."""
    kernel = KernelGroups(tmp_path / "root", handed_over=("/",))
    kernel.with_group("/", MANAGER, STRANGER)

    assert taken_over(kernel, "/", tmp_path) == kernel.root / "workers"
    assert kernel.members(kernel.root) == [MANAGER, STRANGER]


def test_groups_of_workers_that_ended_unseen_are_removed(tmp_path: Path) -> None:
    """Those of living ones stay."""
    kernel = KernelGroups(tmp_path / "root", handed_over=(SERVICE,))
    kernel.with_group(f"{SERVICE}/manager", MANAGER)
    living = kernel.with_group(f"{SERVICE}/workers/lab.8", 8)
    kernel.with_group(f"{SERVICE}/workers/lab.9")

    assert kernel.below(taken_over(kernel, f"{SERVICE}/manager", tmp_path)) == [living]


@pytest.mark.parametrize(
    ("own", "members", "said"),
    [
        (f"{SERVICE}/manager", (MANAGER,), "kept by the kernel, in control groups below"),
        (SERVICE, (MANAGER, STRANGER), "set on each process: in the control group"),
        ("/elsewhere.service", (MANAGER,), "set on each process: the control group"),
    ],
)
def test_how_limits_are_kept_is_told_without_a_change(
    own: str, members: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    """Of another process, too: of the manager, by somebody who examines the machine."""
    kernel = KernelGroups(tmp_path / "root", handed_over=(SERVICE,))
    kernel.with_group(own, *members)
    if own.endswith("/manager"):
        taken_over(kernel, own, tmp_path)
    before = ({**kernel.where}, {group: set(enabled) for group, enabled in kernel.enabled.items()})
    membership = tmp_path / "membership"
    membership.write_text(f"0::{own}\n")

    told = explain(membership, kernel.root, kernel, lambda pid: pid in (UI, MANAGER))

    assert told.startswith(f"limits of workers are {said}")
    assert (kernel.where, kernel.enabled) == before


def test_without_groups_of_version_2_there_is_a_reason(tmp_path: Path) -> None:
    """Also where nothing can be read."""
    kernel = KernelGroups(tmp_path / "root")
    with pytest.raises(NotOurs, match="has no control groups of version 2"):
        take_over(kernel.root, tmp_path / "nobody", kernel, lambda _pid: True)


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        ("/venv/bin/python /venv/bin/funcnodes --dir b runserver", True),
        ("/venv/bin/python3.12 -P -m funcnodes startworkermanager", True),
        ("/w/.venv/bin/python -m funcnodes_worker.process.main --base b", True),
        ("python editor.py funcnodes", False),
        ("vim funcnodes", False),
        ("python -m http.server", False),
        ("python", False),
        ("", False),
    ],
)
def test_a_program_of_ours_is_known_by_its_command(command: str, ours: bool) -> None:
    assert names_us(command.split()) is ours


def test_this_process_and_its_children_are_ours() -> None:
    """A process of somebody else, or none, is not."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert [is_ours(os.getpid()), is_ours(child.pid), is_ours(os.getppid())] == [True, True, False]
        child.communicate(b"\n")
    assert not is_ours(0)


KERNELS_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
IN_THE_GROUP = """
import os, subprocess, sys
from pathlib import Path
from funcnodes.launch.control_groups import CgroupV2
from funcnodes.launch.delegation import GroupFiles, explain, is_ours, take_over
from funcnodes_worker.home.limits import Limits
root, group, controller = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(root / group / "cgroup.procs").write_text(str(os.getpid()))
try:
    (root / group / "cgroup.subtree_control").write_text(f"+{controller}")
except OSError as refused:
    print(refused.errno)
class Given(GroupFiles):
    def is_handed_over(self, group):
        return True
workers = take_over(root, Path("/proc/self/cgroup"), Given(), is_ours, (controller,))
print(workers.relative_to(root))
print(Path("/proc/self/cgroup").read_text().split("0::")[1].split()[0])
print("kernel" in explain(Path("/proc/self/cgroup"), root))
with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as worker:
    CgroupV2(workers).limit(worker.pid, "lab", Limits())
    print(Path(f"/proc/{worker.pid}/cgroup").read_text().split("0::")[1].split()[0].endswith(f"/lab.{worker.pid}"))
    adopted = CgroupV2(workers)
    adopted.find(worker.pid)
    worker.kill()
    worker.wait()
    adopted.forget(worker.pid)
print([entry.name for entry in workers.iterdir() if entry.is_dir()])
"""


@pytest.fixture
def real_group() -> Generator[tuple[Path, Path, str]]:
    """A group of this machine's kernel, with a controller on offer."""
    for root in KERNELS_ROOTS:
        try:
            controllers = (root / "cgroup.controllers").read_text().split()
            before = (root / "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        group = root / f"funcnodes-test-{os.getpid()}.service"
        found = next((name for name in (*before, *controllers)), None)
        if found is None or not os.access(root / "cgroup.subtree_control", os.W_OK):
            continue
        (root / "cgroup.subtree_control").write_text(f"+{found}")
        group.mkdir()
        try:
            yield root, group, found
        finally:
            for each in (group / "manager", group / "workers", group):
                if each.is_dir():
                    each.rmdir()
            if found not in before:
                (root / "cgroup.subtree_control").write_text(f"-{found}")
        return
    pytest.skip("no control groups of version 2 with a controller to spare, or no right to arrange them")


@pytest.mark.soak
def test_the_real_kernel_refuses_what_the_double_refuses(real_group: tuple[Path, Path, str]) -> None:
    """A process in the group: busy. Moved into the leaf: the controller can be enabled."""
    root, group, controller = real_group

    said = subprocess.run(
        [sys.executable, "-c", IN_THE_GROUP, str(root), group.name, controller],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()

    assert said == ["16", f"{group.name}/workers", f"/{group.name}/manager", "True", "True", "[]"]
    assert (group / "cgroup.subtree_control").read_text().split() == [controller]
    assert (group / "workers/cgroup.subtree_control").read_text().split() == [controller]
