"""What a damaged journal still proves: its newest epoch, the snapshots kept of it, entries without a gap.

Owns reading around damage. Believes nothing whose checksum does not agree. The files are only read;
`opening` sets them aside.
"""

import contextlib
import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from funcnodes_worker.store.journal import KeptSnapshot, is_whole
from funcnodes_worker.store.records import UNREADABLE, Row


class Salvaged(Struct, frozen=True):
    """What could be read and was found whole."""

    epoch: str | None = None
    snapshots: tuple[KeptSnapshot, ...] = ()
    """Newest first."""
    rows: Mapping[int, Row] = {}
    contents: Mapping[str, bytes] = {}

    def rows_after(self, revision: int) -> tuple[Row, ...]:
        """Return the rows that follow a revision without a gap."""
        found: list[Row] = []
        while (row := self.rows.get(revision + len(found) + 1)) is not None:
            found.append(row)
        return tuple(found)

    def rows_until(self, revision: int) -> tuple[Row, ...]:
        """Return the rows that lead to a revision without a gap, oldest first: its history."""
        found: list[Row] = []
        while (row := self.rows.get(revision - len(found))) is not None:
            found.append(row)
        return tuple(reversed(found))


def salvage(path: Path) -> Salvaged:
    """Return what a damaged database still holds; never raises for what it finds in it."""
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.DatabaseError:
        return Salvaged()
    with contextlib.closing(connection):
        epochs = list(_rows(connection, "SELECT number, id FROM epochs ORDER BY number DESC LIMIT 1"))
        if not epochs or not isinstance(epochs[0][1], str):
            return Salvaged(contents=_contents(connection))
        number, identity = epochs[0]
        return Salvaged(
            epoch=identity,
            snapshots=tuple(_snapshots(connection, number)),
            rows=_entries(connection, number, identity),
            contents=_contents(connection),
        )


def _rows(connection: sqlite3.Connection, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Give rows until the first one that can not be read."""
    with contextlib.suppress(sqlite3.DatabaseError):
        yield from connection.execute(query, values)


def _snapshots(connection: sqlite3.Connection, epoch: int) -> Iterator[KeptSnapshot]:
    query = "SELECT revision, digest, saved, is_done FROM snapshots WHERE epoch = ? ORDER BY number DESC"
    for revision, digest, packed, is_done in _rows(connection, query, epoch):
        with contextlib.suppress(zlib.error, TypeError):
            yield KeptSnapshot(revision, digest, zlib.decompress(packed), bool(is_done))


def _entries(connection: sqlite3.Connection, epoch: int, identity: str) -> dict[int, Row]:
    # The first format has no `about`.
    return _entries_with("about", connection, epoch, identity) or _entries_with(
        "NULL", connection, epoch, identity
    )


def _entries_with(about: str, connection: sqlite3.Connection, epoch: int, identity: str) -> dict[int, Row]:
    fields = f"revision, author, edits, inverse, time, {about}, checksum"
    found: dict[int, Row] = {}
    # Both ways, so that one bad page in the middle does not hide what lies behind it.
    for order in ("ASC", "DESC"):
        # No value of anybody's is in this text: `fields` and `order` are the words above.
        query = f"SELECT {fields} FROM entries WHERE epoch = ? ORDER BY revision {order}"  # noqa: S608
        for *values, expected in _rows(connection, query, epoch):
            row = Row(*values)
            if is_whole(identity, row, expected) and _is_readable(row):
                found[row.revision] = row
    return found


def _is_readable(row: Row) -> bool:
    try:
        row.entry()
    except UNREADABLE:
        return False
    return True


def _contents(connection: sqlite3.Connection) -> dict[str, bytes]:
    return {
        identity: data
        for identity, data in _rows(connection, "SELECT hash, data FROM contents")
        if isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == identity
    }
