"""The journal: edits in the order of their revisions, on disk before anyone hears "done".

Owns the database: entries, epochs, the last snapshots, large values. Every method is one transaction, and
what it has written is on disk when it returns (`synchronous=FULL`); but for `append`, whose rows survive the
death of this process when it returns, and a power cut after `sync`. Used by one thread at a time. Does not
know what an edit means (`document`), what a found file means (`opening`), nor when to compact (`store`).
"""

import os
import secrets
import sqlite3
import time
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from funcnodes_worker.disk.atomic import open_to_sync, sync_folder, sync_open
from funcnodes_worker.disk.faults import Faults, no_faults
from funcnodes_worker.store.contents import hashes_in
from funcnodes_worker.store.migrations import migrate, version_of
from funcnodes_worker.store.pruning import choose, drop
from funcnodes_worker.store.records import Row
from funcnodes_worker.store.vacuum import give_back

FILE_NAME = "journal.sqlite3"
SIBLINGS = ("", "-wal", "-shm")
"""Endings of the files that together are the database."""
_LAST = 2**62
_AT_ONCE = (64, 16, 4, 1)
"""How many rows one statement takes. Between two statements the thread waits for its turn in the interpreter,
which others may keep for a millisecond; each kind is prepared once."""


class JournalDamaged(Exception):
    """Raised when the database or a row of it is not as it was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__()
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} is damaged: {self.reason}"


class Epoch(Struct, frozen=True):
    """One line of history."""

    number: int
    id: str


class KeptSnapshot(Struct, frozen=True):
    """A snapshot as the journal remembers it."""

    revision: int
    digest: str | None
    content: bytes
    is_done: bool


def checksum(epoch: str, row: Row) -> int:
    """Return the sum over all fields of a row and the epoch it belongs to."""
    head = f"{epoch}\0{row.revision}\0{row.author}\0{row.time!r}\0".encode()
    found = zlib.crc32(row.inverse, zlib.crc32(row.edits, zlib.crc32(head)))
    return found if row.about is None else zlib.crc32(row.about, found)


def is_whole(epoch: str, row: Row, expected: Any) -> bool:
    """Tell whether a row is as it was written, whatever the database gave for its fields."""
    try:
        return checksum(epoch, row) == expected
    except (TypeError, AttributeError):
        return False


class Journal:
    """An open journal."""

    def __init__(self, path: Path, *, faults: Faults = no_faults) -> None:
        """Open or make the database; raises `JournalDamaged` or `JournalTooNew` and changes nothing."""
        self.path, self._faults = path, faults
        # Made by us first, so that nobody else can ever read it; its siblings take their mode from it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._log: int | None = None
        """The write-ahead log, open to be synced."""
        self._is_synced_at_commit = True
        try:
            self._prepare()
        except sqlite3.OperationalError:
            # The world's failure (a full disk, no rights, a lock), not the file's.
            self._connection.close()
            raise
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise JournalDamaged(path, str(error)) from error
        except BaseException:
            self._connection.close()
            raise
        sync_folder(path.parent)

    def _prepare(self) -> None:
        run = self._connection.execute
        version = version_of(self._connection, self.path)
        (found,) = run("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise JournalDamaged(self.path, str(found))
        if version == 0:
            run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA journal_size_limit = 16777216")
        run("PRAGMA busy_timeout = 5000")
        migrate(self._connection, self.path)

    def close(self) -> None:
        """Close the database; what was written is in its one file then."""
        if self._log is not None:
            # First: SQLite takes the log away, and Windows keeps what is open.
            os.close(self._log)
            self._log = None
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        self._sync_at_commit(wanted=True)
        with self._in_one() as connection:
            yield connection
            self._faults("journal:written")
        self._faults("journal:committed")

    @contextmanager
    def _in_one(self) -> Generator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _sync_at_commit(self, *, wanted: bool) -> None:
        if wanted is not self._is_synced_at_commit:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if wanted else 'NORMAL'}")
            self._is_synced_at_commit = wanted

    # Epochs

    def epoch(self) -> Epoch | None:
        """Return the current epoch, or None in a new journal."""
        found = self._connection.execute(
            "SELECT number, id FROM epochs ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return Epoch(*found) if found else None

    def epochs(self) -> list[tuple[Epoch, float, str]]:
        """Return all epochs that are kept with their beginning and reason, oldest first."""
        found = self._connection.execute("SELECT number, id, begun, reason FROM epochs ORDER BY number")
        return [(Epoch(number, identity), begun, reason) for number, identity, begun, reason in found]

    def begin_epoch(
        self, reason: str, revision: int, digest: str | None, content: bytes, rows: Sequence[Row] = ()
    ) -> Epoch:
        """Return a new epoch that stands on this snapshot (a file, if it has a digest) and these rows."""
        identity = secrets.token_hex(16)
        with self._transaction() as connection:
            number = connection.execute(
                "INSERT INTO epochs (id, begun, reason) VALUES (?, ?, ?)", (identity, time.time(), reason)
            ).lastrowid
            epoch = Epoch(number or 0, identity)
            _insert_snapshot(connection, epoch, KeptSnapshot(revision, digest, content, is_done=True))
            _insert_rows(connection, epoch, rows)
            uses = [(used, row.revision) for row in rows for used in hashes_in(row.edits + row.inverse)]
            _insert_uses(connection, epoch, uses)
        return epoch

    # Entries

    def append(
        self,
        epoch: Epoch,
        rows: Sequence[Row],
        contents: Mapping[str, bytes] = MappingProxyType({}),
        uses: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Return when the rows and new large values are written, all or none; `sync` is to follow.

        They survive the death of this process from here on. `uses` says which revision names which large
        value, by its hash.
        """
        self._sync_at_commit(wanted=False)
        if len(rows) == 1 and not contents and not uses:
            # One statement is a transaction by itself, and waits for the interpreter once.
            self._faults("journal:begun")
            _insert_rows(self._connection, epoch, rows)
        else:
            with self._in_one() as connection:
                _insert_rows(connection, epoch, rows[:1])
                self._faults("journal:begun")
                _insert_rows(connection, epoch, rows[1:])
                for identity, data in contents.items():
                    connection.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (identity, data))
                _insert_uses(connection, epoch, uses)
        self._faults("journal:written")

    def sync(self) -> None:
        """Return when all that was appended is on disk."""
        # As SQLite does it after each commit with `synchronous=FULL`, a moment later: the head of its log and
        # what goes from there into the database it syncs itself (https://sqlite.org/wal.html, 5).
        if self._log is None:
            self._log = open_to_sync(self.path.with_name(f"{self.path.name}-wal"))
        sync_open(self._log)
        self._faults("journal:committed")

    def take_back(self, epoch: Epoch, revision: int) -> None:
        """Return when the entries after this revision are gone: the disk did not promise to keep them."""
        with self._transaction() as connection:
            bounds = epoch.number, revision
            connection.execute("DELETE FROM entries WHERE epoch = ? AND revision > ?", bounds)
            connection.execute("DELETE FROM content_uses WHERE epoch = ? AND revision > ?", bounds)

    def put_contents(self, contents: Mapping[str, bytes]) -> None:
        """Return when the large values are on disk."""
        with self._transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO contents VALUES (?, ?)", contents.items())

    def last_revision(self, epoch: Epoch) -> int:
        """Return the newest revision of an epoch, that of its snapshot when it has no newer entries."""
        (entries,) = self._connection.execute(
            "SELECT MAX(revision) FROM entries WHERE epoch = ?", (epoch.number,)
        ).fetchone()
        (snapshots,) = self._connection.execute(
            "SELECT MAX(revision) FROM snapshots WHERE epoch = ?", (epoch.number,)
        ).fetchone()
        return max(entries or 0, snapshots or 0)

    def rows_after(self, epoch: Epoch, revision: int) -> list[Row]:
        """Return all rows after a revision, without a gap; raises `JournalDamaged` for a gap or wrong sum."""
        rows: list[Row] = []
        for row in self.rows_between(epoch, revision + 1, None):
            if row.revision != revision + len(rows) + 1:
                raise JournalDamaged(self.path, f"revision {revision + len(rows) + 1} is missing")
            rows.append(row)
        return rows

    def rows_between(self, epoch: Epoch, first: int, last: int | None) -> Iterator[Row]:
        """Give the kept rows of these revisions, both included; raises `JournalDamaged` for a wrong sum."""
        bounds = epoch.number, first, _LAST if last is None else last
        return self._whole_rows(epoch, "AND revision BETWEEN ? AND ? ORDER BY revision", bounds)

    def rows_backwards(self, epoch: Epoch, count: int) -> Iterator[Row]:
        """Give so many rows of an epoch, the latest first; raises `JournalDamaged` for a wrong sum."""
        return self._whole_rows(epoch, "ORDER BY revision DESC LIMIT ?", (epoch.number, count))

    def _whole_rows(self, epoch: Epoch, which: str, bounds: Sequence[int]) -> Iterator[Row]:
        # What is put in are words of ours.
        for *fields, found in self._connection.execute(
            "SELECT revision, author, edits, inverse, time, about, checksum FROM entries"  # noqa: S608
            f" WHERE epoch = ? {which}",
            bounds,
        ):
            row = Row(*fields)
            if not is_whole(epoch.id, row, found):
                raise JournalDamaged(self.path, f"revision {row.revision} is not as it was written")
            yield row

    def reach(self, epoch: Epoch) -> tuple[int, int]:
        """Return the earliest and the last revision of an epoch that can be restored.

        Entries are kept without a gap up to the last one, and those after the snapshot always.
        """
        (first,) = self._connection.execute(
            "SELECT MIN(revision) FROM entries WHERE epoch = ?", (epoch.number,)
        ).fetchone()
        (base,) = self._connection.execute(
            "SELECT MAX(revision) FROM snapshots WHERE epoch = ?", (epoch.number,)
        ).fetchone()
        found = [one for one in (None if first is None else first - 1, base) if one is not None]
        return min(found, default=0), self.last_revision(epoch)

    # Snapshots

    def snapshots(self, epoch: Epoch) -> list[KeptSnapshot]:
        """Return the snapshots that are kept of an epoch, newest first."""
        found = self._connection.execute(
            "SELECT revision, digest, saved, is_done FROM snapshots WHERE epoch = ? ORDER BY number DESC",
            (epoch.number,),
        )
        return [KeptSnapshot(r, d, _unpack(self.path, s), bool(done)) for r, d, s, done in found]

    def intend_snapshot(self, epoch: Epoch, revision: int, digest: str, content: bytes) -> None:
        """Remember a snapshot that is about to be renamed into place."""
        # An earlier intention stays until a later one is confirmed: a crash between rename and confirmation
        # made it the file on disk, and forgetting it now would make that file a stranger's after one crash
        # more. `test_killed_again_and_again_it_has_every_acknowledged_edit_once` shows it.
        with self._transaction() as connection:
            _insert_snapshot(connection, epoch, KeptSnapshot(revision, digest, content, is_done=False))

    def confirm_snapshot(self, epoch: Epoch) -> None:
        """Remember that the last intended snapshot is the file on disk; those before it may go."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM snapshots WHERE epoch = ?1"
                " AND number < (SELECT MAX(number) FROM snapshots WHERE epoch = ?1)",
                (epoch.number,),
            )
            connection.execute("UPDATE snapshots SET is_done = 1 WHERE epoch = ?", (epoch.number,))

    # Large values and the end of history

    def content(self, identity: str) -> bytes | None:
        """Return a large value by its hash."""
        found = self._connection.execute("SELECT data FROM contents WHERE hash = ?", (identity,)).fetchone()
        return found[0] if found else None

    def content_hashes(self) -> set[str]:
        """Return the hashes of all large values."""
        return {row[0] for row in self._connection.execute("SELECT hash FROM contents")}

    def kept_text(self) -> bytes:
        """Return the text of all snapshots that are kept, those of older epochs too."""
        found = self._connection.execute("SELECT saved FROM snapshots")
        return b"".join(_unpack(self.path, packed) for (packed,) in found)

    def prune(self, epoch: Epoch, snapshot_revision: int, max_steps: int, max_bytes: int) -> int:
        """Return how many of the oldest entries were dropped to stay in the limits; see `pruning`."""
        doomed = choose(self._connection, epoch.number, snapshot_revision, max_steps, max_bytes)
        if doomed:
            with self._transaction() as connection:
                drop(connection, doomed)
        return len(doomed.entries)

    def drop_contents(self, identities: Iterable[str]) -> None:
        """Drop large values that no entry names any more."""
        with self._transaction() as connection:
            for identity in identities:
                connection.execute(
                    "DELETE FROM contents WHERE hash = ?1"
                    " AND NOT EXISTS (SELECT 1 FROM content_uses WHERE hash = ?1)",
                    (identity,),
                )

    def give_back(self) -> None:
        """Shorten the file by what was dropped."""
        give_back(self._connection)


def _insert_rows(connection: sqlite3.Connection, epoch: Epoch, rows: Sequence[Row]) -> None:
    start = 0
    for count in _AT_ONCE:
        while len(rows) - start >= count:
            values: list[object] = []
            for row in rows[start : start + count]:
                values += (epoch.number, row.revision, row.author, row.edits, row.inverse)
                values += (row.time, row.about, checksum(epoch.id, row))
            connection.execute(_INSERT[count], values)
            start += count


# What is put in is question marks.
_INSERT = {
    count: "INSERT INTO entries (epoch, revision, author, edits, inverse, time, about, checksum) VALUES "  # noqa: S608
    + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * count)
    for count in _AT_ONCE
}


def _insert_uses(connection: sqlite3.Connection, epoch: Epoch, uses: Iterable[tuple[str, int]]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO content_uses (hash, epoch, revision) VALUES (?, ?, ?)",
        [(identity, epoch.number, revision) for identity, revision in uses],
    )


def _insert_snapshot(connection: sqlite3.Connection, epoch: Epoch, kept: KeptSnapshot) -> None:
    connection.execute(
        "INSERT INTO snapshots (epoch, revision, digest, saved, is_done) VALUES (?, ?, ?, ?, ?)",
        (epoch.number, kept.revision, kept.digest, zlib.compress(kept.content, 1), kept.is_done),
    )


def _unpack(path: Path, packed: Any) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise JournalDamaged(path, "a kept snapshot is not as it was written") from error
