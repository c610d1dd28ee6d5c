"""What is acknowledged is on disk, and comes back in order, once."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes_core.document.edits import SetGraphProperty, SetValue
from funcnodes_core.document.history import Undo
from funcnodes_worker.disk.lock import LockHeld
from funcnodes_worker.store import store as store_module
from funcnodes_worker.store.journal import FILE_NAME, Journal
from funcnodes_worker.store.records import Entry, StoreFailed
from funcnodes_worker.store.store import Opened, Store

from tests.support.store_check import opened_copy


def entry(revision: int, value: Any = None) -> Entry:
    value = revision if value is None else value
    return Entry(
        revision,
        "ann",
        (SetGraphProperty("p", value),),
        (SetGraphProperty("p", revision - 1),),
        12.5,
        f"set `p` of the graph to {revision}",
        Undo(revision - 1) if revision % 3 == 0 else None,
    )


def entries(*revisions: int) -> list[Entry]:
    return [entry(revision) for revision in revisions]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Store.open(tmp_path / "w")
    yield opened
    opened.store.close()


def reopen(folder: Path) -> Opened:
    """Open, look, close."""
    opened = Store.open(folder)
    opened.store.close()
    return opened


def test_a_new_folder_begins_empty_at_revision_0(opened: Opened, tmp_path: Path) -> None:
    assert (opened.document_saved, opened.tail, opened.revision, opened.notices) == ({}, (), 0, ())
    assert len(opened.epoch) == 32
    assert (tmp_path / "w" / FILE_NAME).stat().st_mode & 0o077 == 0


async def test_what_was_appended_comes_back_the_same(opened: Opened, tmp_path: Path) -> None:
    await opened.store.append(entries(1, 2))
    await opened.store.append(entries(3))
    opened.store.close()

    again = reopen(tmp_path / "w")
    assert again.tail == tuple(entries(1, 2, 3))
    assert (again.revision, again.epoch, again.notices) == (3, opened.epoch, ())


async def test_an_append_is_on_disk_when_it_returns_and_not_only_when_closed(
    opened: Opened, tmp_path: Path
) -> None:
    await opened.store.append(entries(1))

    with opened_copy(tmp_path / "w") as copy:
        assert copy.tail == (entry(1),)


async def test_all_that_wait_share_one_sync(tmp_path: Path) -> None:
    commits: list[str] = []
    first_is_writing, go_on = threading.Event(), threading.Event()

    def faults(place: str) -> None:
        if place == "journal:committed":
            commits.append(place)
        if place == "journal:begun" and not first_is_writing.is_set():
            first_is_writing.set()
            go_on.wait(10)

    opened = Store.open(tmp_path, faults=faults)
    try:
        before = len(commits)
        first = asyncio.create_task(opened.store.append(entries(1)))
        await asyncio.to_thread(first_is_writing.wait, 10)
        rest = [asyncio.create_task(opened.store.append(entries(n))) for n in range(2, 40)]
        await asyncio.sleep(0)  # each of them hands in its rows
        go_on.set()
        await asyncio.gather(first, *rest)
        assert len(commits) - before == 2
        assert opened.store.revision == 39
    finally:
        opened.store.close()
    assert [one.revision for one in reopen(tmp_path).tail] == list(range(1, 40))


async def test_a_snapshot_takes_the_place_of_the_edits_before_it(opened: Opened, tmp_path: Path) -> None:
    await opened.store.append(entries(1, 2, 3))
    await opened.store.snapshot({"backend": {"prop": {"p": 2}}, "meta": {}}, 2)
    opened.store.close()

    file = json.loads((tmp_path / "w" / "nodespace.json").read_text())
    assert list(file) == ["backend", "meta", "journal"]
    assert file["journal"] == {"epoch": opened.epoch, "revision": 2}
    again = reopen(tmp_path / "w")
    assert again.document_saved == {"backend": {"prop": {"p": 2}}, "meta": {}}
    assert again.tail == (entry(3),)
    assert again.revision == 3


async def test_what_is_saved_may_be_made_in_the_stores_thread(opened: Opened, tmp_path: Path) -> None:
    threads: list[threading.Thread] = []

    def make() -> dict[str, Any]:
        threads.append(threading.current_thread())
        return {"p": 1}

    await opened.store.append(entries(1))
    await opened.store.snapshot(make, 1)
    opened.store.close()

    assert reopen(tmp_path / "w").document_saved == {"p": 1}
    assert threads != [threading.current_thread()]


async def test_snapshots_of_one_revision_may_differ_since_node_code_changes_ports(
    opened: Opened, tmp_path: Path
) -> None:
    await opened.store.append(entries(1))
    await opened.store.snapshot({"v": 1}, 1)
    await opened.store.snapshot({"v": 2}, 1)
    opened.store.close()

    again = reopen(tmp_path / "w")
    assert (again.document_saved, again.revision, again.notices) == ({"v": 2}, 1, ())


async def test_a_caller_that_stops_waiting_changes_nothing(tmp_path: Path) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def faults(place: str) -> None:
        if place == "journal:begun":
            writing.set()
            go_on.wait(10)

    opened = Store.open(tmp_path, faults=faults)
    waiting = asyncio.create_task(opened.store.append(entries(1)))
    await asyncio.to_thread(writing.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    opened.store.close()

    assert reopen(tmp_path).revision == 1


async def test_a_full_disk_fails_the_edit_and_the_next_one_may_succeed(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself reports the full disk: its page limit stands for it."""
    connection = opened.store._journal._connection
    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreFailed, match="full"):
        await opened.store.append([entry(1, "x" * 500_000)])
    connection.execute("PRAGMA max_page_count = 1000000")
    await opened.store.append(entries(1, 2))
    opened.store.close()

    assert reopen(tmp_path / "w").tail == tuple(entries(1, 2))


