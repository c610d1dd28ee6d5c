"""A long sequence whose next version has more at its end, at the cost of what is new.

The edges of a graph of ten thousand would be copied for every wire that is drawn. Versions share one list
instead, which only ever grows; each knows how much of it is its own. Who grows a version that others have
grown already gets a list of his own. Short sequences are plain tuples and stay so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TypeVar, overload

SHORT = 64
"""Up to so many a tuple is copied as quickly."""

T = TypeVar("T")
_growing = Lock()


class Grown(Sequence[T]):
    """A version of a sequence. Reads as a tuple does, and equals one; may be read from any thread."""

    __slots__ = ("_count", "_shared")
    __hash__ = None  # pyright: ignore[reportAssignmentType] - compared by content, as a list is

    def __init__(self, shared: list[T], count: int) -> None:
        """Use `with_more`."""
        self._shared, self._count = shared, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return islice(self._shared, self._count)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            return self.whole()[place]
        if not -self._count <= place < self._count:
            raise IndexError(place)
        return self._shared[place if place >= 0 else self._count + place]

    def __contains__(self, one: object) -> bool:
        return one in self.whole()

    def __eq__(self, other: object) -> bool:
        return self.whole() == (other.whole() if isinstance(other, Grown) else other)

    def __repr__(self) -> str:
        return repr(self.whole())

    def whole(self) -> tuple[T, ...]:
        """Return this version as a tuple."""
        return tuple(self)

    def grown(self, more: Sequence[T]) -> Grown[T]:
        """Return the version with more at its end."""
        # An earlier graph is made in a thread of its own while edits go on: both may grow the same version.
        with _growing:
            shared = self._shared if len(self._shared) == self._count else list(self)
            shared.extend(more)
            return Grown(shared, len(shared))


def with_more(sequence: Sequence[T], more: Sequence[T]) -> Sequence[T]:
    """Return the sequence with more at its end: a tuple while it is short."""
    if isinstance(sequence, Grown):
        # pyright loses the parameter of a narrowed generic; it is that of the sequence.
        known: Grown[T] = sequence
        return known.grown(more)
    together = [*sequence, *more]
    return tuple(together) if len(together) <= SHORT else Grown(together, len(together))
