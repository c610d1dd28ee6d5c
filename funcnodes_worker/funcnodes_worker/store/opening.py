"""What a folder's journal and `nodespace.json` mean together when a store is opened.

Owns the decision, the new epoch it may lead to, and what is said about it. The rules, in short: a file that
is one of our last snapshots goes on; any other readable file was put there by a person and begins a new
epoch on top of the kept history; what can not be read is set aside under a new name and replaced by what is
provably whole.
"""

import sqlite3
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from funcnodes_worker.disk.atomic import move, set_aside
from funcnodes_worker.disk.faults import Faults, no_faults
from funcnodes_worker.home.trust import Beginning
from funcnodes_worker.store.ahead import look_after_log
from funcnodes_worker.store.journal import FILE_NAME as JOURNAL_NAME
from funcnodes_worker.store.journal import SIBLINGS, Epoch, Journal, JournalDamaged, KeptSnapshot
from funcnodes_worker.store.records import UNREADABLE, Entry, Notice, Row, Saved
from funcnodes_worker.store.salvage import Salvaged, salvage
from funcnodes_worker.store.snapshot import FILE_NAME as SNAPSHOT_NAME
from funcnodes_worker.store.snapshot import (
    SnapshotFile,
    digest_of,
    parse_snapshot,
    read_snapshot,
    write_snapshot,
)

EMPTY = b"{}"
REBUILT_NAME = "journal.rebuilt.sqlite3"


class Start(Struct, frozen=True):
    """Where a store begins: a saved graph, the edits after it, and where in the history both stand."""

    saved: Saved
    snapshot_revision: int
    tail: tuple[Entry, ...]
    epoch: Epoch
    revision: int
    notices: tuple[Notice, ...]
    beginning: Beginning | None = None
    """How this epoch began, when it began just now: what is not the trusted history may be anybody's."""


class _Base(Struct, frozen=True):
    """A snapshot to begin from, wherever it was found."""

    content: bytes
    saved: Saved
    revision: int
    digest: str | None
    """Of the file on disk; None when this is not what lies there."""


