"""A part of the system's control groups (version 2) that is ours, and room in it for the workers.

Owns finding it and the one step the kernel demands before it can be used: a group whose children have bounds
of their own holds no process itself ("no internal processes", cgroups(7)). systemd puts a service's processes
into the very group that it hands over, so what is ours moves one down, into `manager`; the workers' groups
stand beside it, below `workers`. With systemd's `DelegateSubgroup=` (254 and later) we are one down already.
A group in which anybody else's program runs is left as it is: moving others is not ours to do.

Sources: cgroups(7); the kernel's cgroup-v2.rst, "Delegation"; systemd's CGROUP_DELEGATION.md.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

LEAF = "manager"
"""Where the manager itself goes, and whoever of ours was beside it."""
WORKERS = "workers"
WANTED = ("memory", "cpu")
ROOT = Path("/sys/fs/cgroup")
_UNITS = (".service", ".scope")
_TRIES = 5
"""Looks at a group that is to become empty: what is in it may fork meanwhile."""
_SYSTEMD = Path("/run/systemd/system")


class NotOurs(Exception):
    """Raised when a group cannot be used; says why."""


class GroupFiles:
    """The kernel's files and folders of control groups. Tests have a kernel of their own."""

    def read(self, file: Path) -> str:
        """Return what a file says."""
        return file.read_text()

    def write(self, file: Path, text: str) -> None:
        """Tell the kernel something; it refuses by `OSError`."""
        file.write_text(text)

    def make(self, group: Path) -> None:
        """Make a group, unless it is there."""
        group.mkdir(exist_ok=True)

    def remove(self, group: Path) -> None:
        """Remove a group; refused while a process or another group is in it."""
        group.rmdir()

    def below(self, group: Path) -> list[Path]:
        """Return the groups in a group."""
        try:
            return sorted(entry for entry in group.iterdir() if entry.is_dir())
        except OSError:
            return []

    def is_root(self, group: Path) -> bool:
        """Tell whether this is the root of all groups, to which the rule of empty groups does not apply."""
        return not (group / "cgroup.type").exists()

    def is_handed_over(self, group: Path) -> bool:
        """Tell whether we may arrange what is below this group."""
        if not all(os.access(group / f"cgroup.{name}", os.W_OK) for name in ("procs", "subtree_control")):
            return False
        if os.geteuid() != 0 or not _SYSTEMD.is_dir() or self.is_root(group):
            return True
        # Root may write everything; whether systemd keeps out of this group is told by its mark.
        return any(_mark(group, name) for name in ("trusted.delegate", "user.delegate"))


def take_over(
    root: Path,
    membership: Path,
    files: GroupFiles,
    is_ours: Callable[[int], bool],
    wanted: Sequence[str] = WANTED,
) -> Path:
    """Return the folder for the workers' groups, made ready; raise `NotOurs` when there is none."""
    reasons: list[str] = []
    for top in _candidates(_own_group(root, membership)):
        try:
            return _prepare(top, files, is_ours, wanted)
        except NotOurs as problem:
            reasons.append(str(problem))
        except OSError as problem:
            reasons.append(f"the control group {top} cannot be used: {problem.strerror or problem}")
    raise NotOurs(reasons[-1])


def explain(
    membership: Path,
    root: Path = ROOT,
    files: GroupFiles | None = None,
    ours: Callable[[int], bool] | None = None,
) -> str:
    """Return how a manager keeps the limits of its workers, and why not by the kernel. It changes nothing.

    `membership`: the manager's `/proc/<pid>/cgroup`.
    """
    files, reasons = files or GroupFiles(), list[str]()
    try:
        for top in _candidates(_own_group(root, membership)):
            workers = top / WORKERS
            if workers in files.below(top):
                return f"limits of workers are kept by the kernel, in control groups below {workers}"
            try:
                _check(top, files, ours or is_ours, WANTED)
            except NotOurs as problem:
                reasons.append(str(problem))
        reason = reasons[-1] if reasons else "the manager could not move into a control group of its own"
    except (NotOurs, OSError) as problem:
        reason = str(problem)
    return f"limits of workers are set on each process: {reason}"


def _own_group(root: Path, membership: Path) -> Path:
    try:
        lines = membership.read_text().splitlines()
        ours = next(line[3:] for line in lines if line.startswith("0::"))
    except (OSError, StopIteration):
        raise NotOurs("this system has no control groups of version 2") from None
    return root / ours.strip("/")


def _candidates(own: Path) -> Iterator[Path]:
    is_in_unit = own.suffix not in _UNITS and own.parent.suffix in _UNITS
    if own.name == LEAF or is_in_unit:
        yield own.parent
    yield own


def _prepare(top: Path, files: GroupFiles, is_ours: Callable[[int], bool], wanted: Sequence[str]) -> Path:
    for _ in range(_TRIES):
        present = _check(top, files, is_ours, wanted)
        if not present:
            break
        files.make(top / LEAF)
        for pid in present:
            with contextlib.suppress(ProcessLookupError):  # It has ended meanwhile.
                files.write(top / LEAF / "cgroup.procs", str(pid))
    asked = " ".join(f"+{name}" for name in wanted)
    files.write(top / "cgroup.subtree_control", asked)
    workers = top / WORKERS
    files.make(workers)
    files.write(workers / "cgroup.subtree_control", asked)
    for group in files.below(workers):
        # What ended while no manager looked. Those with living workers in them refuse.
        with contextlib.suppress(OSError):
            files.remove(group)
    return workers


def _check(top: Path, files: GroupFiles, is_ours: Callable[[int], bool], wanted: Sequence[str]) -> list[int]:
    """Return who has to move down before this group can be used; raise `NotOurs` if it cannot be."""
    try:
        offered = files.read(top / "cgroup.controllers").split()
    except FileNotFoundError:
        raise NotOurs(f"this system has no control groups of version 2 at {top}") from None
    if not set(wanted) <= set(offered):
        raise NotOurs(f"the control group {top} does not offer {' and '.join(wanted)}")
    if not files.is_handed_over(top):
        raise NotOurs(f"the control group {top} is not delegated to us")
    if files.is_root(top):
        return []
    present = processes_in(top, files)
    strange = [pid for pid in present if not is_ours(pid)]
    if strange:
        raise NotOurs(f"in the control group {top} other programs run too (process {strange[0]})")
    return present


def processes_in(group: Path, files: GroupFiles) -> list[int]:
    """Return the processes in a group itself."""
    return [int(word) for word in files.read(group / "cgroup.procs").split()]


def is_ours(pid: int) -> bool:
    """Tell whether a process is this one, a child of it, or another part of this program by the same user."""
    if pid == os.getpid():
        return True
    try:
        process = psutil.Process(pid)
        if sys.platform == "win32" or process.uids().real != os.getuid():
            return False
        return names_us(process.cmdline()) or os.getpid() in (parent.pid for parent in process.parents())
    except (psutil.Error, ValueError):
        return False


def names_us(command: Sequence[str]) -> bool:
    """Tell whether a command line starts a program of ours: the UI server that started us, or a worker."""
    if not command or not Path(command[0]).name.startswith(("python", "funcnodes")):
        return False
    words = iter(command[1:])
    for word in words:
        if word == "-m":
            return next(words, "").split(".")[0] in ("funcnodes", "funcnodes_worker")
        if not word.startswith("-"):
            return Path(word).name == "funcnodes"
    return False


def _mark(group: Path, name: str) -> bool:
    if sys.platform != "linux":
        return False
    try:
        return os.getxattr(group, name) == b"1"
    except OSError:
        return False
