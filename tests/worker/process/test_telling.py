"""What a window missed is told in order, also of the time before this process, as far as it is at hand."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence

import pytest
from funcnodes_core.document.edits import SetGraphProperty
from funcnodes_core.document.model import Document
from funcnodes_worker.process.telling import REMEMBERED, Teller
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.writer import Committed, Missed, Past
from funcnodes_worker.server.hub import Hub
from funcnodes_worker.store.records import Entry


def edits(revision: int) -> tuple[SetGraphProperty]:
    return (SetGraphProperty("step", revision),)


class Told:
    """A teller at a revision, with a journal that holds the entries from one on."""

    def __init__(self, began_at: int, kept_from: int = 1) -> None:
        self.kept_from, self.asked = kept_from, list[tuple[int, int]]()
        self.problem: Exception | None = None
        self.teller = Teller(Board(), Hub(), lambda _: None, lambda: None, began_at, self.read)
        self.teller.writer = self  # type: ignore[assignment]
        self.revision = began_at

    def read(self, first: int, last: int) -> Sequence[Entry]:
        self.asked.append((first, last))
        if self.problem is not None:
            raise self.problem
        return [Entry(n, "ann", edits(n), (), 0.0) for n in range(max(first, self.kept_from), last + 1)]

    def commit(self, count: int) -> None:
        for _ in range(count):
            self.revision += 1
            now = Document()
            self.teller.committed(Committed(self.revision, "bob", edits(self.revision), now, now))

    def missed(self, since: int) -> tuple[list[int], bool] | None:
        found: Missed | None = self.teller.missed_since(since)
        if found is None:
            return None
        assert all(isinstance(one, Past) and one.edits == edits(one.revision) for one in found.transactions)
        return [one.revision for one in found.transactions], found.is_all


def test_what_was_before_this_process_is_told_from_the_journal() -> None:
    told = Told(began_at=10)
    told.commit(2)
    # Nothing is read for who was there at the start; each step is read once.
    assert told.missed(11) == ([12], True)
    assert told.asked == []
    assert told.missed(7) == ([8, 9, 10, 11, 12], False)
    assert told.missed(9) == ([10, 11, 12], False)
    assert told.missed(5) == ([6, 7, 8, 9, 10, 11, 12], False)
    assert told.asked == [(8, 10), (6, 7)]


def test_who_stood_where_this_process_began_gets_the_document_too() -> None:
    """What the process before told of ports may not have come through the start."""
    assert Told(began_at=10).missed(10) == ([], False)


def test_what_node_code_changed_needs_the_document_beside_the_steps() -> None:
    told = Told(began_at=0)
    told.commit(3)
    told.teller.observed(Document(), None)
    told.commit(1)
    assert told.missed(2) == ([3, 4], False)
    assert told.missed(3) == ([4], False)
    told.commit(1)
    assert told.missed(4) == ([5], True)


@pytest.mark.parametrize(("kept_from", "since"), [(9, 7), (1, 5000 - REMEMBERED - 1), (1, 5001)])
def test_what_is_not_at_hand_is_not_told_in_part(kept_from: int, since: int) -> None:
    """Pruned, too long ago, or never been."""
    told = Told(began_at=10 if since == 7 else 5000, kept_from=kept_from)
    assert told.missed(since) is None
    assert told.missed(told.revision - 1) == ([told.revision], False)


def test_a_journal_that_cannot_be_read_says_so_and_the_document_is_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told(began_at=10)
    told.problem = sqlite3.DatabaseError("torn")
    with caplog.at_level(logging.WARNING):
        assert told.missed(7) is None
    assert "could not be read" in caplog.text
