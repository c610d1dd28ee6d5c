"""Calls that this worker answered before it was killed: what they made, for when they are sent again.

Owns what is known of them from the journal, and for how long. A handler that runs again for such a call sees
the graph as it was before, and is given the commit of then in place of a new one: so it gives the same answer
and has no second effect. Belongs to the server's event loop.
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
        self._until = now + REMEMBERED_S
        self._made: dict[int, Made] | None = None

    def is_known(self, now: float) -> bool:
        """Tell whether any call is remembered still."""
        if self._calls and now > self._until:
            self._calls, self._made, self._document = {}, None, Document()
        return bool(self._calls)

    def by(self, mark: str) -> tuple[Made, ...]:
        """Return what a call has made, in order; nothing for one that was not answered before."""
        revisions = self._calls.get(mark)
        if not revisions:
            return ()
        if self._made is None:
            # Seldom and short: some hundred entries at most, once after a kill, when it is asked for.
            self._made = self._all_made()
        return tuple(self._made[revision] for revision in revisions if revision in self._made)

    def _all_made(self) -> dict[int, Made]:
        wanted = {revision for revisions in self._calls.values() for revision in revisions}
        made: dict[int, Made] = {}
        after = self._document
        for entry in reversed(self._read(min(wanted), self._revision)):
            before = apply_all(after, entry.inverse)
            if entry.revision in wanted:
                committed = Committed(entry.revision, entry.author, entry.edits, before, after)
                made[entry.revision] = Made(entry, committed)
            after = before
        return made
