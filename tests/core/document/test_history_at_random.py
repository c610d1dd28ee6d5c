"""Undo and redo in any sequence of what three people do: nothing is damaged, and nobody is stuck."""

from typing import Any

from funcnodes_core.document.edits import AddNode, SetValue
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.history import History
from funcnodes_core.document.model import Document
from funcnodes_core.document.refusals import BuiltUpon, EditRejected, NothingToUndo, StepNoLongerFits
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import part_of
from tests.support.random_edits import ADD, random_edit
from tests.support.small_log import SmallLog

AUTHORS = ["ann", "bob", "cara"]


def play(log: SmallLog, dice: Any, count: int) -> None:
    """Have three people edit, undo and redo at random."""
    for _ in range(count):
        author = dice.choice(AUTHORS)
        before = log.document
        try:
            match dice.randint(0, 9):
                case 0 | 1:
                    log.undo(author)
                case 2:
                    log.redo(author)
                case 3:
                    log.undo(author, of=None)
                case 4:
                    log.redo(author, of=None)
                case 5:
                    log.undo(author, revision=dice.randint(1, len(log.entries) + 1))
                case _:
                    log.do(author, random_edit(log.document, dice), after_s=dice.choice([0.1, 0.4, 2.0]))
        except EditRejected as refusal:
            said = str(refusal)
            assert said
            assert log.document is before, "what is refused leaves no trace"


@settings(max_examples=part_of(80))
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_everything_is_undone_for_all_and_done_again(dice: Any, count: int) -> None:
    log = SmallLog()
    play(log, dice, count)
    end = log.document
    undone = 0
    try:
        while True:
            log.undo("dora", of=None)
            undone += 1
    except NothingToUndo:
        pass
    assert log.document == Document()
    for _ in range(undone):
        log.redo("dora", of=None)
    assert log.document == end


@settings(max_examples=part_of(150))
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_nobodys_undo_is_ever_stuck_by_what_they_did_themselves(dice: Any, count: int) -> None:
    """It goes on to the beginning, or somebody else's later change is in the way; for all, nothing is."""
    log = SmallLog()
    play(log, dice, count)
    for author in AUTHORS:
        refusal = undo_all_of(log, author)
        if isinstance(refusal, BuiltUpon):
            assert not refusal.is_own, str(refusal)
            assert log.entries[refusal.revision].author != author, str(refusal)
        elif isinstance(refusal, StepNoLongerFits):
            since = log.history.to_undo(author).way_back
            later = [one for number, one in log.entries.items() if number > since]
            assert any(one.author != author for one in later), str(refusal)
        else:
            assert not any(step.is_of(author) and not step.is_undone for step in log.history.steps())
    assert isinstance(undo_all_of(log, None), NothingToUndo)
    assert log.document == Document()


def undo_all_of(log: SmallLog, author: str | None) -> EditRejected:
    """Undo until that is refused, and return why."""
    for _ in range(len(log.entries) + 1):
        try:
            log.undo(author or "dora", of=author)
        except EditRejected as refusal:
            return refusal
    raise AssertionError("it never came to an end")


@settings(max_examples=part_of(80))
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_an_undo_never_changes_what_another_one_set_since(dice: Any, count: int) -> None:
    log = SmallLog()
    for name in ("n0", "n1", "n2"):
        log.do("old", AddNode(new_node(ADD, name)))
    play(log, dice, count)
    for author in AUTHORS:
        try:
            step = log.history.to_undo(author)
        except NothingToUndo:
            continue
        theirs = [
            edit
            for other in log.history.steps()
            if other.author != author and not other.is_undone and other.revisions[0] > step.name
            for revision in other.revisions
            for edit in log.entries[revision].edits
            if isinstance(edit, SetValue) and holds(log.document, edit)
        ]
        try:
            log.undo(author)
        except EditRejected:
            continue
        assert all(holds(log.document, edit) for edit in theirs)


def holds(document: Document, edit: SetValue) -> bool:
    """Tell whether a value is still as this edit has set it."""
    node = document.nodes.get(edit.node)
    port = None if node is None else node.ports.get(edit.port)
    return port is not None and port.value is edit.value


@settings(max_examples=part_of(60))
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_a_restart_comes_to_the_same_history(dice: Any, count: int) -> None:
    """All that history knows, it knows from the journal."""
    log = SmallLog()
    play(log, dice, count)
    again = History()
    for entry in log.entries.values():
        again.add(entry)
    assert again.page(None, 1000, None) == log.history.page(None, 1000, None)
    for author in (*AUTHORS, None):
        assert choice_of(again, author) == choice_of(log.history, author)


def choice_of(history: History, author: str | None) -> list[Any]:
    """Return what undo and redo would take."""
    chosen: list[Any] = []
    for choose in (history.to_undo, history.to_redo):
        try:
            chosen.append(choose(author))
        except EditRejected as refusal:
            chosen.append(type(refusal))
    return chosen
