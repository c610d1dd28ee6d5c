"""What the graph's thread is handed of edits: those that are told, values ahead of the disk, a graph at last.

Owns from which revision on there is a graph that follows. What following means is decided in `living`, what
may go ahead in `ahead`. Belongs to the server's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from funcnodes_core.document.model import Document

from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.kept import Kept
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.writer import Begin, Committed, Written


class Follower:
    """Hands edits to the graph's thread, in order. `took_back` is given before anything happens."""

    took_back: Callable[[], int]
    """Gives the number that the graph says when it is done with taking back what the disk refused."""

    def __init__(self, graph: GraphThread, living: LivingGraph) -> None:
        self._graph, self._living = graph, living
        self._lives_from: int | None = None
        """The revision that the living graph is built at; None as long as the flow is held."""
        self._will_wake = False

    def _is_followed(self, revision: int) -> bool:
        return self._lives_from is not None and revision > self._lives_from

    def follow(self, committed: Committed) -> None:
        """Have the graph follow what is told."""
        edits, document, revision = committed.edits, committed.document, committed.revision
        if self._is_followed(revision):
            self._graph.post(
                lambda: self._living.follow(edits, document, revision), wakes=not committed.was_begun
            )
            if committed.was_begun:
                self._wake_later()

    def _wake_later(self) -> None:
        # What was begun is mostly done, and who is about to tell of it needs the interpreter: the graph's
        # thread hears that it is on disk when that was sent, two turns of this loop from now.
        if not self._will_wake:
            self._will_wake = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._wake)

    def _wake(self) -> None:
        self._will_wake = False
        self._graph.wake()

    def begin(self, written: Written, document: Document) -> Begin | None:
        """Return what has the graph compute with values on their way to disk. Called by the writer."""
        edits, revision = written.edits, written.revision
        if not self._is_followed(revision):
            return None
        return lambda: self._graph.post(lambda: self._living.begin(edits, document, revision))

    def take_back(self, begun: Sequence[Written], document: Document, revision: int) -> None:
        """Have the graph undo what was begun. Called by the writer."""
        ways_back = {written.revision: written.inverse for written in begun}
        number = self.took_back()
        self._graph.post(lambda: self._living.take_back(ways_back, document, revision, number))

    def live(self, document: Document, revision: int, kept: Callable[[], Kept]) -> None:
        """Have the graph built as it is at this revision. What comes after it is followed."""
        self._lives_from = revision
        self._graph.post(lambda: self._living.build(document, revision, kept))
