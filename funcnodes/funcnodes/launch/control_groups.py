"""What the system itself holds a process to: control groups where we may make them, else limits per process.

Owns the two ways. On Linux with cgroup v2 delegated to us (systemd's `Delegate=yes`, or root in a container)
memory and processors of a worker with all its children are bounded by the kernel. Elsewhere: `RLIMIT_DATA`
(private memory, since address space as such costs nothing and numpy maps plenty), `RLIMIT_NOFILE`, and the
processors the process may use, as whole ones. What neither offers is left to the supervisor's look.

Sources: the kernel's cgroup-v2.rst ("No Internal Process Constraint": a group with controllers for its
children holds no process itself), getrlimit(2).
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
from pathlib import Path
from typing import Protocol

import psutil
from funcnodes_worker.home.limits import Limits

from funcnodes.launch.kernel_evidence import kills_in

LOGGER = logging.getLogger(__name__)
_ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


class ControlGroups(Protocol):
    """Holds processes to their limits. Used by the launcher only."""

    def limit(self, pid: int, name: str, limits: Limits) -> None:
        """Hold this new process to its limits; what cannot be done is logged. Called once after a launch."""
        ...

    def memory_kills(self, pid: int) -> int:
        """Return how often the kernel killed in this process's group for lack of memory."""
        ...

    def forget(self, pid: int) -> None:
        """Clear up after a process that has ended. Called once after its end."""
        ...


class PerProcess:
    """Limits of the one process, by the system's calls for it; children inherit them."""

    def limit(self, pid: int, name: str, limits: Limits) -> None:
        """Set what this system can set on another process."""
        if limits.open_files is not None:
            _set_rlimit(pid, name, "RLIMIT_NOFILE", limits.open_files)
        if limits.memory_hard is not None:
            _set_rlimit(pid, name, "RLIMIT_DATA", limits.memory_hard)
        if limits.cpu is not None:
            self._bind(pid, name, limits.cpu)

    def memory_kills(self, pid: int) -> int:
        """Nobody counts them for a single process."""
        return 0

    def forget(self, pid: int) -> None:
        """Nothing is left behind."""

    @staticmethod
    def _bind(pid: int, name: str, cores: float) -> None:
        try:
            process = psutil.Process(pid)
            mine = process.cpu_affinity()
            # Parts of a core cannot be given; rounding up keeps the promise of "at least".
            process.cpu_affinity(mine[: max(1, math.ceil(cores))] if mine else [])
        except (psutil.Error, AttributeError, OSError) as problem:
            LOGGER.warning("worker %s: its processors could not be limited: %s", name, problem)


class CgroupV2:
    """A group of its own for each process, below a folder that we may write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._groups: dict[int, Path] = {}

    def limit(self, pid: int, name: str, limits: Limits) -> None:
        """Make the group, set its bounds, move the process into it."""
        if limits.open_files is not None:
            _set_rlimit(pid, name, "RLIMIT_NOFILE", limits.open_files)
        group = self._folder / f"{name}.{pid}"
        try:
            group.mkdir(exist_ok=True)
            if limits.memory_hard is not None:
                (group / "memory.max").write_text(str(limits.memory_hard))
            if limits.cpu is not None:
                (group / "cpu.max").write_text(f"{round(limits.cpu * _PERIOD_US)} {_PERIOD_US}")
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as problem:
            LOGGER.warning("worker %s: no control group (%s); limited by itself instead", name, problem)
            PerProcess().limit(pid, name, limits)
            return
        self._groups[pid] = group

    def memory_kills(self, pid: int) -> int:
        """Return what the group's own count says."""
        group = self._groups.get(pid)
        return 0 if group is None else kills_in(group / "memory.events")

    def forget(self, pid: int) -> None:
        """Remove the group, which is empty now."""
        group = self._groups.pop(pid, None)
        if group is not None:
            with contextlib.suppress(OSError):
                group.rmdir()


def find_groups(root: Path = _ROOT, membership: Path = Path("/proc/self/cgroup")) -> ControlGroups:
    """Return the better of the two ways that this system offers us."""
    folder = _delegated(root, membership) if sys.platform == "linux" else None
    return PerProcess() if folder is None else CgroupV2(folder)


def _delegated(root: Path, membership: Path) -> Path | None:
    """Return a folder in which we may make groups with memory and processors bounded, or None."""
    try:
        ours = next(line[3:] for line in membership.read_text().splitlines() if line.startswith("0::"))
        own = root / ours.strip("/")
        offered = (own / "cgroup.controllers").read_text().split()
        if not {"memory", "cpu"} <= set(offered):
            return None
        # Refused while processes live in our own group, ours among them, unless it is the root.
        (own / "cgroup.subtree_control").write_text("+memory +cpu")
        workers = own / "funcnodes"
        workers.mkdir(exist_ok=True)
        (workers / "cgroup.subtree_control").write_text("+memory +cpu")
    except (OSError, StopIteration):
        return None
    return workers


def _set_rlimit(pid: int, name: str, kind: str, value: int) -> None:
    # `prlimit` sets the limits of another process: nothing has to run between fork and exec, which in a
    # program with threads is asking for a deadlock.
    try:
        import resource

        _, hard = resource.prlimit(pid, getattr(resource, kind))
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.prlimit(pid, getattr(resource, kind), (bound, hard))
    except (ImportError, AttributeError, OSError, ValueError) as problem:
        LOGGER.warning("worker %s: %s could not be limited on %s: %s", name, kind, os.name, problem)
