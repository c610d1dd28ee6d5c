"""The history of a document: which changes are steps, which of them are undone, and what may be undone next.

Pure: it is told every entry of the journal in order and nothing else, so a restart, another window and a test
come to the same answer. Knows no disk and no clock; the edits of older entries are handed in when they count.

States of a step, and what moves it (`r` is the revision of the entry that does):

| state | entry | state after |
|---|---|---|
| (none) | a change of its own | done, its way back is the inverse of its entries |
| done | the same author sets the same values or places within half a second | done, one entry longer |
| done | `Undo(step)` at r | undone at r, its way back *there* is the inverse of entry r |
| undone | `Redo(step)` at r | done, its way back is the inverse of entry r |
| undone | a later change of its author | undone for good: a redo takes the last undone step since |

A step is named by its last revision, which never changes once it is undone. It is its author's, and also of
who turned it last: who did somebody else's step again takes that back by an undo of their own, and would be
stuck behind it otherwise. A step may be undone when nothing
done since, by whomever, meets what it touched (`cells`): a change that was undone again since counts as
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from funcnodes_core.document.cells import Cell, Footprint, footprint, meet
from funcnodes_core.document.edits import ChangeGroups, Edit, SetDefault, SetProperty, SetValue
from funcnodes_core.document.model import Document
from funcnodes_core.document.refusals import (
    BuiltUpon,
    EditRejected,
    NothingToRedo,
    NothingToUndo,
    StepNoLongerFits,
    StepNotFound,
)
from funcnodes_core.document.titles import POSITION, SIZE
from funcnodes_core.document.transaction import still_possible

MERGE_S = 0.5
"""Values and places set again within this become one step."""
MAX_LINES = 10_000
"""More are not remembered; the journal keeps no more either."""
_PLACES = (POSITION, SIZE)


class Undo(Struct, frozen=True, tag="undo"):
    """An entry takes a step back."""

    step: int


class Redo(Struct, frozen=True, tag="redo"):
    """An entry does an undone step again."""

    step: int


class Restore(Struct, frozen=True, tag="restore"):
    """An entry puts the graph of an earlier revision in place; a step like any other."""

    epoch: str
    revision: int


Purpose: TypeAlias = Undo | Redo | Restore


class Entry(Protocol):
    """One entry of the journal as history sees it."""

    @property
    def revision(self) -> int:
        """Its number."""
        ...

    @property
    def author(self) -> str:
        """Whose it is."""
        ...

    @property
    def time(self) -> float:
        """When it was made, in seconds since the epoch."""
        ...

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What was done."""
        ...

    @property
    def inverse(self) -> tuple[Edit, ...]:
        """The way back."""
        ...

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def purpose(self) -> Purpose | None:
        """Whether it undoes or does again another one."""
        ...


class Step(Struct):
    """One thing that somebody did, and whether it is undone."""

    author: str
    time: float
    title: str
    revisions: list[int]
    """Of the entries that did it first."""
    merges: frozenset[Cell] | None
    """What was set, when setting it again soon is the same step."""
    is_restore: bool = False
    toggles: list[int] = []
    """Revisions of the entries that undid it and did it again, in turn."""
    turned_by: str | None = None
    """Who made the last of these."""

    @property
    def name(self) -> int:
        """The last revision."""
        return self.revisions[-1]

    @property
    def is_undone(self) -> bool:
        """Whether it counts no more."""
        return len(self.toggles) % 2 == 1

    @property
    def changed_at(self) -> int:
        """The last revision that did or undid it."""
        return self.toggles[-1] if self.toggles else self.revisions[-1]

    @property
    def way_back(self) -> int:
        """The entry whose inverse turns it round: of entries set in a row, the first knew what was before."""
        return self.toggles[-1] if self.toggles else self.revisions[0]

    def is_of(self, author: str | None) -> bool:
        """Tell whether somebody's undo and redo may take it; None stands for everybody together."""
        return author in (None, self.author, self.turned_by)

    def was_done(self, revision: int) -> bool:
        """Tell whether it counted at a revision."""
        turned = sum(1 for toggle in self.toggles if toggle <= revision)
        return self.revisions[0] <= revision and turned % 2 == 0


