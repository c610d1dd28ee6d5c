"""What calls made before a kill, when they are sent again by the thousand."""

from __future__ import annotations

import random
from collections.abc import Sequence

from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import SetGraphProperty
from funcnodes_core.document.model import Document
from funcnodes_worker.runtime.resent import AT_ONCE, REMEMBERED_S, MadeBefore
from funcnodes_worker.store.records import Entry

COUNT = 3 * AT_ONCE + 7


class Log:
    """The entries of a journal that counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.entries: list[Entry] = []
        self.documents = [Document()]
        for number in range(1, COUNT + 1):
            edit = SetGraphProperty("p", number)
            back = SetGraphProperty("p", number - 1) if number > 1 else SetGraphProperty("p")
            self.entries.append(Entry(number, "ann", (edit,), (back,), 0.0, call=f"call {number}"))
            self.documents.append(apply_all(self.documents[-1], (edit,)))

    def read(self, first: int, last: int) -> Sequence[Entry]:
        self.reads += 1
        return [entry for entry in self.entries if first <= entry.revision <= last]

    def made_before(self) -> MadeBefore:
        calls = {f"call {number}": [number] for number in range(1, COUNT + 1)}
        return MadeBefore(calls, self.read, self.documents[-1], COUNT, 0.0)


def assert_as_it_was(log: Log, known: MadeBefore, number: int) -> None:
    (made,) = known.by(f"call {number}")
    assert made.entry == log.entries[number - 1]
    assert (made.committed.before, made.committed.document) == (
        log.documents[number - 1],
        log.documents[number],
    )


def test_calls_that_come_in_their_order_read_the_journal_twice() -> None:
    """Once on the way back to the first, once on the way to the last."""
    log = Log()
    known = log.made_before()
    for number in range(1, COUNT + 1):
        assert_as_it_was(log, known, number)
    assert log.reads <= 2 * (COUNT // AT_ONCE + 1)


def test_calls_in_any_order_find_the_graph_as_it_was_then() -> None:
    log = Log()
    known = log.made_before()
    dice = random.Random(4)
    for _ in range(60):
        assert_as_it_was(log, known, dice.randint(1, COUNT))


def test_what_the_journal_has_no_more_is_not_known() -> None:
    """The oldest entries go; the calls after them are known still."""
    log = Log()
    known = log.made_before()
    del log.entries[: AT_ONCE // 2]
    assert known.by("call 3") == ()
    (made,) = known.by(f"call {COUNT}")
    assert made.committed.document == log.documents[COUNT]


def test_after_ten_minutes_nothing_is_known() -> None:
    known = Log().made_before()
    assert known.is_known(REMEMBERED_S)
    assert not known.is_known(REMEMBERED_S + 1)
    assert known.by("call 1") == ()
