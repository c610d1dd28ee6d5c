"""What changed and was not told yet: each thing once, the one that has waited longest first.

A dictionary alone would do for few things. With a hundred thousand, looking for its first entry passes over
all that were taken before, so it is taken whole and gone through while a new one fills.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import length_hint
from typing import Generic, TypeVar

__all__ = ["Changed"]

Thing = TypeVar("Thing")


class Changed(Generic[Thing]):
    """Things with the number of their latest change."""

    __slots__ = ("_rest", "_taken", "new")

    def __init__(self) -> None:
        self.new: dict[Thing, int] = {}
        """Where a change is noted."""
        self._taken: dict[Thing, int] = {}
        self._rest: Iterator[tuple[Thing, int]] = iter(())

    def __bool__(self) -> bool:
        return bool(self.new) or length_hint(self._rest) > 0

    def take(self) -> tuple[Thing, int] | None:
        """Return what has waited longest, with the number of its latest change; None when nothing has."""
        for thing, number in self._rest:
            # What changed again meanwhile is told as it is now, so it need not be told once more.
            return thing, self.new.pop(thing, number)
        self._taken, self.new = self.new, {}
        self._rest = iter(self._taken.items())
        return next(self._rest, None)

    def lately(self) -> list[Thing]:
        """Return all that waits, and some that was taken lately; the one that has waited longest first."""
        return list({**self._taken, **self.new})

    def number(self, thing: Thing) -> int:
        """Return the number of a thing's latest change that waits or was taken lately, else 0."""
        return self.new.get(thing) or self._taken.get(thing, 0)
