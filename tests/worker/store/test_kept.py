"""A cache that never lies: what is not exactly as it was written here is not there."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from funcnodes_worker.store.kept import FILE_NAME, KeptOutput, KeptRecord, KeptStore

KEY = b"k" * 32


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record(node: str, data: bytes) -> KeptRecord:
    return KeptRecord(node, "code", {"x": "json:1"}, {"out": KeptOutput("bytes", hash_of(data))})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeptStore]:
    made = KeptStore(tmp_path, KEY)
    yield made
    made.close()


def put(store: KeptStore, node: str, data: bytes) -> None:
    store.put([record(node, data)], {hash_of(data): data})


def reopened(folder: Path, key: bytes = KEY) -> tuple[dict[str, KeptRecord], bytes | None]:
    again = KeptStore(folder, key)
    try:
        return again.records(), again.content(hash_of(b"one"))
    finally:
        again.close()


def change(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_nothing_is_made_before_it_is_needed(tmp_path: Path, store: KeptStore) -> None:
    assert store.records() == {}
    store.forget(["a"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_no_more_is_given_back_to_the_disk(tmp_path: Path, store: KeptStore) -> None:
    for number in range(20):
        put(store, f"n{number}", bytes([number]) * 100_000)
    store.forget(f"n{number}" for number in range(1, 20))
    store.close()
    assert (tmp_path / FILE_NAME).stat().st_size < 200_000
    assert reopened(tmp_path)[0].keys() == {"n0"}


def test_what_was_kept_is_there_again(tmp_path: Path, store: KeptStore) -> None:
    put(store, "a", b"one")
    store.close()
    assert reopened(tmp_path) == ({"a": record("a", b"one")}, b"one")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_the_newest_of_a_node_counts_and_what_nobody_names_goes(tmp_path: Path, store: KeptStore) -> None:
    put(store, "a", b"one")
    put(store, "a", b"two")
    assert store.records() == {"a": record("a", b"two")}
    assert store.content(hash_of(b"one")) is None
    store.forget(["a"])
    assert store.records() == {}
    assert store.content(hash_of(b"two")) is None


def test_one_content_of_two_nodes_stays_for_the_other(store: KeptStore) -> None:
    put(store, "a", b"one")
    put(store, "b", b"one")
    store.forget(["a"])
    assert store.content(hash_of(b"one")) == b"one"


def test_the_oldest_goes_when_it_is_too_much(tmp_path: Path) -> None:
    store = KeptStore(tmp_path, KEY, max_bytes=2500)
    for node in "abc":
        put(store, node, node.encode() * 1000)
    put(store, "b", b"B" * 1000)
    assert set(store.records()) == {"b", "c"}
    put(store, "d", b"d" * 1000)
    assert set(store.records()) == {"b", "d"}
    store.close()


@pytest.mark.parametrize("content", [b"", b"\xa5" * 20_000, b"SQLite format 3\0" + b"\0" * 5000])
def test_a_damaged_file_is_thrown_away_and_keeping_goes_on(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    store = KeptStore(tmp_path, KEY)
    assert store.records() == {}
    put(store, "a", b"one")
    store.close()
    assert reopened(tmp_path) == ({"a": record("a", b"one")}, b"one")


def test_a_flipped_content_is_not_there(tmp_path: Path, store: KeptStore) -> None:
    put(store, "a", b"one")
    store.close()
    change(tmp_path, "UPDATE contents SET data = ?", b"oNe")
    assert reopened(tmp_path)[1] is None


def test_a_record_that_was_changed_or_made_elsewhere_is_not_there(tmp_path: Path, store: KeptStore) -> None:
    put(store, "a", b"one")
    store.close()
    assert reopened(tmp_path, b"another key, another base folder")[0] == {}
    change(tmp_path, "UPDATE nodes SET record = replace(record, 'code', 'c0de')")
    assert reopened(tmp_path)[0] == {}


def test_a_newer_format_is_replaced(tmp_path: Path, store: KeptStore) -> None:
    put(store, "a", b"one")
    store.close()
    change(tmp_path, "PRAGMA user_version = 9")
    assert reopened(tmp_path)[0] == {}


def test_who_closes_it_waits_for_who_reads(
    tmp_path: Path, store: KeptStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may be stopped while its graph is built; a database closed under its reader crashes him."""
    for name in "abc":
        put(store, name, b"one")
    store.close()
    reading, may_go_on, seal = threading.Event(), threading.Event(), KeptStore._seal

    def held(self: KeptStore, text: bytes) -> bytes:
        reading.set()
        assert may_go_on.wait(20)
        return seal(self, text)

    again = KeptStore(tmp_path, KEY)
    monkeypatch.setattr(KeptStore, "_seal", held)
    with ThreadPoolExecutor(2) as pool:
        found = pool.submit(again.records)
        assert reading.wait(20)
        closing = pool.submit(again.close)
        assert wait([closing], 0.2).done == set()
        may_go_on.set()
        assert set(found.result(20)) == set("abc")
        closing.result(20)
    assert again.records() == {}
    assert again.content(hash_of(b"one")) is None
    put(again, "d", b"one")
    monkeypatch.undo()
    assert set(reopened(tmp_path)[0]) == set("abc")
