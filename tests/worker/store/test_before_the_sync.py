"""Between the write and its sync: an edit that this process's death leaves, and a power cut may not."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from funcnodes_core.document.edits import SetGraphProperty
from funcnodes_worker.store import journal as journal_module
from funcnodes_worker.store.journal import FILE_NAME
from funcnodes_worker.store.records import Entry, StoreFailed
from funcnodes_worker.store.store import Opened, Store

from tests.support.store_check import opened_copy


def entries(*revisions: int) -> list[Entry]:
    return [
        Entry(n, "ann", (SetGraphProperty("p", n),), (SetGraphProperty("p", n - 1),), 12.5) for n in revisions
    ]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Store.open(tmp_path / "w")
    yield opened
    opened.store.close()


def on_disk(folder: Path) -> list[int]:
    """Return the revisions that a process sees which opens the folder now, as it lies there."""
    with opened_copy(folder) as copy:
        return [entry.revision for entry in copy.tail]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is done to the log, in order; a test may put an error in its place that the next sync raises."""
    seen: list[object] = []
    sync: Callable[[int], None] = journal_module.sync_open

    def watched(descriptor: int) -> None:
        if seen and isinstance(seen[-1], OSError):
            raise seen[-1]
        sync(descriptor)
        seen.append("synced")

    monkeypatch.setattr(journal_module, "sync_open", watched)
    return seen


@pytest.mark.parametrize("count", [1, 3, 100])
async def test_it_is_written_then_said_then_synced_then_acknowledged(
    opened: Opened, tmp_path: Path, steps: list[object], count: int
) -> None:
    revisions = list(range(1, count + 1))
    await opened.store.append(entries(*revisions), lambda: steps.append(on_disk(tmp_path / "w")))
    steps.append("acknowledged")

    assert steps == [revisions, "synced", "acknowledged"]


async def test_it_is_the_log_that_is_synced(opened: Opened, tmp_path: Path) -> None:
    synced: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "open_to_sync", _remembered(synced, journal_module.open_to_sync))
        await opened.store.append(entries(1))
    log = tmp_path / "w" / f"{FILE_NAME}-wal"

    assert synced == [log.stat().st_ino]
    await opened.store.snapshot({"at": 1}, 1)
    await opened.store.append([_large(2)])
    await opened.store.append(entries(3))
    assert synced == [log.stat().st_ino], "SQLite begins its log anew in the same file"


def _remembered(into: list[int], opening: Callable[[Path], int]) -> Callable[[Path], int]:
    def opened(path: Path) -> int:
        into.append(path.stat().st_ino)
        return opening(path)

    return opened


def _large(revision: int) -> Entry:
    """Return an entry that fills the log, so that SQLite writes it into the database and begins anew."""
    return Entry(revision, "ann", (SetGraphProperty("p", "x" * 8_000_000),), (), 12.5)


async def test_what_the_disk_does_not_promise_is_taken_away_again(
    opened: Opened, tmp_path: Path, steps: list[object]
) -> None:
    await opened.store.append(entries(1))
    with pytest.raises(StoreFailed, match="no space"):
        await opened.store.append(entries(2, 3), lambda: steps.append(OSError(28, "no space left on device")))

    assert on_disk(tmp_path / "w") == [1]
    assert opened.store.revision == 1
    steps.clear()
    await opened.store.append(entries(2))
    assert on_disk(tmp_path / "w") == [1, 2]


async def test_a_disk_that_fails_on_the_way_back_too_is_asked_again_by_the_next_edit(
    opened: Opened, tmp_path: Path, steps: list[object]
) -> None:
    await opened.store.append(entries(1))
    connection = opened.store._journal._connection

    def fail() -> None:
        steps.append(OSError(5, "the disk does not answer"))
        connection.execute("PRAGMA query_only = 1")

    with pytest.raises(StoreFailed, match="does not answer"):
        await opened.store.append(entries(2), fail)
    with pytest.raises(StoreFailed, match="readonly"):
        await opened.store.append(entries(2))
    connection.execute("PRAGMA query_only = 0")
    steps.clear()
    await opened.store.append(entries(2, 3))

    assert on_disk(tmp_path / "w") == [1, 2, 3]
    assert _sums(tmp_path / "w") == 3


def _sums(folder: Path) -> int:
    connection = sqlite3.connect(folder / FILE_NAME)
    try:
        return connection.execute("SELECT count(DISTINCT checksum) FROM entries").fetchone()[0]
    finally:
        connection.close()


async def test_appends_that_share_a_sync_are_each_told_that_they_are_written(opened: Opened) -> None:
    said: list[int] = []
    await asyncio.gather(*(opened.store.append(entries(n), lambda n=n: said.append(n)) for n in range(1, 20)))

    assert said == list(range(1, 20))
