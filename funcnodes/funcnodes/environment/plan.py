"""Plans: what stands in an environment, what is wanted, and what must happen between. Pure.

Owns the reading of locks as sets of packages, the difference a user is shown, and the choice between adding
to the current environment and building another one. Does not know uv (`uv`), folders (`state`) nor how it is
done (`provision`).
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from funcnodes.environment.manifest import NEW, OURS

EVERYTHING = ("*",)
"""In place of names: all packages are to be brought up to date."""


class Package(msgspec.Struct, frozen=True, order=True):
    """A distribution in one exact form: its version, and its file unless it is the registry's."""

    name: str
    version: str
    path: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Change(msgspec.Struct, frozen=True):
    """A distribution that is there before and after, in two forms."""

    before: Package
    after: Package

    def __str__(self) -> str:
        if self.before.version == self.after.version:
            return f"{self.after.name} {self.after.version} (another build)"
        return f"{self.after.name} {self.before.version} → {self.after.version}"


class Stay(msgspec.Struct, frozen=True):
    """A distribution that nobody asks for any more and that is there all the same."""

    name: str
    needed_by: tuple[str, ...]

    def __str__(self) -> str:
        needs = "needs" if len(self.needed_by) == 1 else "need"
        return f"{self.name} stays, because {', '.join(self.needed_by)} {needs} it"


class Difference(msgspec.Struct, frozen=True):
    """What an installation adds, changes and removes."""

    added: tuple[Package, ...] = ()
    changed: tuple[Change, ...] = ()
    removed: tuple[Package, ...] = ()
    stays: tuple[Stay, ...] = ()
    """What was to be removed and is needed by others."""
    left_out: tuple[str, ...] = ()
    """What goes out of the worker's library, and stays as files: our own packages need it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.changed or self.removed)

    @property
    def only_adds(self) -> bool:
        """Whether everything that stands stays as it is."""
        return bool(self.added) and not self.changed and not self.removed

    def __str__(self) -> str:
        parts = [
            _part("adds", self.added),
            _part("changes", self.changed),
            _part("removes", self.removed),
            _part("takes out of the library", self.left_out),
            *map(str, self.stays),
        ]
        return "; ".join(part for part in parts if part) or "changes nothing"


class Way(enum.Enum):
    """How an environment gets from present to wanted."""

    NOTHING = "nothing to do"
    ADD = "add to the current environment; the worker keeps running"
    BUILD = "build another environment; the worker restarts into it"


class Plan(msgspec.Struct, frozen=True):
    """The whole intention: the difference, the way, and which distributions must prove that they load."""

    difference: Difference
    way: Way
    must_load: tuple[str, ...]

    def __str__(self) -> str:
        return str(self.difference)


_SHOWN = 8


def _part(verb: str, things: Sequence[object]) -> str:
    if not things:
        return ""
    shown = ", ".join(str(thing) for thing in things[:_SHOWN])
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return f"{verb} {shown}{more}"


def read_lock(text: str) -> frozenset[Package]:
    """Return the packages of a `uv.lock`, without the project it belongs to."""
    lock: dict[str, Any] = tomllib.loads(text)
    entries = cast("list[dict[str, Any]]", lock.get("package", []))
    return frozenset(_package(entry) for entry in entries if "virtual" not in entry.get("source", {}))


def without(changes: Difference, removed: Sequence[str], lock: str) -> Difference:
    """Return the difference telling also what becomes of packages that are asked for no more.

    `lock` is the one after it. Our own packages need the basic nodes: the library of a worker can go without.
    """
    entries = cast("list[dict[str, Any]]", tomllib.loads(lock).get("package", []))
    present = {str(entry["name"]) for entry in entries}
    stays: list[Stay] = []
    left_out: list[str] = []
    for name in removed:
        needed_by = [
            str(entry["name"])
            for entry in entries
            if any(one["name"] == name for one in entry.get("dependencies", []))
            and not (name in NEW and entry["name"] in OURS)
        ]
        if name in NEW and not needed_by:
            left_out.append(name)
        elif name in present:
            stays.append(Stay(name, tuple(needed_by)))
    return msgspec.structs.replace(changes, stays=tuple(stays), left_out=tuple(left_out))


def _package(entry: Mapping[str, Any]) -> Package:
    source = cast("Mapping[str, str]", entry.get("source", {}))
    path = next(
        (source[kind] for kind in ("path", "editable", "directory", "url", "git") if kind in source), None
    )
    return Package(entry["name"], entry.get("version", "0"), path)


def difference(present: Iterable[Package], wanted: Iterable[Package]) -> Difference:
    """Return what must be added, changed and removed to get from present to wanted."""
    before = {package.name: package for package in present}
    after = {package.name: package for package in wanted}
    return Difference(
        added=tuple(after[name] for name in sorted(after.keys() - before.keys())),
        changed=tuple(
            Change(before[name], after[name])
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        ),
        removed=tuple(before[name] for name in sorted(before.keys() - after.keys())),
    )


def make_plan(present: Iterable[Package] | None, wanted: Iterable[Package]) -> Plan:
    """Return the plan from present (None: no environment yet) to wanted."""
    wanted = frozenset(wanted)
    changes = difference(present or (), wanted)
    if present is None:
        way = Way.BUILD
    elif changes.is_empty:
        way = Way.NOTHING
    else:
        # A running interpreter has files of the present packages open and imported: only what is new may join
        # them.
        way = Way.ADD if changes.only_adds else Way.BUILD
    fresh = {package.name for package in changes.added} | {change.after.name for change in changes.changed}
    return Plan(changes, way, tuple(sorted(fresh)))
