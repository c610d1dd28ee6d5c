"""A journal in memory with its history: what a worker does with edits, without disk or sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from funcnodes_core.document.edits import Edit
from funcnodes_core.document.history import History, Purpose, Redo, Step, Undo
from funcnodes_core.document.model import Document
from funcnodes_core.document.titles import title_of
from funcnodes_core.document.transaction import transact


@dataclass(frozen=True)
class Logged:
    """One entry."""

    revision: int
    author: str
    time: float
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    title: str
    purpose: Purpose | None


class SmallLog:
    """The document, its entries, and what history makes of them."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self.documents = [self.document]
        self.entries: dict[int, Logged] = {}
        self.history = History()
        self.now = 100.0

    def do(self, author: str, *edits: Edit, after_s: float = 10.0, purpose: Purpose | None = None) -> Logged:
        """Commit a transaction, some time after the last one."""
        done = transact(self.document, edits)
        self.now += after_s
        title = title_of(self.document, done.document, edits)
        entry = Logged(len(self.entries) + 1, author, self.now, done.edits, done.inverse, title, purpose)
        self.entries[entry.revision] = entry
        self.history.add(entry)
        self.document = done.document
        self.documents.append(self.document)
        return entry

    def undo(self, author: str, of: str | None = "", revision: int | None = None) -> Logged:
        """Undo the last step of an author, by default of who asks; None: of anybody."""
        step = self.history.to_undo(author if of == "" else of, revision)
        name = step.name
        return self.do(author, *self._turned(step, author), purpose=Undo(name))

    def redo(self, author: str, of: str | None = "") -> Logged:
        """Do the step undone last again."""
        step = self.history.to_redo(author if of == "" else of)
        return self.do(author, *self._turned(step, author), purpose=Redo(step.name))

    def _turned(self, step: Step, author: str) -> Sequence[Edit]:
        # As the worker: no more of the journal is at hand than is asked for.
        entries = {revision: self.entries[revision] for revision in self.history.needed(step)}
        return self.history.turned(step, entries, self.document, author)
