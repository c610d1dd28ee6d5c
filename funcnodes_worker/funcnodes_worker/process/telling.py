"""What happened reaches who must know: commits and observations the clients, batches of the graph the board.

Owns what is remembered of the past for who comes back soon, also from before this process, and what node code
changed on its way into the document. What follows from a commit in the living graph is handed in. Belongs to
the server's event loop.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence

from funcnodes_core.document.edits import SetValue
from funcnodes_core.document.model import Document

from funcnodes_worker.runtime.ahead import HeldBack
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.noted import Renewed, note_batch, renewed_by
from funcnodes_worker.runtime.records import Batch, NodeState, Noted
from funcnodes_worker.runtime.running import Run
from funcnodes_worker.runtime.writer import Committed, Missed, Past, Writer
from funcnodes_worker.server.hub import Hub
from funcnodes_worker.store.journal import JournalDamaged
from funcnodes_worker.store.records import UNREADABLE, Entry

_log = logging.getLogger("funcnodes.worker")
REMEMBERED = 2000
"""Transactions of this process, and of those before it, that are told to who missed them."""


class Teller:
    """Tells what happened, in order. `writer` is given before anything happens."""

    writer: Writer

    def __init__(
        self,
        board: Board,
        hub: Hub,
        follow: Callable[[Committed], None],
        changed: Callable[[], None],
        told: int,
        read: Callable[[int, int], Sequence[Entry]] = lambda first, last: (),
    ) -> None:
        """`follow` brings a commit to the living graph; `changed` hears that the document is another.

        `told` is the revision that everybody knows from the start; `read` gives the entries up to
        it, both included, as far as they are kept.
        """
        self._board, self._hub, self._follow, self._changed = board, hub, follow, changed
        self._told = self._begun_at = told
        self._read = read
        self._held = HeldBack()
        self._past: deque[Past] = deque(maxlen=REMEMBERED)
        self._before: list[Past] = []
        """What was read of the time before this process: the last of it, without a gap."""
        self._observed_at = -1
        self._renewed = Renewed()

    def committed(self, committed: Committed) -> None:
        """Tell a commit. Called by the writer, after its answer."""
        self._past.append(Past(committed.revision, committed.author, committed.edits))
        self._hub.committed(committed)
        self._follow(committed)
        if gone := renewed_by(committed.edits, committed.before):
            self._board.drop(gone)
            self._renewed.note(gone, committed.revision)
        self._changed()
        self._told = committed.revision
        for batch in self._held.release(self._told):
            self._take(batch)

    def observed(self, document: Document, noted: Noted | None) -> None:
        """Tell what the document says by itself. Called by the writer."""
        self._observed_at = self.writer.revision
        self._changed()
        if noted is not None:
            self._hub.observed(noted)

    def take(self, batch: Batch) -> None:
        """Put a batch of the graph on the board, and what node code changed into the document.

        One that shows values which are not on disk yet waits until their edit was told.
        """
        for ready in self._held.put(batch, self._told):
            self._take(ready)

    def took_back(self) -> int:
        """Return the number that the graph says when it is done with taking back what the disk refused."""
        return self._held.take_back()

    def _take(self, batch: Batch) -> None:
        batch = self._renewed.without_old(batch)
        if batch.ports or batch.own_values:
            newer = {
                (edit.node, edit.port)
                for past in self._past
                if past.revision > batch.followed
                for edit in past.edits
                if isinstance(edit, SetValue)
            }
            committed = self.writer.document
            own = tuple(dict.fromkeys(node for node, _ in batch.own_values))
            noted = Noted(ports=tuple(batch.ports), values=own)
            self.writer.observe(lambda head: note_batch(head, committed, batch, newer), noted)
        self._board.take(batch, self.writer.head.nodes.__contains__)

    def lasts(self, run: Run, followed: int) -> None:
        """Tell that a run lasts: the engine itself tells of a plain one when it is over.

        `followed` is how far the graph has come.
        """
        before = self._board.state(run.node)
        if before.status != "running":
            # What its runs have cost stands. Why this one came is told when it has ended: until then it must
            # not look like the reason of the one before.
            figures = before.figures._replace(reason="")
            state = NodeState("running", before.run + 1, None, before.ready, figures=figures)
            self.take(Batch(states={run.node: state}, followed=followed))

    def missed_since(self, revision: int) -> Missed | None:
        """Return the transactions after a revision, or None when they are not at hand any more."""
        if revision > self.writer.revision:
            return None
        # What is committed and not yet told comes as an event; it is passed over there when it is told here.
        missed = [past for past in (*self._past_before(revision), *self._past) if past.revision > revision]
        if len(missed) != self.writer.revision - revision:
            return None
        # What node code changed is in no edit, and a document that was opened anew has lost what was not in
        # the snapshot: beside the steps, only the whole of it shows that.
        is_all = revision > max(self._begun_at, self._observed_at)
        return Missed(tuple(missed), is_all)

    def _past_before(self, revision: int) -> Sequence[Past]:
        """Return what is known of the time before this process; read when it is asked for."""
        first = revision + 1
        last = self._before[0].revision - 1 if self._before else self._begun_at
        # Seldom and short: windows come back at once after a start, and have missed little.
        if first <= last and self._begun_at - revision <= REMEMBERED:
            try:
                entries = self._read(first, last)
            # What lies before the snapshot may be damaged without harm to the graph: the document says it.
            except (JournalDamaged, sqlite3.Error, OSError, *UNREADABLE):
                _log.warning("the journal could not be read for a window that comes back", exc_info=True)
                return ()
            self._before[:0] = [Past(entry.revision, entry.author, entry.edits) for entry in entries]
        return self._before
