"""Calls that this worker answered before it was killed: what they made, for when they are sent again.

Owns what is known of them from the journal, and for how long. A handler that runs again for such a call sees
the graph as it was before, and is given the commit of then in place of a new one: so it gives the same answer
and has no second effect. Belongs to the server's event loop.

Thousands of calls may come again, in the order in which they were made: the graph goes back to the first of
them once and forward from one to the next, and no other graph of then is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.model import Document

from funcnodes_worker.runtime.writer import Committed
from funcnodes_worker.store.records import Entry

REMEMBERED_S = 600.0
"""How long after a start: a worker is started again at once, and its clients are back within seconds."""
AT_ONCE = 200
"""Entries that are read together."""


class Made(msgspec.Struct, frozen=True):
    """One edit of a call, as the journal has it."""

    entry: Entry
    committed: Committed


class MadeBefore:
    """What calls made in the process before this one."""

    def __init__(
        self,
        calls: Mapping[str, Sequence[int]],
        read: Callable[[int, int], Sequence[Entry]],
        document: Document,
        revision: int,
        now: float,
    ) -> None:
        """Know the revisions that each call made, by its mark; begin at a document and its revision.

        `read` gives the entries of revisions, both included.
        """
        self._calls, self._read = dict(calls), read
        self._document, self._revision = document, revision
        """The graph as it was after some revision."""
        self._until = now + REMEMBERED_S
        self._near: dict[int, Entry] = {}
        """Entries around that revision."""

    def is_known(self, now: float) -> bool:
        """Tell whether any call is remembered still."""
        if self._calls and now > self._until:
            self._calls, self._near, self._document = {}, {}, Document()
        return bool(self._calls)

    def by(self, mark: str) -> tuple[Made, ...]:
        """Return what a call has made, in order; nothing for one that was not answered before."""
        made = [self._made_at(revision) for revision in self._calls.get(mark, ())]
        return tuple(one for one in made if one is not None)

    def _made_at(self, revision: int) -> Made | None:
        if not self._go_to(revision - 1):
            return None
        before, entry = self._document, self._entry(revision, revision + AT_ONCE - 1)
        if entry is None or not self._go_to(revision):
            return None
        return Made(entry, Committed(revision, entry.author, entry.edits, before, self._document))

    def _go_to(self, revision: int) -> bool:
        """Tell whether the graph is as it was after this revision; not if the journal has it no more."""
        while self._revision > revision:
            # All of them in one draft: a thousand documents in between would be made for nothing.
            first = max(revision + 1, self._revision - AT_ONCE + 1)
            back = [self._entry(one, one, first) for one in range(self._revision, first - 1, -1)]
            entries = [entry for entry in back if entry is not None]
            if len(entries) < len(back):
                return False
            edits = [edit for entry in entries for edit in entry.inverse]
            self._document, self._revision = apply_all(self._document, edits), first - 1
        while self._revision < revision:
            entry = self._entry(self._revision + 1, self._revision + AT_ONCE)
            if entry is None:
                return False
            self._document, self._revision = apply_all(self._document, entry.edits), entry.revision
        return True

    def _entry(self, revision: int, last: int, first: int | None = None) -> Entry | None:
        if revision not in self._near:
            found = self._read(revision if first is None else first, last)
            self._near = {entry.revision: entry for entry in found}
        return self._near.get(revision)
