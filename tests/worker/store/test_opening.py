"""Whatever lies in the folder, a store opens with what is provably whole and says what it could not use."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.document.edits import SetGraphProperty
from funcnodes_worker.store.journal import FILE_NAME, Journal
from funcnodes_worker.store.migrations import MIGRATIONS
from funcnodes_worker.store.records import Entry, JournalTooNew
from funcnodes_worker.store.store import Opened, Store


def entries(*revisions: int) -> list[Entry]:
    return [
        Entry(n, "ann", (SetGraphProperty("p", n),), (SetGraphProperty("p", n - 1),), float(n))
        for n in revisions
    ]


def reopen(folder: Path) -> Opened:
    opened = Store.open(folder)
    opened.store.close()
    return opened


def kinds(opened: Opened) -> list[str]:
    return [notice.kind for notice in opened.notices]


async def graph_at(folder: Path, snapshot: int | None, last: int) -> str:
    """Leave a folder with a snapshot and a journal; return its epoch."""
    opened = Store.open(folder)
    await opened.store.append(entries(*range(1, last + 1)))
    if snapshot is not None:
        await opened.store.snapshot({"p": snapshot}, snapshot)
    opened.store.close()
    return opened.epoch


def seen(opened: Opened) -> tuple[Any, list[int], int]:
    return opened.document_saved, [entry.revision for entry in opened.tail], opened.revision


def damage(path: Path, at: int, count: int = 200) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + count] = b"\xa5" * min(count, len(content) - at)
    path.write_bytes(bytes(content))


async def test_a_file_of_the_original_is_opened_and_goes_on_as_ours(tmp_path: Path) -> None:
    saved: dict[str, Any] = {"backend": {"nodes": [], "edges": []}, "meta": {"id": "0" * 32}}
    (tmp_path / "nodespace.json").write_text(json.dumps(saved, indent=4))
    first = reopen(tmp_path)
    second = reopen(tmp_path)

    assert seen(first) == seen(second) == (saved, [], 0)
    assert first.epoch == second.epoch
    assert kinds(first) == kinds(second) == []


async def test_a_replaced_file_begins_a_new_epoch_and_the_history_is_kept(tmp_path: Path) -> None:
    old = await graph_at(tmp_path, 2, 5)
    (tmp_path / "nodespace.json").write_text('{"mine": 1}')
    opened = Store.open(tmp_path)
    await opened.store.append(entries(7))
    opened.store.close()

    assert seen(opened) == ({"mine": 1}, [], 6)
    assert kinds(opened) == ["replaced"]
    assert opened.epoch != old
    assert old in opened.notices[0].message
    again = reopen(tmp_path)
    assert seen(again) == ({"mine": 1}, [7], 7)
    assert kinds(again) == []
    journal = Journal(tmp_path / FILE_NAME)
    try:
        assert [one[0].id for one in journal.epochs()] == [old, opened.epoch]
    finally:
        journal.close()


async def test_an_older_snapshot_of_ours_put_back_is_a_replacement_too(tmp_path: Path) -> None:
    opened = Store.open(tmp_path)
    await opened.store.append(entries(1))
    await opened.store.snapshot({"p": 1}, 1)
    backup = (tmp_path / "nodespace.json").read_bytes()
    await opened.store.append(entries(2))
    await opened.store.snapshot({"p": 2}, 2)
    opened.store.close()
    (tmp_path / "nodespace.json").write_bytes(backup)
    again = reopen(tmp_path)

    assert seen(again) == ({"p": 1}, [], 3)
    assert kinds(again) == ["replaced"]


async def test_a_file_edited_in_place_is_a_replacement_though_it_carries_our_mark(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 3)
    text = (tmp_path / "nodespace.json").read_text()
    (tmp_path / "nodespace.json").write_text(text.replace('"p":2', '"p":99'))
    again = reopen(tmp_path)

    assert seen(again) == ({"p": 99}, [], 4)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b'{"a": 1}trailing', b"null", b"[" * 100_000]
)
async def test_an_unreadable_file_is_set_aside_and_nothing_is_lost(tmp_path: Path, content: bytes) -> None:
    epoch = await graph_at(tmp_path, 2, 5)
    whole = (tmp_path / "nodespace.json").read_bytes()
    (tmp_path / "nodespace.json").write_bytes(content)
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [3, 4, 5], 5)
    assert opened.epoch == epoch
    assert kinds(opened) == ["snapshot_damaged"]
    (aside,) = opened.notices[0].set_aside
    assert aside.read_bytes() == content
    assert aside.name in opened.notices[0].message
    assert (tmp_path / "nodespace.json").read_bytes() == whole
    assert kinds(reopen(tmp_path)) == []


async def test_a_missing_file_is_written_again(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 5)
    (tmp_path / "nodespace.json").unlink()
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [3, 4, 5], 5)
    assert kinds(opened) == ["snapshot_missing"]
    assert kinds(reopen(tmp_path)) == []


async def test_before_the_first_snapshot_there_is_no_file_and_nobody_wonders(tmp_path: Path) -> None:
    await graph_at(tmp_path, None, 3)
    opened = reopen(tmp_path)

    assert seen(opened) == ({}, [1, 2, 3], 3)
    assert kinds(opened) == []


async def test_a_file_without_its_journal_opens_as_saved(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 5)
    (tmp_path / FILE_NAME).unlink()
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [], 2)
    assert kinds(opened) == ["journal_missing"]


def test_an_unreadable_file_of_a_new_worker_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "nodespace.json").write_text("{")
    opened = reopen(tmp_path)

    assert seen(opened) == ({}, [], 0)
    assert kinds(opened) == ["snapshot_damaged"]
    assert kinds(reopen(tmp_path)) == []


def test_numbers_that_json_does_not_have_become_null(tmp_path: Path) -> None:
    (tmp_path / "nodespace.json").write_bytes(b'\xef\xbb\xbf{"max": Infinity, "large": 1e999, "min": 1.5}')
    opened = reopen(tmp_path)

    assert seen(opened) == ({"max": None, "large": None, "min": 1.5}, [], 0)


@pytest.mark.parametrize(
    "content", [b"not a database, not at all" * 100, b"SQLite format 3\0" + b"\xa5" * 5000]
)
async def test_a_journal_that_is_none_is_set_aside_and_the_file_is_used(
    tmp_path: Path, content: bytes
) -> None:
    old = await graph_at(tmp_path, 4, 5)
    (tmp_path / FILE_NAME).write_bytes(content)
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 4}, [], 4)
    assert kinds(opened) == ["journal_damaged"]
    assert opened.epoch != old
    assert opened.notices[0].set_aside[0].read_bytes() == content
    assert "later edits may be missing" in opened.notices[0].message
    again = reopen(tmp_path)
    assert (seen(again), kinds(again), again.epoch) == (seen(opened), [], opened.epoch)


async def test_a_changed_entry_ends_the_tail_before_it(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 8)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE entries SET edits = replace(edits, '6', '7') WHERE revision = 6")
    connection.commit()
    connection.close()
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [3, 4, 5], 5)
    assert kinds(opened) == ["journal_damaged"]
    again = reopen(tmp_path)
    assert (seen(again), kinds(again)) == (seen(opened), [])


async def test_a_missing_entry_ends_the_tail_before_it(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 8)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("DELETE FROM entries WHERE revision = 4")
    connection.commit()
    connection.close()

    assert seen(reopen(tmp_path)) == ({"p": 2}, [3], 3)


async def test_what_led_to_the_snapshot_can_still_be_taken_back_as_far_as_it_is_whole(tmp_path: Path) -> None:
    """Steps before the snapshot are undone as before; how far back it goes is said."""
    await graph_at(tmp_path, 6, 9)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE entries SET inverse = 'x' WHERE revision IN (2, 8)")
    connection.commit()
    connection.close()

    opened = Store.open(tmp_path)
    try:
        assert seen(opened) == ({"p": 6}, [7], 7)
        assert [entry.revision for entry in await opened.store.entries(0)] == [3, 4, 5, 6, 7]
        (line,) = [line for line in await opened.store.lines() if line.is_current]
        assert (line.first, line.last) == (2, 7)
    finally:
        opened.store.close()
    assert "it can be taken back to revision 2" in opened.notices[0].message


async def test_large_values_that_only_the_salvaged_history_names_stay(tmp_path: Path) -> None:
    opened = Store.open(tmp_path)
    large = opened.store.reference("x" * 100_000)
    edits = [SetGraphProperty("p", large), SetGraphProperty("p", 2), SetGraphProperty("p", 3)]
    before = [SetGraphProperty("p", 0), edits[0], edits[1]]
    for n, (edit, inverse) in enumerate(zip(edits, before, strict=True), 1):
        await opened.store.append([Entry(n, "ann", (edit,), (inverse,), float(n))])
    await opened.store.snapshot({"p": 2}, 2)
    opened.store.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE entries SET inverse = 'x' WHERE revision = 3")
    connection.commit()
    connection.close()

    opened = Store.open(tmp_path)
    try:
        await opened.store.snapshot({"p": 2}, 2)
        assert opened.store.content(large["$stored"]) == b'"' + b"x" * 100_000 + b'"'
    finally:
        opened.store.close()


@pytest.mark.parametrize("page", range(1, 12))
async def test_a_destroyed_page_never_gives_a_wrong_graph(tmp_path: Path, page: int) -> None:
    """Whatever page is hit: the store opens, with a run of the true edits after a true snapshot."""
    await graph_at(tmp_path, 3, 60)
    path = tmp_path / FILE_NAME
    if page * 4096 >= path.stat().st_size:
        pytest.skip("the journal has fewer pages")
    damage(path, page * 4096, 4096)
    opened = reopen(tmp_path)

    assert opened.document_saved == {"p": 3}
    assert [entry.revision for entry in opened.tail] == list(range(4, opened.revision + 1))
    assert opened.tail == tuple(entries(*range(4, opened.revision + 1)))
    assert opened.revision == 60 or kinds(opened) == ["journal_damaged"]


async def test_both_damaged_opens_with_the_copy_that_the_journal_still_holds(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 5)
    (tmp_path / "nodespace.json").write_text("{")
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE entries SET checksum = 0 WHERE revision = 5")
    connection.commit()
    connection.close()
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [3, 4], 4)
    assert kinds(opened) == ["snapshot_damaged", "journal_damaged"]
    assert len(list(tmp_path.glob("*.damaged-*"))) == 2


async def test_a_journal_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    await graph_at(tmp_path, 2, 5)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(JournalTooNew, match="newer release"):
        Store.open(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == before


async def test_half_written_files_of_a_dead_writer_go(tmp_path: Path) -> None:
    (tmp_path / ".nodespace.json.0123abcd.tmp~").write_text("{")
    reopen(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "store.lock"]


class PowerCutError(Exception):
    """Stands for the end of the process at one place."""


@pytest.mark.parametrize(
    "place", ["journal:written", "journal:committed", "salvage:built", "salvage:set_aside"]
)
async def test_a_salvage_that_is_cut_off_is_taken_up_again(tmp_path: Path, place: str) -> None:
    await graph_at(tmp_path, 2, 8)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE entries SET checksum = 0 WHERE revision = 7")
    connection.commit()
    connection.close()

    def faults(reached: str) -> None:
        if reached == place:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        Store.open(tmp_path, faults=faults)
    opened = reopen(tmp_path)

    assert seen(opened) == ({"p": 2}, [3, 4, 5, 6], 6)
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1
    assert not list(tmp_path.glob("journal.rebuilt*"))
