"""Control groups of version 2 in memory, as strict as the kernel's.

A group with controllers for its children holds no process; a controller is on offer only where the parent
enabled it; the file of a bound is there only with its controller; a group with anything in it stays.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from funcnodes.launch.delegation import GroupFiles

OFFERED = ("cpu", "memory", "pids")


class KernelGroups(GroupFiles):
    """Groups below a root, which is named as it would be mounted."""

    def __init__(self, root: Path, *, handed_over: tuple[str, ...] = ()) -> None:
        self.root = root
        self.handed_over = {root / path.strip("/") for path in handed_over}
        self.enabled: dict[Path, set[str]] = {root: set(OFFERED)}
        self.bounds: dict[Path, dict[str, str]] = {root: {}}
        self.where: dict[int, Path] = {}

    def with_group(self, path: str, *pids: int, enabled: tuple[str, ...] = ()) -> Path:
        """Return a group that somebody else made, with its parents; these processes are in it."""
        group = self.root
        for part in Path(path.strip("/")).parts:
            self.enabled[group] |= set(OFFERED)
            group /= part
            if group not in self.enabled:
                self.make(group)
        self.enabled[group] |= set(enabled)
        for pid in pids:
            self.where[pid] = group
        return group

    def members(self, group: Path) -> list[int]:
        """Return who is in a group itself."""
        return sorted(pid for pid, where in self.where.items() if where == group)

    def read(self, file: Path) -> str:
        """Return what the kernel would say."""
        group = self._group_of(file)
        match file.name:
            case "cgroup.procs":
                return "".join(f"{pid}\n" for pid in self.members(group))
            case "cgroup.controllers":
                return " ".join(sorted(self._offered(group))) + "\n"
            case "cgroup.subtree_control":
                return " ".join(sorted(self.enabled[group])) + "\n"
            case name:
                if name not in self.bounds[group]:
                    raise _refused(errno.ENOENT, file)
                return self.bounds[group][name]

    def write(self, file: Path, text: str) -> None:
        """Do what the kernel would do, or refuse as it does."""
        group = self._group_of(file)
        match file.name:
            case "cgroup.procs":
                if self.enabled[group] and group != self.root:
                    raise _refused(errno.EBUSY, file)
                if int(text) not in self.where:
                    raise _refused(errno.ESRCH, file)
                self.where[int(text)] = group
            case "cgroup.subtree_control":
                wanted = {word.removeprefix("+") for word in text.split()}
                if not wanted <= self._offered(group):
                    raise _refused(errno.ENOENT, file)
                if self.members(group) and group != self.root:
                    raise _refused(errno.EBUSY, file)
                self.enabled[group] |= wanted
            case name:
                if name.split(".")[0] not in self._offered(group) or group == self.root:
                    raise _refused(errno.EACCES, file)
                self.bounds[group][name] = text

    def make(self, group: Path) -> None:
        """Make an empty group."""
        self._group_of(group)
        if group not in self.enabled:
            self.enabled[group] = set()
            offered = self._offered(group)
            self.bounds[group] = {"memory.events": "oom 0\noom_kill 0\n"} if "memory" in offered else {}

    def remove(self, group: Path) -> None:
        """Remove an empty group."""
        if group not in self.enabled:
            raise _refused(errno.ENOENT, group)
        if self.members(group) or self.below(group):
            raise _refused(errno.EBUSY, group)
        del self.enabled[group], self.bounds[group]

    def below(self, group: Path) -> list[Path]:
        """Return the groups in a group."""
        return sorted(other for other in self.enabled if other.parent == group)

    def is_root(self, group: Path) -> bool:
        """Only one is."""
        return group == self.root

    def is_handed_over(self, group: Path) -> bool:
        """Tell whether somebody gave us this group, or one that holds it."""
        return any(given in (group, *group.parents) for given in self.handed_over)

    def _offered(self, group: Path) -> set[str]:
        return set(OFFERED) if group == self.root else self.enabled[group.parent]

    def _group_of(self, file: Path) -> Path:
        if file.parent not in self.enabled:
            raise _refused(errno.ENOENT, file)
        return file.parent


def _refused(number: int, file: Path) -> OSError:
    return OSError(number, os.strerror(number), str(file))