class Turn(Struct, frozen=True):
    """An entry that undid a step or did it again."""

    author: str
    time: float
    title: str
    revision: int
    kind: str


class Line(Struct, frozen=True):
    """One line of the history as a person reads it."""

    revision: int
    first: int
    time: float
    author: str
    title: str
    kind: str
    """`edit`, `restore`, `undo` or `redo`."""
    is_undone: bool


class History:
    """All steps that are known, oldest first."""

    def __init__(self) -> None:
        self._lines: list[Step | Turn] = []
        self._by_name: dict[int, Step] = {}
        self._open: dict[str, Step] = {}
        """The last step of each author, as long as it may grow."""
        self._last_change: dict[str, int] = {}
        """The last change of each author that is neither undo nor redo."""
        self.revision = 0
        """The newest entry that was added."""

    # Taking in

    def add(self, entry: Entry) -> None:
        """Take in the next entry."""
        self.revision = entry.revision
        if len(self._lines) > MAX_LINES + MAX_LINES // 10:
            self._forget_oldest()
        match entry.purpose:
            case Undo(name) | Redo(name):
                self._turn(entry, name)
            case _:
                self._change(entry)

    def _forget_oldest(self) -> None:
        self._lines = self._lines[-MAX_LINES:]
        self._by_name = {line.name: line for line in self._lines if isinstance(line, Step)}

    def _turn(self, entry: Entry, name: int) -> None:
        self._open.pop(entry.author, None)
        kind = "undo" if isinstance(entry.purpose, Undo) else "redo"
        self._lines.append(Turn(entry.author, entry.time, entry.title, entry.revision, kind))
        # A step that history has forgotten stays forgotten.
        if (step := self._by_name.get(name)) is not None:
            step.toggles.append(entry.revision)
            step.turned_by = entry.author
            self._open.pop(step.author, None)

    def _change(self, entry: Entry) -> None:
        merges = _merges(entry.edits)
        self._close_others(entry)
        self._last_change[entry.author] = entry.revision
        last = self._open.get(entry.author)
        if last is not None and merges is not None and last.merges == merges and _soon(last, entry):
            self._by_name.pop(last.name, None)
            last.revisions.append(entry.revision)
            last.time, last.title = entry.time, entry.title
            self._by_name[last.name] = last
            return
        is_restore = isinstance(entry.purpose, Restore)
        step = Step(entry.author, entry.time, entry.title, [entry.revision], merges, is_restore)
        self._lines.append(step)
        self._by_name[step.name] = step
        if merges is None:
            self._open.pop(entry.author, None)
        else:
            self._open[entry.author] = step

    def _close_others(self, entry: Entry) -> None:
        """Let nobody's step grow over a change of somebody else to the same thing."""
        mine: Footprint | None = None
        for author, step in list(self._open.items()):
            if author == entry.author:
                continue
            if not _soon(step, entry):
                del self._open[author]
                continue
            mine = mine or footprint(entry.edits, entry.inverse)
            if meet(mine, Footprint(step.merges or frozenset(), frozenset())):
                del self._open[author]

    # Choosing

    def steps(self) -> Iterator[Step]:
        """Give all steps, newest first."""
        return (line for line in reversed(self._lines) if isinstance(line, Step))

    def to_undo(self, author: str | None, revision: int | None = None) -> Step:
        """Return the step to undo: what an author (or anybody) did or redid last, or that of a revision."""
        if revision is not None:
            # Of the entries that turned it, every second did it again.
            found = next((s for s in self.steps() if revision in (*s.revisions, *s.toggles[1::2])), None)
            if found is None or found.is_undone:
                raise StepNotFound(revision, is_undone=found is not None)
            return found
        done = (step for step in self.steps() if step.is_of(author) and not step.is_undone)
        found = max(done, key=lambda step: step.changed_at, default=None)
        if found is None:
            raise NothingToUndo
        return found

    def to_redo(self, author: str | None) -> Step:
        """Return the step to do again: the one undone last, if nothing new was done since."""
        changes = self._last_change
        since = max(changes.values(), default=0) if author is None else changes.get(author, 0)
        undone = (
            step for step in self.steps() if step.is_of(author) and step.is_undone and step.changed_at > since
        )
        found = max(undone, key=lambda step: step.changed_at, default=None)
        if found is None:
            raise NothingToRedo
        return found

    # Asking whether

    def since(self, step: Step) -> dict[int, Step]:
        """Return the entries that made a lasting change since a step was done (or undone), newest first."""
        base = step.way_back
        found: dict[int, Step] = {}
        for other in self.steps():
            if other is step or other.changed_at < base:
                continue
            was, now = other.was_done(base), not other.is_undone
            if was != now:
                revisions = other.toggles[-1:] or other.revisions
            else:
                # Undone and done again since, or never there at either end: as if nothing had happened.
                revisions = [r for r in other.revisions if r > base] if was and now else []
            found.update((revision, other) for revision in revisions)
        return dict(sorted(found.items(), reverse=True))

    def needed(self, step: Step) -> list[int]:
        """Return the revisions whose entries `turned` asks for."""
        return sorted({*self.since(step), *_own(step)})

    def turned(
        self, step: Step, entries: Mapping[int, Entry], document: Document, author: str
    ) -> tuple[Edit, ...]:
        """Return the edits that undo a step, or do it again when it is undone.

        Raises `BuiltUpon` when a later change meets it and `StepNoLongerFits` when the document as it is now
        does not allow them. `entries` holds all that are `needed`; `author` is who asks.
        """
        self._check(step, entries, author)
        try:
            edits = still_possible(document, entries[step.way_back].inverse)
        except EditRejected as reason:
            raise StepNoLongerFits(step.title, _word(step), reason) from reason
        # Nobody writes an entry without an edit, so nobody has to read one.
        return edits or (ChangeGroups({}),)

    def _check(self, step: Step, entries: Mapping[int, Entry], author: str) -> None:
        own = [entries[revision] for revision in _own(step)]
        mine = footprint(*(one.edits for one in own), *(one.inverse for one in own))
        for revision, other in self.since(step).items():
            entry = entries[revision]
            if meet(mine, footprint(entry.edits, entry.inverse)):
                raise BuiltUpon(
                    step.title,
                    _word(step),
                    other.title,
                    other.changed_at,
                    is_own=entry.author == author,
                    is_undone=other.is_undone,
                )

    # Telling

    def page(self, before: int | None, limit: int, author: str | None) -> tuple[list[Line], bool]:
        """Return lines before a revision, newest first, and whether there are more."""
        lines: list[Line] = []
        for one in reversed(self._lines):
            line = _line(one)
            if (before is not None and line.revision >= before) or author not in (None, line.author):
                continue
            if len(lines) == limit:
                return lines, True
            lines.append(line)
        return lines, False


def _own(step: Step) -> list[int]:
    return step.toggles[-1:] or step.revisions


def _word(step: Step) -> str:
    return "redone" if step.is_undone else "undone"


def _line(one: Step | Turn) -> Line:
    if isinstance(one, Turn):
        return Line(one.revision, one.revision, one.time, one.author, one.title, one.kind, is_undone=False)
    kind = "restore" if one.is_restore else "edit"
    return Line(one.name, one.revisions[0], one.time, one.author, one.title, kind, one.is_undone)


def _soon(step: Step, entry: Entry) -> bool:
    # A clock that was set back says nothing; such entries stay apart.
    return 0 <= entry.time - step.time <= MERGE_S


def _merges(edits: Sequence[Edit]) -> frozenset[Cell] | None:
    """Return the places that were set, when the edits do nothing but set values or move things."""
    cells: set[Cell] = set()
    for edit in edits:
        match edit:
            case SetValue(node, port):
                cells.add(("node", node, "value", port))
            case SetDefault(node, port):
                cells.add(("node", node, "default", port))
            case SetProperty(node, key) if key in _PLACES:
                cells.add(("node", node, "property", key))
            case _:
                return None
    return frozenset(cells)
