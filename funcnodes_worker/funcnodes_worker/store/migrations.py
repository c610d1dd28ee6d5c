"""The tables of the journal, as numbered steps from the first format to this one.

A step is never changed once released; a sample of every old format stays in the tests. The number of the last
step taken is the database's `user_version`.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from funcnodes_worker.store.records import JournalTooNew

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        # An epoch is one line of history. A nodespace.json that a person replaced begins a new one.
        """CREATE TABLE epochs (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            begun REAL NOT NULL,
            reason TEXT NOT NULL
        )""",
        # `checksum` is over all other fields: it tells bit rot that the database itself does not see.
        """CREATE TABLE entries (
            epoch INTEGER NOT NULL REFERENCES epochs (number),
            revision INTEGER NOT NULL,
            author TEXT NOT NULL,
            time REAL NOT NULL,
            edits BLOB NOT NULL,
            inverse BLOB NOT NULL,
            checksum INTEGER NOT NULL,
            PRIMARY KEY (epoch, revision)
        )""",
        # A snapshot is `intended` before nodespace.json is renamed into place and `done` after it. `digest`
        # is the SHA-256 of the file, null while there is none yet; `saved` its compressed text.
        """CREATE TABLE snapshots (
            number INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL REFERENCES epochs (number),
            revision INTEGER NOT NULL,
            digest TEXT,
            saved BLOB NOT NULL,
            is_done INTEGER NOT NULL
        )""",
        # Large values by the SHA-256 of their JSON text, and which entries name them.
        "CREATE TABLE contents (hash TEXT PRIMARY KEY, data BLOB NOT NULL)",
        """CREATE TABLE content_uses (
            hash TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (hash, epoch, revision)
        ) WITHOUT ROWID""",
    ),
    (
        # What an entry says about itself, as JSON: its title, and which step it undoes or does again. It is
        # part of the checksum where there is one.
        "ALTER TABLE entries ADD COLUMN about BLOB",
    ),
)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the number of the last step taken; raises `JournalTooNew` for an unknown one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise JournalTooNew(path, version, len(MIGRATIONS))
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Return when the database has today's tables; raises `JournalTooNew` without a change."""
    for number in range(version_of(connection, path), len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
