"""What the system itself holds a process to: control groups where we may make them, else limits per process.

Owns the two ways. On Linux, where a control group of version 2 is handed over to us (`delegation`: systemd's
`Delegate=yes`, or a container of our own), memory and processors of a worker with all its children are
bounded by the kernel. Elsewhere: `RLIMIT_DATA` (private memory, since address space as such costs nothing and
numpy maps plenty), `RLIMIT_NOFILE`, and the processors the process may use, as whole ones. What neither
offers is left to the supervisor's look.

Sources: the kernel's cgroup-v2.rst, getrlimit(2), sched_setaffinity(2).
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import psutil
from funcnodes_worker.home.limits import Limits

from funcnodes.launch.delegation import ROOT, WANTED, GroupFiles, NotOurs, is_ours, processes_in, take_over
from funcnodes.launch.kernel_evidence import kills_said

LOGGER = logging.getLogger(__name__)
_PERIOD_US = 100_000


class ControlGroups(Protocol):
    """Holds processes to their limits. Used by the launcher only."""

    def limit(self, pid: int, name: str, limits: Limits) -> None:
        """Hold this new process to its limits; what cannot be done is logged. Called once after a launch."""
        ...

    def change(self, pid: int, name: str, limits: Limits) -> None:
        """Hold a process that runs to these limits and no others. Called when its settings changed."""
        ...

    def find(self, pid: int) -> None:
        """Know a process again that an earlier manager launched. Called before its end is waited for."""
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
            _bind(pid, name, limits.cpu)

    def change(self, pid: int, name: str, limits: Limits) -> None:
        """Set all of it on the process and its children; what has no limit now gets what we have."""
        for each in _with_children(pid):
            _set_rlimit(each, name, "RLIMIT_NOFILE", limits.open_files)
            _set_rlimit(each, name, "RLIMIT_DATA", limits.memory_hard)
            _bind(each, name, limits.cpu)

    def find(self, pid: int) -> None:
        """There is nothing to know: the limits are the process's own."""

    def memory_kills(self, pid: int) -> int:
        """Nobody counts them for a single process."""
        return 0

    def forget(self, pid: int) -> None:
        """Nothing is left behind."""


class CgroupV2:
    """A group of its own for each process, below a folder that we may write."""

    def __init__(self, folder: Path, files: GroupFiles | None = None) -> None:
        self._folder, self._files = folder, files or GroupFiles()
        self._groups: dict[int, Path] = {}
        self._left: set[Path] = set()
        """Groups that could not be removed yet: what was killed in them had not ended."""

    def limit(self, pid: int, name: str, limits: Limits) -> None:
        """Make the group, set its bounds, move the process into it.

        Without any limit too: what a process used before it came into a group never counts in it, so a limit
        that is set later would miss all of that.
        """
        if limits.open_files is not None:
            _set_rlimit(pid, name, "RLIMIT_NOFILE", limits.open_files)
        group = self._folder / f"{name}.{pid}"
        try:
            self._files.make(group)
            if limits.memory_hard is not None or limits.cpu is not None:
                self._bound(group, limits)
            self._files.write(group / "cgroup.procs", str(pid))
        except OSError as problem:
            LOGGER.warning("worker %s: no control group (%s); limited by itself instead", name, problem)
            PerProcess().limit(pid, name, limits)
            return
        self._groups[pid] = group

    def change(self, pid: int, name: str, limits: Limits) -> None:
        """Write the group's bounds anew; a process that has none is limited by itself."""
        group = self._groups.get(pid)
        if group is None:
            PerProcess().change(pid, name, limits)
            return
        for each in _with_children(pid):
            _set_rlimit(each, name, "RLIMIT_NOFILE", limits.open_files)
        try:
            self._bound(group, limits)
        except OSError as problem:
            LOGGER.warning("worker %s: its control group keeps the limits it had: %s", name, problem)

    def find(self, pid: int) -> None:
        """Find the group by its name, which an earlier manager gave it."""
        for group in self._files.below(self._folder):
            with contextlib.suppress(OSError):
                if group.name.endswith(f".{pid}") and pid in processes_in(group, self._files):
                    self._groups.setdefault(pid, group)

    def memory_kills(self, pid: int) -> int:
        """Return what the group's own count says."""
        group = self._groups.get(pid)
        if group is None:
            return 0
        try:
            return kills_said(self._files.read(group / "memory.events"))
        except OSError:
            return 0

    def forget(self, pid: int) -> None:
        """Remove the group, which is empty now or will be soon."""
        group = self._groups.pop(pid, None)
        if group is not None:
            self._left.add(group)
        for left in sorted(self._left):
            try:
                self._files.remove(left)
            except FileNotFoundError:
                self._left.discard(left)
            except OSError:
                continue  # Tried again after the next end, and by the next manager.
            else:
                self._left.discard(left)

    def _bound(self, group: Path, limits: Limits) -> None:
        memory = "max" if limits.memory_hard is None else str(limits.memory_hard)
        quota = "max" if limits.cpu is None else str(round(limits.cpu * _PERIOD_US))
        self._files.write(group / "memory.max", memory)
        self._files.write(group / "cpu.max", f"{quota} {_PERIOD_US}")


def find_groups(
    root: Path = ROOT,
    membership: Path = Path("/proc/self/cgroup"),
    files: GroupFiles | None = None,
    wanted: Sequence[str] = WANTED,
) -> ControlGroups:
    """Return the better of the two ways that this system offers us; our own process may move for it."""
    if sys.platform != "linux":
        return PerProcess()
    files = files or GroupFiles()
    try:
        folder = take_over(root, membership, files, is_ours, wanted)
    except NotOurs as problem:
        LOGGER.info("limits of workers are set on each process: %s", problem)
        return PerProcess()
    LOGGER.info("limits of workers are kept by the kernel, in control groups below %s", folder)
    return CgroupV2(folder, files)


def _with_children(pid: int) -> Iterable[int]:
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return []  # It has ended meanwhile.


def _bind(pid: int, name: str, cores: float | None) -> None:
    try:
        mine = psutil.Process().cpu_affinity() or []
        # Parts of a core cannot be given; rounding up keeps the promise of "at least".
        given = mine if cores is None else mine[: max(1, math.ceil(cores))]
        process = psutil.Process(pid)
        if sys.platform != "linux":
            process.cpu_affinity(given)
            return
        # Each thread has its own on Linux; one that is begun later inherits from the one that begins it.
        for thread in process.threads():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread.id, given)
    except (psutil.Error, AttributeError, OSError) as problem:
        LOGGER.warning("worker %s: its processors could not be limited: %s", name, problem)


def _set_rlimit(pid: int, name: str, kind: str, value: int | None) -> None:
    # `prlimit` sets the limits of another process: nothing has to run between fork and exec, which in a
    # program with threads is asking for a deadlock. Only the soft one is set: the hard one can be lowered by
    # anybody and raised by root alone, so a limit could never be taken back.
    try:
        import resource

        number = getattr(resource, kind)
        if value is None:
            # What the process would have been born with.
            value = resource.getrlimit(number)[0]
        _, hard = resource.prlimit(pid, number)
        is_bounded = hard != resource.RLIM_INFINITY
        bound = hard if is_bounded and (value == resource.RLIM_INFINITY or value > hard) else value
        resource.prlimit(pid, number, (bound, hard))
    except ProcessLookupError:
        return  # It has ended meanwhile.
    except (ImportError, AttributeError, OSError, ValueError) as problem:
        LOGGER.warning("worker %s: %s could not be limited on %s: %s", name, kind, os.name, problem)
