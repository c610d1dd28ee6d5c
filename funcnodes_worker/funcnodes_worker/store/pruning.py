"""How much history is kept: so many entries, so many bytes, the newest first.

Owns what goes and what must stay. Nothing after the snapshot of the current epoch ever goes. An older epoch
can be restored from its last snapshot: entries before it go oldest first, but the snapshot and the entries
after it stand or fall together, and what can no longer be reached goes too. Large values count where they
were used last.
"""

import sqlite3
from collections.abc import Iterator

from msgspec import Struct


class Doomed(Struct, frozen=True):
    """What goes."""

    entries: tuple[tuple[int, int], ...]
    """Epoch and revision."""
    epochs: tuple[int, ...]
    """Older epochs of which nothing is left."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.epochs)


class _Budget:
    """What has been kept so far, newest first."""

    def __init__(self, connection: sqlite3.Connection, max_steps: int, max_bytes: int) -> None:
        self._steps, self._bytes = max_steps, max_bytes
        self._seen: set[str] = set()
        self._uses: dict[tuple[int, int], list[tuple[str, int]]] = {}
        for number, revision, identity, length in connection.execute(
            "SELECT u.epoch, u.revision, u.hash, LENGTH(c.data) FROM content_uses u"
            " JOIN contents c ON c.hash = u.hash"
        ):
            self._uses.setdefault((number, revision), []).append((identity, length))

    def keep(self, number: int, revision: int | None, length: int) -> None:
        """Count one entry, or a snapshot."""
        self._steps -= 1
        self._bytes -= length
        for identity, size in self._uses.get((number, revision), ()) if revision is not None else ():
            if identity not in self._seen:
                self._seen.add(identity)
                self._bytes -= size

    @property
    def is_spent(self) -> bool:
        """Whether more has been counted than is kept."""
        return self._steps < 0 or self._bytes < 0


def choose(
    connection: sqlite3.Connection, current: int, snapshot_revision: int, max_steps: int, max_bytes: int
) -> Doomed:
    """Return what has to go so that the rest stays in the limits."""
    budget = _Budget(connection, max_steps, max_bytes)
    entries: list[tuple[int, int]] = []
    gone: list[int] = []
    for revision, length in _entries(connection, current):
        budget.keep(current, revision, length)
        if budget.is_spent and revision <= snapshot_revision:
            entries.append((current, revision))
    older = "SELECT number FROM epochs WHERE number < ? ORDER BY number DESC"
    for (number,) in connection.execute(older, (current,)).fetchall():
        doomed, is_gone = _choose_older(connection, number, budget)
        entries += doomed
        if is_gone:
            gone.append(number)
    return Doomed(tuple(entries), tuple(gone))


def _choose_older(
    connection: sqlite3.Connection, number: int, budget: _Budget
) -> tuple[list[tuple[int, int]], bool]:
    base, length = connection.execute(
        "SELECT MAX(revision), SUM(LENGTH(saved)) FROM snapshots WHERE epoch = ?", (number,)
    ).fetchone()
    everything = list(_entries(connection, number))
    if base is not None:
        budget.keep(number, None, length)
    for revision, size in everything:
        if base is not None and revision > base:
            budget.keep(number, revision, size)
    if base is None or budget.is_spent:
        return [(number, revision) for revision, _ in everything], True
    doomed: list[tuple[int, int]] = []
    for revision, size in everything:
        if revision <= base:
            budget.keep(number, revision, size)
            if budget.is_spent:
                doomed.append((number, revision))
    return doomed, False


def _entries(connection: sqlite3.Connection, number: int) -> Iterator[tuple[int, int]]:
    """Give revisions and sizes of an epoch's entries, newest first."""
    return iter(
        connection.execute(
            "SELECT revision, LENGTH(edits) + LENGTH(inverse) FROM entries"
            " WHERE epoch = ? ORDER BY revision DESC",
            (number,),
        ).fetchall()
    )


def drop(connection: sqlite3.Connection, doomed: Doomed) -> None:
    """Delete what has to go, inside a transaction of the caller."""
    connection.executemany("DELETE FROM entries WHERE epoch = ? AND revision = ?", doomed.entries)
    connection.executemany("DELETE FROM content_uses WHERE epoch = ? AND revision = ?", doomed.entries)
    for table, column in (("snapshots", "epoch"), ("epochs", "number")):
        # Both are words of the line above.
        connection.executemany(
            f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608
            [(number,) for number in doomed.epochs],
        )
