"""What happened reaches who must know: commits and observations the clients, batches of the graph the board.

Owns what is remembered of the past for who comes back soon, and what node code changed on its way into the
document. What follows from a commit in the living graph is handed in. Belongs to the server's event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from funcnodes_core.document.edits import SetValue
from funcnodes_core.document.model import Document

from funcnodes_worker.runtime.ahead import HeldBack
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.noted import Renewed, note_batch, renewed_by
from funcnodes_worker.runtime.records import Batch, NodeState, Noted
from funcnodes_worker.runtime.running import Run
from funcnodes_worker.runtime.writer import Committed, Past, Writer
from funcnodes_worker.server.hub import Hub

REMEMBERED = 2000


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
    ) -> None:
        """`follow` brings a commit to the living graph; `changed` hears that the document is another.

        `told` is the revision that everybody knows from the start.
        """
        self._board, self._hub, self._follow, self._changed = board, hub, follow, changed
        self._told = told
        self._held = HeldBack()
        self._past: deque[Past] = deque(maxlen=REMEMBERED)
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

    def missed_since(self, revision: int) -> Sequence[Past] | None:
        """Return the transactions after a revision, or None when they are not at hand any more."""
        # What node code changed meanwhile is in no edit: only the whole document shows it.
        if revision > self.writer.revision or revision <= self._observed_at:
            return None
        # What is committed and not yet told comes as an event; it is passed over there when it is told here.
        missed = [past for past in self._past if past.revision > revision]
        return missed if len(missed) == self.writer.revision - revision else None
