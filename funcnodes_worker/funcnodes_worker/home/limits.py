"""What a worker may use of its machine: the part `limits` of its settings.

Owns the record and the writing of sizes. Does not enforce anything (the manager's `launch` and `fleet`).
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY_UNITS = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SIZE = r"(?i)\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?i?)b?\s*"


class BadLimit(ValueError):
    """Raised for a limit that cannot be meant."""

    def __init__(self, name: str, given: object) -> None:
        super().__init__()
        self.name, self.given = name, given

    def __str__(self) -> str:
        wanted = {
            "cpu": "a number of cores above 0, like 1.5",
            "open_files": "a whole number from 64 on, like 4096",
        }.get(self.name, 'a size above 0, like "4 GB" or "512 MiB"')
        return f"{self.given!r} cannot be the limit {self.name!r}; write {wanted}, or null for none"


LEAST_MEMORY = 64 * 10**6
"""An idle worker uses some 50 MB: with less it would be ended as soon as it runs, again and again."""


class LimitTooSmall(BadLimit):
    """Raised for a limit in which no worker can even start."""

    def __init__(self, name: str, given: int) -> None:
        super().__init__(name, given)
        self.size = given

    def __str__(self) -> str:
        return (
            f"{self.name!r} of {_size(self.size)} is less than a worker needs to start; "
            f"write {_size(LEAST_MEMORY)} or more, or null for none"
        )


class SoftAboveHard(BadLimit):
    """Raised when the soft limit could never be reached, since the process is ended before."""

    def __init__(self, soft: int, hard: int) -> None:
        super().__init__("memory_soft", soft)
        self.soft, self.hard = soft, hard

    def __str__(self) -> str:
        return (
            f"the soft limit of {_size(self.soft)} lies above the hard one of {_size(self.hard)}, "
            "and would never be reached; write 'memory_soft' below 'memory_hard'"
        )


def _size(size: int) -> str:
    if size < 10**6:
        return f"{size:,} bytes"
    return f"{size / 10**9:g} GB" if size >= 10**9 else f"{size / 10**6:g} MB"


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None means: no limit."""

    memory_soft: int | None = None
    """Bytes; above it the running nodes are interrupted and everybody is told."""
    memory_hard: int | None = None
    """Bytes; above it the process is ended, and starts again as its policy says."""
    cpu: float | None = None
    """Cores."""
    open_files: int | None = None

    @property
    def are_set(self) -> bool:
        """Whether there is any limit."""
        return self != Limits()


def read_size(given: object, name: str = "memory_hard") -> int | None:
    """Return the bytes meant by a number or a text like "4 GB", "512 MiB", "1.5g"; raise `BadLimit`."""
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    match = re.fullmatch(_SIZE, given) if isinstance(given, str) else None
    if match is not None:
        unit = match[2].lower()
        size = int(float(match[1]) * (_UNITS.get(unit) or _BINARY_UNITS.get(unit) or 0))
        if size > 0:
            return size
    raise BadLimit(name, given)


def read_limits(saved: object) -> Limits:
    """Return the limits in a settings file or a command; raise `BadLimit` with what to write instead."""
    if saved is None:
        return Limits()
    if not isinstance(saved, dict):
        raise BadLimit("limits", saved)
    given = cast("dict[str, Any]", saved)
    unknown = sorted(given.keys() - set(Limits.__struct_fields__))
    if unknown:
        raise BadLimit(unknown[0], given[unknown[0]])
    return Limits(
        memory_soft=read_size(given.get("memory_soft"), "memory_soft"),
        memory_hard=read_size(given.get("memory_hard"), "memory_hard"),
        cpu=_cores(given.get("cpu")),
        open_files=_files(given.get("open_files")),
    )


def check_limits(limits: Limits) -> None:
    """Raise `BadLimit` for limits that no worker could run in. Called when they are set, not when read."""
    for name, size in (("memory_hard", limits.memory_hard), ("memory_soft", limits.memory_soft)):
        if size is not None and size < LEAST_MEMORY:
            raise LimitTooSmall(name, size)
    soft, hard = limits.memory_soft, limits.memory_hard
    if soft is not None and hard is not None and soft > hard:
        raise SoftAboveHard(soft, hard)


def _cores(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < 10_000:
        return float(given)
    raise BadLimit("cpu", given)


def _files(given: object) -> int | None:
    if given is None:
        return None
    # Below that a worker cannot even open its journal, log and sockets.
    if isinstance(given, int) and not isinstance(given, bool) and given >= 64:
        return given
    raise BadLimit("open_files", given)
