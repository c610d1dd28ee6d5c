"""The history of the worker's graph: undo, redo, what was done, and the graph of an earlier revision.

Owns when the journal is read for it: not before somebody asks. From then on it hears of every entry as it
takes its place (`Listener`), so that an undo counts what is on its way to disk. What may be undone is decided
by `document/history`; here it is only given what it needs to know. Belongs to the server's event loop.

States: *unread* (nobody asked; an edit costs nothing) → *reading* (entries that come meanwhile are put by) →
*read*. When the disk refuses entries that were counted already, it is unread again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.draft import whole
from funcnodes_core.document.edits import Edit, ReplaceGraph, encode_edits
from funcnodes_core.document.history import Entry as AnyEntry
from funcnodes_core.document.history import History, Line, Redo, Restore, Step, Undo
from funcnodes_core.document.model import Classes, Document, JsonValue
from funcnodes_core.document.refusals import EditRejected, StepNotFound
from funcnodes_core.document.serialize import load
from msgspec.structs import replace

from funcnodes_worker.rpc.errors import NotFound
from funcnodes_worker.runtime.writer import Committed, Writer, Written
from funcnodes_worker.store.records import LineOfHistory

MAX_RECENT = 512
"""Entries held in memory; older ones are read from the journal when they count."""
TRIES = 100
"""How often an undo is thought over because others edited while the journal was read."""
UNDID, REDID = "undid: ", "redid: "
"""How the title of such an entry begins; the title of its step follows."""


class Past(Protocol):
    """The store as history sees it."""

    @property
    def epoch(self) -> str:
        """The id of the current line of history."""
        ...

    async def entries(
        self, first: int, last: int | None = None, epoch: str | None = None
    ) -> Sequence[AnyEntry]:
        """Return the kept entries of these revisions, both included."""
        ...

    async def lines(self) -> Sequence[LineOfHistory]:
        """Return the epochs that are kept, oldest first."""
        ...

    async def base(self, epoch: str) -> tuple[dict[str, JsonValue], int]:
        """Return the last snapshot of an epoch and its revision; raise `KeyError` for an unknown one."""
        ...

    async def hold(self, identities: Sequence[str]) -> None:
        """Return when these large values stay until the next entry names them."""
        ...

    def let_go(self, identities: Sequence[str]) -> None:
        """Hold these large values no longer: no entry will name them."""
        ...


class Historian:
    """Undo, redo, history and restore for one worker."""

    def __init__(
        self,
        past: Past,
        writer: Writer,
        classes: Callable[[], Classes],
        hashes_in: Callable[[bytes], set[str]],
    ) -> None:
        """Begin unread. `hashes_in` finds references to large values in JSON text."""
        self._past, self._writer, self._classes, self._hashes_in = past, writer, classes, hashes_in
        self._history: History | None = None
        self._meanwhile: list[Written] | None = None
        self._recent: dict[int, AnyEntry] = {}
        self._reading = asyncio.Lock()
        writer.listener = self

    # What the writer tells

    def entered(self, written: Written) -> None:
        """Take in a transaction that has its place in the order."""
        if self._meanwhile is not None:
            self._meanwhile.append(written)
        if self._history is not None:
            self._take(self._history, written)

    def gave_up(self) -> None:
        """Forget: some of what was taken in came to nothing. The journal knows."""
        self._history, self._meanwhile = None, None
        self._recent.clear()

    def _take(self, history: History, written: AnyEntry) -> None:
        history.add(written)
        self._recent[written.revision] = written
        while len(self._recent) > MAX_RECENT:
            oldest = next(iter(self._recent))
            # What is not on disk yet cannot be read from there.
            if oldest > self._writer.revision:
                return
            del self._recent[oldest]

    async def _read(self) -> History:
        async with self._reading:
            while self._history is None:
                self._meanwhile = self._writer.pending
                entries = await self._past.entries(0)
                # Ten thousand entries take a tenth of a second: not in the loop that answers everybody.
                history = await asyncio.to_thread(_told, entries)
                meanwhile = self._put_by()
                if meanwhile is None:
                    continue
                for written in meanwhile:
                    if written.revision > history.revision:
                        self._take(history, written)
                self._history, self._meanwhile = history, None
            return self._history

    def _put_by(self) -> list[Written] | None:
        return self._meanwhile

    # Undo and redo

    async def undo(
        self, author: str, of: str | None, revision: int | None = None, call: str = ""
    ) -> tuple[Committed, int, str]:
        """Return the commit that undoes the last step of an author, or of anybody, and that step's name.

        With a revision, the step it belongs to. Raises `EditRejected` with the reason, and nothing changes.
        """
        return await self._turn(author, lambda history: history.to_undo(of, revision), call)

    async def redo(self, author: str, of: str | None, call: str = "") -> tuple[Committed, int, str]:
        """Return the commit that does again what was undone last, and that step's name."""
        return await self._turn(author, lambda history: history.to_redo(of), call)

    async def _turn(
        self, author: str, choose: Callable[[History], Step], call: str
    ) -> tuple[Committed, int, str]:
        for _ in range(TRIES):
            history = await self._read()
            step = choose(history)
            found = await self._entries(history, step)
            if found is None:
                self.gave_up()
                continue
            large = self._large_values(step, found)
            await self._past.hold(large)
            try:
                # Nobody else has a turn before `submit` has taken its place: what is decided now is decided.
                planned = self._plan(history, step, choose, found, author)
                if planned is not None:
                    edits, said, purpose = planned
                    name, title = step.name, step.title
                    return await self._writer.submit(edits, author, said, purpose, call), name, title
            except EditRejected:
                self._past.let_go(large)
                raise
            self._past.let_go(large)
        raise StepNotFound(0, is_undone=False)

    def _plan(
        self,
        history: History,
        step: Step,
        choose: Callable[[History], Step],
        found: Mapping[int, AnyEntry],
        author: str,
    ) -> tuple[tuple[Edit, ...], str, Undo | Redo] | None:
        """Return what turns a step round; None when others have changed what counts meanwhile."""
        entries = {**found, **self._recent}
        if history is not self._history or choose(history) is not step:
            return None
        if any(revision not in entries for revision in history.needed(step)):
            return None
        edits = history.turned(step, entries, self._writer.head, author)
        title = step.title or "a change"
        if step.is_undone:
            return edits, f"{REDID}{title}", Redo(step.name)
        return edits, f"{UNDID}{title}", Undo(step.name)

    async def _entries(self, history: History, step: Step) -> Mapping[int, AnyEntry] | None:
        """Return those entries that are not in memory; None when the journal has dropped one since."""
        needed = [revision for revision in history.needed(step) if revision not in self._recent]
        if not needed:
            return {}
        wanted = set(needed)
        read = await self._past.entries(needed[0], needed[-1])
        found = {entry.revision: entry for entry in read if entry.revision in wanted}
        return None if wanted - found.keys() else found

    def _large_values(self, step: Step, found: Mapping[int, AnyEntry]) -> list[str]:
        """Return the large values that the way back names: they must stay until its entry does."""
        back = found.get(step.way_back) or self._recent.get(step.way_back)
        return [] if back is None else sorted(self._hashes_in(encode_edits(back.inverse)))

    # Telling

    async def page(
        self, before: int | None, limit: int, author: str | None, epoch: str | None
    ) -> tuple[list[Line], bool]:
        """Return lines before a revision, newest first, and whether there are more."""
        if epoch is not None and epoch != self._past.epoch:
            try:
                entries = await self._past.entries(0, epoch=epoch)
            except KeyError:
                raise _no_epoch(epoch) from None
            history = await asyncio.to_thread(_told, entries)
            return history.page(before, limit, author)
        history = await self._read()
        # What is shown to anybody is on disk.
        shown = self._writer.revision + 1
        return history.page(shown if before is None else min(before, shown), limit, author)

    async def lines(self) -> Sequence[LineOfHistory]:
        """Return the lines of history that are kept, oldest first: a replaced file begins a new one."""
        return await self._past.lines()

    # Earlier graphs

    async def restore(self, author: str, revision: int, epoch: str | None, call: str = "") -> Committed:
        """Return the commit that puts the graph of an earlier revision in the place of the present one."""
        epoch = epoch or self._past.epoch
        document = await self.document_at(revision, epoch)

        def put(head: Document) -> list[Edit]:
            # The id of the graph goes with the worker.
            meta = {"meta": head.surroundings["meta"]} if "meta" in head.surroundings else {}
            return [ReplaceGraph(replace(whole(document), surroundings={**document.surroundings, **meta}))]

        title = f"restored the graph of revision {revision}"
        return await self._writer.submit(put, author, title, Restore(epoch, revision), call)

    async def document_at(self, revision: int, epoch: str) -> Document:
        """Return the graph of a revision; raise `NotFound` when the history does not reach it."""
        if epoch == self._past.epoch:
            base, at = self._writer.document, self._writer.revision
        else:
            try:
                saved, at = await self._past.base(epoch)
            except KeyError:
                raise _no_epoch(epoch) from None
            classes = self._classes()
            base = await asyncio.to_thread(lambda: load(saved, classes))
        first, last = min(at, revision) + 1, max(at, revision)
        entries = await self._past.entries(first, last, epoch) if last >= first else ()
        wanted = range(first, last + 1)
        # By length first: whoever asks for a revision far ahead must not have them all counted out.
        if len(entries) != len(wanted) or any(e.revision != r for e, r in zip(entries, wanted, strict=True)):
            raise NotFound(
                f"the history does not reach revision {revision} of this epoch; ask history for what is kept"
            )
        return await asyncio.to_thread(lambda: _travel(base, entries, forward=revision > at))


def turned_by(entry: AnyEntry) -> tuple[int, str]:
    """Return the step that an undo or redo has turned, and that step's title."""
    assert isinstance(entry.purpose, Undo | Redo)
    return entry.purpose.step, entry.title.removeprefix(UNDID).removeprefix(REDID)


def _no_epoch(epoch: str) -> NotFound:
    return NotFound(f"there is no epoch {epoch[:80]!r}; ask history for those there are")


def _told(entries: Sequence[AnyEntry]) -> History:
    history = History()
    for entry in entries:
        history.add(entry)
    return history


def _travel(base: Document, entries: Sequence[AnyEntry], *, forward: bool) -> Document:
    if forward:
        return apply_all(base, [edit for entry in entries for edit in entry.edits])
    return apply_all(base, [edit for entry in reversed(entries) for edit in entry.inverse])
