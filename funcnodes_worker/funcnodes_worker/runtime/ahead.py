"""Values that the graph computes with while their edit is still on its way to disk.

Owns which edits may be followed ahead, what the graph's thread remembers of them, and the holding back of all
that comes of them until the edit is on disk and told. What may be seen when is the table in
`docs/design/decisions/ahead-of-the-disk.md`. The writer says when an
edit has its place, is on disk, or came to nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import reduce

from funcnodes_core.document.edits import Edit, SetDefault, SetValue
from msgspec.structs import replace

from funcnodes_worker.runtime.records import Batch

SETTLE_S = 1.0
"""How long nothing is told at most while the graph runs again: one node must not keep all others silent."""


def may_go_ahead(edits: Sequence[Edit]) -> bool:
    """Tell whether a transaction only gives inputs values: what it does in the graph can be taken back."""
    return all(isinstance(edit, SetValue | SetDefault) for edit in edits)


class Begun:
    """What the living graph has followed ahead of the disk. Belongs to the graph's thread."""

    def __init__(self) -> None:
        self._begun: set[int] = set()
        """Revisions that were followed and are not known to be on disk."""
        self._late: set[int] = set()
        """Revisions that were offered and left for later: none behind them may go before them."""
        self._then: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return bool(self._begun)

    def takes(self, revision: int, *, may: bool) -> bool:
        """Return whether a revision is followed now; else it is when it is on disk."""
        may = may and not self._late and not self._then
        (self._begun if may else self._late).add(revision)
        return may

    def is_done(self, revision: int) -> bool:
        """Return whether a revision that is on disk now was followed before."""
        self._late.discard(revision)
        if revision not in self._begun:
            return False
        self._begun.discard(revision)
        self._call_who_waits()
        return True

    def take_back(self, revisions: Sequence[int]) -> list[int]:
        """Return which of these revisions were followed; nothing of them counts any more."""
        followed = [revision for revision in revisions if revision in self._begun]
        self._begun.clear()
        self._late.clear()
        return followed

    def go_on(self) -> None:
        """Let those have their turn who waited: what was ahead is taken back."""
        self._call_who_waits()

    def when_none(self, then: Callable[[], None]) -> None:
        """Have this called as soon as nothing is ahead: now, or after what is; no more goes ahead before."""
        self._then.append(then)
        self._call_who_waits()

    def _call_who_waits(self) -> None:
        if not self._begun:
            waiting, self._then = self._then, []
            for then in waiting:
                then()


class HeldBack:
    """Batches that show edits which were not told yet, in order. Belongs to the server's event loop."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._unsettled = 0
        """The number of the taking back that the graph is at; 0 for none."""
        self._number = 0

    def take_back(self) -> int:
        """Hold back everything until the graph says this number: edits that it works with came to nothing."""
        self._number += 1
        self._unsettled = self._number
        return self._number

    def put(self, batch: Batch, told: int) -> list[Batch]:
        """Return what may be told now that this batch has come; `told` is the last revision that was."""
        if batch:
            self._batches.append(batch)
        if self._unsettled and batch.settled == self._unsettled:
            self._unsettled = 0
            if self._batches:
                # The graph has run again since with what was before: newest counts. What node code did to its
                # own inputs it did to values that are no more.
                whole = replace(reduce(_over, self._batches), own_values={}, followed=batch.followed)
                self._batches = deque([whole])
        return self.release(told)

    def release(self, told: int) -> list[Batch]:
        """Return what may be told now that this revision was."""
        ready: list[Batch] = []
        while not self._unsettled and self._batches and self._batches[0].followed <= told:
            ready.append(self._batches.popleft())
        return ready


def _over(older: Batch, newer: Batch) -> Batch:
    """Return both as one: newest only."""
    return Batch(
        {**older.values, **newer.values},
        {**older.states, **newer.states},
        {**older.progress, **newer.progress},
        {**older.ports, **newer.ports},
        {**older.own_values, **newer.own_values},
        newer.followed,
    )
