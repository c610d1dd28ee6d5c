"""Outputs that are worth keeping, beside the journal: a cache that may be lost at any moment and never lies.

Owns the database `kept.sqlite3`: what each node gave, by content, and how much of it. Everything is sealed
by its maker and has its hash, and both are checked when it is read: what was not written whole, was written
elsewhere, or was changed since, is not there. A damaged database is thrown away. One reads or writes at a
time, and who closes it waits: it is read by the graph's thread, and a worker may be stopped meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from funcnodes_worker.store.vacuum import give_back

FILE_NAME = "kept.sqlite3"
MAX_BYTES = 200 * 1024 * 1024
"""All that is kept of one worker; the oldest goes first."""
_FORMAT = 1
_TABLES = (
    "CREATE TABLE nodes (node TEXT PRIMARY KEY, record BLOB NOT NULL, seal BLOB NOT NULL, number INTEGER)",
    "CREATE TABLE contents (hash TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE uses (hash TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (hash, node)) WITHOUT ROWID",
    f"PRAGMA user_version = {_FORMAT}",
)


class KeptOutput(msgspec.Struct, frozen=True, array_like=True):
    """One output as it was: how its bytes are read, and which bytes."""

    format: str
    hash: str


class KeptRecord(msgspec.Struct, frozen=True):
    """What a node gave, of what, and by which code."""

    node: str
    code: str
    inputs: Mapping[str, str]
    """Fingerprints of the inputs it was computed from; an input without a value has an empty one."""
    outputs: Mapping[str, KeptOutput]


class KeptStore:
    """The database of one worker's folder."""

    def __init__(self, folder: Path, key: bytes, max_bytes: int = MAX_BYTES) -> None:
        """Name the database; nothing is opened before it is needed."""
        self._path, self._key, self._max_bytes = folder / FILE_NAME, key, max_bytes
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._is_over = False

    def close(self) -> None:
        """Close the database, when who uses it is done. From here on it is empty and takes nothing."""
        with self._turn:
            self._is_over = True
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def records(self) -> dict[str, KeptRecord]:
        """Return what is kept, by node."""
        with self._turn:
            return self._records()

    def _records(self) -> dict[str, KeptRecord]:
        if self._is_over or not self._path.exists():
            return {}
        found: dict[str, KeptRecord] = {}
        try:
            for node, record, seal in self._open().execute("SELECT node, record, seal FROM nodes"):
                if isinstance(record, bytes) and hmac.compare_digest(self._seal(record), bytes(seal)):
                    with contextlib.suppress(msgspec.MsgspecError):
                        found[node] = msgspec.json.decode(record, type=KeptRecord)
        except (sqlite3.DatabaseError, TypeError):
            self._throw_away()
            return {}
        return found

    def content(self, identity: str) -> bytes | None:
        """Return the bytes of a hash, or None when they are not there whole."""
        with self._turn:
            data = self._content(identity)
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != identity:
            return None
        return data

    def _content(self, identity: str) -> object:
        if self._is_over:
            return None
        try:
            row = self._open().execute("SELECT data FROM contents WHERE hash = ?", (identity,)).fetchone()
        except sqlite3.DatabaseError:
            self._throw_away()
            return None
        return None if row is None else row[0]

    def put(self, records: Iterable[KeptRecord], contents: Mapping[str, bytes]) -> None:
        """Keep these in place of what was kept of their nodes; whole or not at all."""
        with self._turn:
            if self._is_over:
                return
            try:
                self._put(list(records), contents)
            # A cache: a disk that is full takes none, and that is all.
            except sqlite3.OperationalError:
                self._close()
            except sqlite3.DatabaseError:
                self._throw_away()

    def forget(self, nodes: Iterable[str]) -> None:
        """Keep nothing of these nodes any more."""
        with self._turn, contextlib.suppress(sqlite3.DatabaseError):
            if self._is_over or not self._path.exists():
                return
            connection = self._open()
            with connection:
                connection.execute("BEGIN")
                for node in nodes:
                    connection.execute("DELETE FROM nodes WHERE node = ?", (node,))
                    connection.execute("DELETE FROM uses WHERE node = ?", (node,))
                _drop_unused(connection)
            give_back(connection)

    def _put(self, records: list[KeptRecord], contents: Mapping[str, bytes]) -> None:
        connection = self._open()
        with connection:
            connection.execute("BEGIN")
            (last,) = connection.execute("SELECT COALESCE(MAX(number), 0) FROM nodes").fetchone()
            for number, record in enumerate(records, last + 1):
                text = msgspec.json.encode(record)
                connection.execute(
                    "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?)",
                    (record.node, text, self._seal(text), number),
                )
                connection.execute("DELETE FROM uses WHERE node = ?", (record.node,))
                for output in record.outputs.values():
                    connection.execute("INSERT OR IGNORE INTO uses VALUES (?, ?)", (output.hash, record.node))
            for identity, data in contents.items():
                connection.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (identity, data))
            _drop_unused(connection)
            self._shrink(connection)
        give_back(connection)

    def _shrink(self, connection: sqlite3.Connection) -> None:
        size = _size(connection)
        if size <= self._max_bytes:
            return
        for (node,) in connection.execute("SELECT node FROM nodes ORDER BY number").fetchall():
            connection.execute("DELETE FROM nodes WHERE node = ?", (node,))
            connection.execute("DELETE FROM uses WHERE node = ?", (node,))
            _drop_unused(connection)
            if (size := _size(connection)) <= self._max_bytes:
                return

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            # No sync at each commit: after a power cut an older or an empty cache is as good.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _FORMAT):
                raise sqlite3.DatabaseError("another format")
            if version == 0:
                connection.execute("BEGIN")
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _throw_away(self) -> None:
        self._close()
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)

    def _seal(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")


def _size(connection: sqlite3.Connection) -> int:
    (size,) = connection.execute("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM contents").fetchone()
    return size


def _drop_unused(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM contents WHERE hash NOT IN (SELECT hash FROM uses)")