def open_journal(folder: Path, faults: Faults) -> tuple[Journal, Start]:
    """Return the open journal of a folder and where to begin. Nothing readable is ever lost."""
    _finish_salvage(folder)
    torn = look_after_log(folder / JOURNAL_NAME)
    try:
        journal, start = _open_whole(folder, faults)
    except (JournalDamaged, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        journal, start = _open_salvaged(folder, faults, str(error))
    return journal, start if torn is None else replace(start, notices=(torn, *start.notices))


# An undamaged journal


def _open_whole(folder: Path, faults: Faults) -> tuple[Journal, Start]:
    journal = Journal(folder / JOURNAL_NAME, faults=faults)
    try:
        epoch = journal.epoch()
        file = read_snapshot(folder)
        start = _begin(journal, folder, file) if epoch is None else _go_on(journal, folder, file, epoch)
    except BaseException:
        journal.close()
        raise
    return journal, start


def _begin(journal: Journal, folder: Path, file: SnapshotFile | None) -> Start:
    """Begin a history: for a new worker, or for one that another program has served so far."""
    notices: list[Notice] = []
    base = _Base(EMPTY, {}, 0, None)
    if file is not None and file.saved is None:
        notices.append(_snapshot_damaged(folder, "nothing could be saved of it, the graph begins empty"))
    elif file is not None and file.saved is not None:
        base = _Base(file.content, file.saved, file.mark.revision if file.mark else 0, file.digest)
        if file.mark is not None:
            notices.append(
                Notice(
                    "journal_missing",
                    "the journal of this graph is not here; "
                    f"the graph is as saved at revision {base.revision}, its history begins anew",
                )
            )
    return _new_epoch(journal, base, "opened" if file else "new", notices)


def _go_on(journal: Journal, folder: Path, file: SnapshotFile | None, epoch: Epoch) -> Start:
    kept = journal.snapshots(epoch)
    if not kept:
        raise JournalDamaged(journal.path, "its epoch has no snapshot")
    if file is None and kept[-1].digest is None and kept[-1].is_done:
        return _continue(journal, epoch, _kept_base(journal.path, kept[-1]))
    if file is not None and file.saved is not None:
        for snapshot in kept:
            if snapshot.digest == file.digest:
                base = _Base(file.content, file.saved, snapshot.revision, file.digest)
                return _continue(journal, epoch, base)
        return _replaced(journal, epoch, file)
    done = next((snapshot for snapshot in kept if snapshot.is_done), kept[0])
    base = _kept_base(journal.path, done)
    rest = "the journal holds a copy of it and every edit since: nothing is lost"
    start = _continue(journal, epoch, base)  # first, since it may find the journal damaged too
    notice = (
        Notice("snapshot_missing", f"{SNAPSHOT_NAME} was missing and was written again; {rest}")
        if file is None
        else _snapshot_damaged(folder, rest)
    )
    if done.digest is not None:
        write_snapshot(folder, done.content, no_faults)
    return replace(start, notices=(notice,))


def _continue(journal: Journal, epoch: Epoch, base: _Base) -> Start:
    tail = _decode(journal.path, journal.rows_after(epoch, base.revision))
    return Start(base.saved, base.revision, tail, epoch, base.revision + len(tail), ())


def _replaced(journal: Journal, epoch: Epoch, file: SnapshotFile) -> Start:
    assert file.saved is not None
    last = journal.last_revision(epoch)
    notice = Notice(
        "replaced",
        f"{SNAPSHOT_NAME} was replaced while the worker was down and is used as it is; "
        f"the history up to revision {last} is kept in the journal as epoch {epoch.id}",
    )
    # One step further, so that nobody who knows the last revision takes this graph for that one.
    base = _Base(file.content, file.saved, last + 1, file.digest)
    return _new_epoch(journal, base, "replaced", [notice])


def _new_epoch(
    journal: Journal,
    base: _Base,
    reason: str,
    notices: list[Notice],
    rows: tuple[Row, ...] = (),
    continues: str | None = None,
    older: tuple[Row, ...] = (),
) -> Start:
    """Begin an epoch on a base, with the rows after it and those that led to it."""
    epoch = journal.begin_epoch(reason, base.revision, base.digest, base.content, older + rows)
    tail = _decode(journal.path, list(rows))
    beginning = Beginning(digest=base.digest, continues=continues)
    return Start(base.saved, base.revision, tail, epoch, base.revision + len(tail), tuple(notices), beginning)


def _kept_base(path: Path, snapshot: KeptSnapshot) -> _Base:
    parsed = parse_snapshot(snapshot.content)
    if parsed.saved is None:
        raise JournalDamaged(path, "a kept snapshot can not be read")
    return _Base(snapshot.content, parsed.saved, snapshot.revision, snapshot.digest)


def _decode(path: Path, rows: list[Row]) -> tuple[Entry, ...]:
    try:
        return tuple(row.entry() for row in rows)
    except UNREADABLE as error:
        raise JournalDamaged(path, f"an entry can not be read: {error}") from error


def _snapshot_damaged(folder: Path, rest: str) -> Notice:
    aside = set_aside(folder / SNAPSHOT_NAME)
    text = f"{SNAPSHOT_NAME} could not be read and was set aside as {aside.name}; {rest}"
    return Notice("snapshot_damaged", text, (aside,))


# A damaged journal


def _open_salvaged(folder: Path, faults: Faults, reason: str) -> tuple[Journal, Start]:
    found = salvage(folder / JOURNAL_NAME)
    file = read_snapshot(folder)
    base = _best_base(found, file)
    belongs = base is not None and _belongs(found, file, base)
    rows = found.rows_after(base.revision) if base is not None and belongs else ()
    older = found.rows_until(base.revision) if base is not None and belongs else ()
    # A mark in a file can be copied, its content cannot be forged to a digest that we remember.
    is_own = file is None or file.saved is None or _is_known(found, file.digest)
    start = _build(folder, found, base or _Base(EMPTY, {}, 0, None), older, rows, faults, is_own=is_own)
    notices: list[Notice] = []
    if file is not None and file.saved is None:
        notices.append(_snapshot_damaged(folder, "what the journal still holds of it is used"))
    aside = tuple(set_aside(path) for path in _database_files(folder, JOURNAL_NAME))
    faults("salvage:set_aside")
    move(folder / REBUILT_NAME, folder / JOURNAL_NAME)
    names = ", ".join(path.name for path in aside)
    text = (
        f"the journal is damaged ({reason}) and was set aside as {names}; "
        f"the graph is whole up to revision {start.revision}, later edits may be missing; "
        f"it can be taken back to revision {start.snapshot_revision - len(older)}, "
        "what was before lies in the file that was set aside"
    )
    notices.append(Notice("journal_damaged", text, aside))
    return Journal(folder / JOURNAL_NAME, faults=faults), replace(start, notices=tuple(notices))


def _build(
    folder: Path,
    found: Salvaged,
    base: _Base,
    older: tuple[Row, ...],
    rows: tuple[Row, ...],
    faults: Faults,
    *,
    is_own: bool,
) -> Start:
    """Write all that is whole into a new journal beside the damaged one: a crash now loses nothing."""
    journal = Journal(folder / REBUILT_NAME, faults=faults)
    try:
        journal.put_contents(found.contents)
        continues = found.epoch if is_own else None
        start = _new_epoch(journal, base, "salvaged", [], rows, continues, older)
    finally:
        journal.close()
    faults("salvage:built")
    return start


def _finish_salvage(folder: Path) -> None:
    """Take up a salvage that was cut off: the new journal counts once the damaged one is set aside."""
    if (folder / REBUILT_NAME).exists() and not (folder / JOURNAL_NAME).exists():
        for path in _database_files(folder, JOURNAL_NAME):
            set_aside(path)
        move(folder / REBUILT_NAME, folder / JOURNAL_NAME)
    for path in _database_files(folder, REBUILT_NAME):
        path.unlink()


def _database_files(folder: Path, name: str) -> list[Path]:
    return [path for ending in SIBLINGS if (path := folder / f"{name}{ending}").exists()]


def _best_base(found: Salvaged, file: SnapshotFile | None) -> _Base | None:
    """Return the file when it can be read, else the newest copy that the journal still holds."""
    if file is not None and file.saved is not None:
        known = next((one.revision for one in found.snapshots if one.digest == file.digest), None)
        marked = file.mark.revision if file.mark is not None else 0
        return _Base(file.content, file.saved, marked if known is None else known, file.digest)
    for snapshot in found.snapshots:
        parsed = parse_snapshot(snapshot.content)
        if parsed.saved is not None and snapshot.digest in (None, digest_of(snapshot.content)):
            return _Base(snapshot.content, parsed.saved, snapshot.revision, None)
    return None


def _belongs(found: Salvaged, file: SnapshotFile | None, base: _Base) -> bool:
    """Tell whether the salvaged rows continue this base: not when a person put the file there."""
    if file is None or file.saved is None:
        return True
    if _is_known(found, base.digest):
        return True
    return not found.snapshots and file.mark is not None and file.mark.epoch == found.epoch


def _is_known(found: Salvaged, digest: str | None) -> bool:
    return any(snapshot.digest == digest for snapshot in found.snapshots)