async def test_an_edit_that_is_not_json_fails_before_it_reaches_the_journal(opened: Opened) -> None:
    with pytest.raises(TypeError):
        await opened.store.append([Entry(1, "a", (SetValue("n", "p", object()),), (), 0.0)])
    await opened.store.append(entries(1))

    assert opened.store.revision == 1


async def test_revisions_without_a_gap_are_the_callers_promise(opened: Opened) -> None:
    with pytest.raises(AssertionError, match="do not follow"):
        await opened.store.append(entries(2))

    assert opened.store.revision == 0


async def test_one_process_holds_a_folder(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(LockHeld):
        Store.open(tmp_path / "w")
    opened.store.close()
    opened.store.close()
    with pytest.raises(StoreFailed, match="closed"):
        await opened.store.append(entries(1))

    assert reopen(tmp_path / "w").revision == 0


def test_an_unwritable_folder_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "w" / FILE_NAME).mkdir(parents=True)
    with pytest.raises(StoreFailed, match=FILE_NAME):
        Store.open(tmp_path / "w")

    (tmp_path / "w" / FILE_NAME).rmdir()
    assert reopen(tmp_path / "w").revision == 0, "the lock was given back"


async def test_large_values_are_stored_by_content_and_small_ones_stay(opened: Opened, tmp_path: Path) -> None:
    store = opened.store
    large = ["x" * 1000] * 100
    reference = store.reference(large)
    assert store.reference("small") == "small"
    assert list(reference) == ["$stored"]
    assert json.loads(store.content(reference["$stored"])) == large, "readable before it is written"

    await store.append([Entry(1, "a", (SetValue("n", "p", reference),), (), 0.0)])
    await store.snapshot({"backend": {"value": reference}}, 1)
    store.close()
    again = Store.open(tmp_path / "w")
    try:
        assert json.loads(again.store.content(reference["$stored"])) == large
        with pytest.raises(KeyError):
            again.store.content("0" * 64)
    finally:
        again.store.close()


async def test_history_is_cut_at_its_limit_but_never_after_the_snapshot(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_STEPS", 4)
    store = opened.store
    reference = store.reference("y" * 70_000)
    await store.append([Entry(1, "a", (SetValue("n", "p", reference),), (), 0.0)])
    await store.append(entries(*range(2, 21)))
    await store.snapshot({"at": 10}, 10)
    assert rows(tmp_path) == list(range(11, 21)), "what comes after the snapshot is needed"
    with pytest.raises(KeyError):
        store.content(reference["$stored"])

    await store.snapshot({"at": 20}, 20)
    assert rows(tmp_path) == [17, 18, 19, 20]
    store.close()
    assert reopen(tmp_path / "w").revision == 20


def rows(tmp_path: Path) -> list[int]:
    connection = sqlite3.connect(tmp_path / "w" / FILE_NAME)
    try:
        return [row[0] for row in connection.execute("SELECT revision FROM entries ORDER BY revision")]
    finally:
        connection.close()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / FILE_NAME)
    try:
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        journal.close()


async def test_the_calls_of_the_last_ten_minutes_are_known(opened: Opened, tmp_path: Path) -> None:
    """As many as the journal has; a call that made two edits has both, in order."""
    now = time.time()
    old = [msgspec.structs.replace(entry(n), time=now - 3600, call=f"old {n}") for n in range(1, 4)]
    young = [msgspec.structs.replace(entry(n), time=now, call=f"call {n // 2}") for n in range(4, 1204)]
    await opened.store.append([*old, *young])
    opened.store.close()

    assert reopen(tmp_path / "w").calls == {f"call {n}": [2 * n, 2 * n + 1] for n in range(2, 602)}
