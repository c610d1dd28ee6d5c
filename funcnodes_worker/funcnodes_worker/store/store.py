"""The store of one worker: open it, append edits, write snapshots, close it.

Owns the order in which journal and snapshot are written and when old history goes. The journal is told of a
snapshot before it is renamed into place and again after, so that a crash at any moment is recognised by
`opening`.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from funcnodes_worker.disk.atomic import remove_leftovers
from funcnodes_worker.disk.faults import Faults, no_faults
from funcnodes_worker.disk.lock import FileLock
from funcnodes_worker.home.trust import Beginning
from funcnodes_worker.store.contents import hash_in, hashes_in, pack, reference_to
from funcnodes_worker.store.journal import Epoch, Journal, JournalDamaged
from funcnodes_worker.store.opening import Start, open_journal
from funcnodes_worker.store.records import (
    UNREADABLE,
    Entry,
    LineOfHistory,
    Notice,
    Row,
    Saved,
    StoreFailed,
)
from funcnodes_worker.store.snapshot import Mark, digest_of, encode_snapshot, parse_snapshot, write_snapshot
from funcnodes_worker.store.writing import Append, WritingThread

LOCK_NAME = "store.lock"
MAX_STEPS = 10_000
MAX_BYTES = 100 * 1024 * 1024
CALLS_S = 600.0
"""Whose calls are known when they are sent again: those of entries that are younger, as many as are kept."""

T = TypeVar("T")


class Opened(Struct, frozen=True):
    """An open store and what it held: apply `tail` to `document_saved`, without asking rules."""

    store: "Store"
    document_saved: Saved
    tail: tuple[Entry, ...]
    epoch: str
    revision: int
    notices: tuple[Notice, ...]
    beginning: Beginning | None = None
    """How this epoch began, when it began just now."""
    calls: Mapping[str, Sequence[int]] = {}
    """The latest calls that made an entry, by their marks, with the revisions they made."""


class _Pending(Struct):
    """A large value that is not on disk yet, and how many edits under way may name it."""

    text: bytes
    holders: int = 0


class Store:
    """The journal and the snapshot of one worker's folder, held by one process."""

    def __init__(self, folder: Path, lock: FileLock, journal: Journal, start: Start, faults: Faults) -> None:
        """Use `Store.open`."""
        self._folder, self._lock, self._journal, self._faults = folder, lock, journal, faults
        self._epoch: Epoch = start.epoch
        self._revision = start.revision
        self._is_doubtful = False
        """Whether entries may lie in the journal that nobody was promised."""
        self._pending: dict[str, _Pending] = {}
        """Large values on their way: no entry on disk names them yet."""
        self._known = journal.content_hashes()
        self._guard = threading.Lock()
        self._thread = WritingThread(self._write)

    @classmethod
    def open(cls, folder: Path, *, faults: Faults = no_faults) -> Opened:
        """Return the store of a folder and what it held. Raises `LockHeld` while another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_NAME)
        lock.acquire()
        try:
            remove_leftovers(folder)
            journal, start = open_journal(folder, faults)
            store = cls(folder, lock, journal, start, faults)
        except (sqlite3.Error, OSError) as error:
            lock.release()
            raise StoreFailed(f"{folder}: {error}") from error
        except BaseException:
            lock.release()
            raise
        return Opened(
            store,
            start.saved,
            start.tail,
            start.epoch.id,
            start.revision,
            start.notices,
            start.beginning,
            _latest_calls(journal, start, time.time() - CALLS_S),
        )

    @property
    def epoch(self) -> str:
        """The id of the line of history that is being written."""
        return self._epoch.id

    @property
    def revision(self) -> int:
        """The newest revision on disk."""
        return self._revision

    async def append(self, entries: Sequence[Entry], written: Callable[[], None] | None = None) -> None:
        """Return when all entries are on disk, in this order; all or none.

        Entries continue the revisions without a gap. Raises `StoreFailed` when the disk does not take them.
        `written` is called in the store's thread a moment earlier: from then on they survive the death of
        this process, though not yet a power cut, and the disk may refuse them still.
        """
        rows = [Row.of(entry) for entry in entries]
        uses = [(identity, row.revision) for row in rows for identity in hashes_in(row.edits + row.inverse)]
        with self._guard:
            named = {identity for identity, _ in uses}
            contents = {identity: found.text for identity in named if (found := self._pending.get(identity))}
        await self._thread.append(rows, contents, uses, written)

    async def snapshot(self, saved: Saved | Callable[[], Saved], revision: int) -> None:
        """Return when `nodespace.json` holds this graph on disk. The revision is one that was appended.

        A function is called in the store's own thread, so that making what is saved of a large graph keeps
        nobody waiting who only wants an answer.
        """
        future = self._thread.call(lambda: self._write_snapshot(saved, revision))
        await asyncio.shield(asyncio.wrap_future(future))

    def reference(self, value: Any) -> Any:
        """Return what stands for a value in a document: itself, or a reference when it is large.

        A large value is written together with the first entry that names it; `release` it when none will.
        Raises `TypeError` (or another error of the encoder) for what is not JSON.
        """
        packed = pack(value)
        if packed is None:
            return value
        identity, text = packed
        with self._guard:
            # Also one that is known: it could be dropped as unused before the entry that names it comes.
            self._hold(identity, text)
        return reference_to(identity)

    def _hold(self, identity: str, text: bytes) -> None:
        known = self._pending.setdefault(identity, _Pending(text))
        known.holders += 1

    def release(self, reference: Any) -> None:
        """Forget the large value behind a reference that no entry will name: its edit was refused."""
        identity = hash_in(reference)
        if identity is not None:
            self.let_go([identity])

    def let_go(self, identities: Iterable[str]) -> None:
        """Hold these large values no longer."""
        with self._guard:
            for identity in identities:
                if (known := self._pending.get(identity)) is None:
                    continue
                known.holders -= 1
                if known.holders <= 0:
                    del self._pending[identity]

    async def hold(self, identities: Iterable[str]) -> None:
        """Return when these large values stay, whatever is cleared up, until the next entry names them."""
        for identity in identities:
            text = await self._ask(lambda identity=identity: self._journal.content(identity))
            if text is not None:
                with self._guard:
                    self._hold(identity, text)

    def content(self, identity: str) -> bytes:
        """Return the JSON text of a large value by its hash, or raise `KeyError`. From any thread."""
        with self._guard:
            if (pending := self._pending.get(identity)) is not None:
                return pending.text
        found: bytes | None = self._thread.call(lambda: self._journal.content(identity)).result()
        if found is None:
            raise KeyError(identity)
        return found

    # History

    async def entries(self, first: int, last: int | None = None, epoch: str | None = None) -> list[Entry]:
        """Return the kept entries of these revisions, both included, by default of the current epoch.

        What goes is dropped from the oldest end: the first one returned may be later than asked for. Raises
        `StoreFailed` when they cannot be read.
        """
        rows = await self._ask(lambda: self._rows(first, last, epoch))
        # Not in the store's thread: edits wait for that one.
        return await asyncio.to_thread(lambda: [row.entry() for row in rows])

    def _rows(self, first: int, last: int | None, epoch: str | None) -> list[Row]:
        found = self._epoch if epoch is None else self._known_epoch(epoch)
        return list(self._journal.rows_between(found, first, last))

    def read_entries(self, first: int, last: int) -> list[Entry]:
        """Return the kept entries of these revisions of the current epoch, and block meanwhile."""
        rows = self._thread.call(lambda: self._rows(first, last, None)).result()
        return [row.entry() for row in rows]

    async def lines(self) -> list[LineOfHistory]:
        """Return the epochs that are kept, oldest first, with what can be restored of each."""
        return await self._ask(self._lines)

    def _lines(self) -> list[LineOfHistory]:
        return [
            LineOfHistory(epoch.id, begun, reason, *self._journal.reach(epoch), epoch == self._epoch)
            for epoch, begun, reason in self._journal.epochs()
        ]

    async def base(self, epoch: str) -> tuple[Saved, int]:
        """Return the last snapshot that is kept of an epoch, parsed, and its revision."""
        content, revision = await self._ask(lambda: self._base(epoch))
        saved = await asyncio.to_thread(lambda: parse_snapshot(content).saved)
        if saved is None:
            raise StoreFailed(f"the snapshot of epoch {epoch} can not be read")
        return saved, revision

    def _base(self, epoch: str) -> tuple[bytes, int]:
        newest = max(self._journal.snapshots(self._known_epoch(epoch)), key=lambda one: one.revision)
        return newest.content, newest.revision

    def _known_epoch(self, identity: str) -> Epoch:
        for epoch, _, _ in self._journal.epochs():
            if epoch.id == identity:
                return epoch
        raise KeyError(identity)

    async def _ask(self, question: Callable[[], T]) -> T:
        try:
            return await asyncio.wrap_future(self._thread.call(question))
        except (sqlite3.Error, OSError, JournalDamaged) as error:
            raise StoreFailed(error) from error

    def close(self) -> None:
        """Return when everything handed in is on disk and the folder is free; a second time does nothing."""
        self._thread.close()
        self._journal.close()
        self._lock.release()

    # In the writing thread

    def _write(self, batch: Sequence[Append]) -> None:
        rows = [row for append in batch for row in append.rows]
        contents: dict[str, bytes] = {}
        for append in batch:
            contents.update(append.contents)
        expected = range(self._revision + 1, self._revision + 1 + len(rows))
        if [row.revision for row in rows] != list(expected):
            raise AssertionError(f"revisions {[row.revision for row in rows]} do not follow {self._revision}")
        if rows:
            try:
                self._append(rows, contents, batch)
            except (sqlite3.Error, OSError) as error:
                raise StoreFailed(error) from error
            self._revision = rows[-1].revision
        with self._guard:
            self._known.update(contents)
            for identity in contents:
                self._pending.pop(identity, None)

    def _append(self, rows: Sequence[Row], contents: Mapping[str, bytes], batch: Sequence[Append]) -> None:
        self._forget_doubtful()
        self._is_doubtful = True
        try:
            self._journal.append(self._epoch, rows, contents, [use for one in batch for use in one.uses])
            for append in batch:
                if append.written is not None:
                    append.written()
            self._journal.sync()
        except BaseException:
            # Their callers hear that nothing was made. What a disk that fails keeps of them now is taken
            # away when it works again.
            with contextlib.suppress(sqlite3.Error, OSError):
                self._forget_doubtful()
            raise
        self._is_doubtful = False

    def _forget_doubtful(self) -> None:
        if self._is_doubtful:
            self._journal.take_back(self._epoch, self._revision)
            self._is_doubtful = False

    def _write_snapshot(self, saved: Saved | Callable[[], Saved], revision: int) -> None:
        assert revision <= self._revision, f"revision {revision} is not in the journal yet"
        content = encode_snapshot(saved() if callable(saved) else saved, Mark(self._epoch.id, revision))
        try:
            self._journal.intend_snapshot(self._epoch, revision, digest_of(content), content)
            self._faults("snapshot:intended")
            write_snapshot(self._folder, content, self._faults)
            self._faults("snapshot:written")
            self._journal.confirm_snapshot(self._epoch)
            self._clear_up(content, revision)
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(error) from error

    def _clear_up(self, content: bytes, revision: int) -> None:
        self._journal.prune(self._epoch, revision, MAX_STEPS, MAX_BYTES)
        with self._guard:
            unused = self._known - hashes_in(content)
        if unused:
            self._journal.drop_contents(unused - hashes_in(self._journal.kept_text()))
            with self._guard:
                self._known = self._journal.content_hashes()
        self._journal.give_back()


def _latest_calls(journal: Journal, start: Start, since: float) -> dict[str, list[int]]:
    calls: dict[str, list[int]] = {}
    # What lies before the snapshot may be damaged without harm to the graph: what can be read is known.
    with contextlib.suppress(JournalDamaged, sqlite3.DatabaseError, *UNREADABLE):
        for row in journal.rows_backwards(start.epoch, MAX_STEPS):
            if row.time < since:
                break
            if call := row.call:
                calls.setdefault(call, []).insert(0, row.revision)
    return calls
