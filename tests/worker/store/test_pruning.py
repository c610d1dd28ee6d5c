"""Old history goes, oldest first; what is after the snapshot, and all that can still be reached, is whole."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.document.edits import SetGraphProperty
from funcnodes_core.document.model import Document
from funcnodes_core.document.serialize import dump
from funcnodes_core.document.transaction import transact
from funcnodes_worker.rpc.errors import NotFound
from funcnodes_worker.runtime.history import Historian
from funcnodes_worker.runtime.writer import Writer
from funcnodes_worker.store import store as store_module
from funcnodes_worker.store.contents import hashes_in
from funcnodes_worker.store.journal import FILE_NAME
from funcnodes_worker.store.records import Entry
from funcnodes_worker.store.store import Opened, Store
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.store_check import document_of


class Life:
    """One worker's folder over several lives, and every graph it ever had."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.graphs: dict[tuple[str, int], Any] = {}
        self.open()

    def open(self) -> None:
        self.opened: Opened = Store.open(self.folder)
        self.store, self.revision = self.opened.store, self.opened.revision
        self.document = document_of(self.opened, {})
        self.remember()

    def remember(self) -> None:
        self.graphs[self.store.epoch, self.revision] = dict(self.document.properties)

    async def edit(self, dice: random.Random) -> None:
        size = dice.choice([1, 10, 10, 100_000])
        # As a worker: a value above 64 KiB stands as a reference.
        value = self.store.reference("x" * size + str(next(_COUNT)))
        done = transact(self.document, [SetGraphProperty(dice.choice("pq"), value)])
        self.revision, self.document = self.revision + 1, done.document
        await self.store.append([Entry(self.revision, "ann", done.edits, done.inverse, 1.0, "set")])
        self.remember()

    async def snapshot(self) -> None:
        await self.store.snapshot(dump(self.document, {}), self.revision)

    def restart(self, replaced: bool) -> None:
        self.store.close()
        if replaced:
            file = self.folder / "nodespace.json"
            file.write_text(json.dumps({"backend": {"prop": {"p": f"mine {next(_COUNT)}"}}}))
        self.open()

    async def check(self, max_steps: int) -> None:
        """Every revision that is said to be kept is restored as it was; the others are refused."""
        lines = await self.store.lines()
        assert [line.epoch for line in lines][-1] == self.store.epoch
        assert sum(line.last - line.first for line in lines[:-1]) <= max_steps
        historian = Historian(
            self.store, Writer(self.document, self.revision, _Nowhere(), lambda _: None), dict, hashes_in
        )
        for line in lines:
            for revision in range(line.first, line.last + 1):
                found = await historian.document_at(revision, line.epoch)
                assert dict(found.properties) == self.graphs[line.epoch, revision]
                for reference in hashes_in(json.dumps(found.properties, separators=(",", ":")).encode()):
                    assert self.store.content(reference)
            if line.first > 0:
                with pytest.raises(NotFound, match="does not reach"):
                    await historian.document_at(line.first - 1, line.epoch)
        kept = {line.epoch for line in lines}
        for epoch in {epoch for epoch, _ in self.graphs} - kept:
            with pytest.raises(NotFound, match="no epoch"):
                await historian.document_at(1, epoch)


_COUNT = itertools.count()


class _Nowhere:
    async def keep(self, entries: Any, written: Any) -> None:
        raise AssertionError("nothing is written here")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30), st.sampled_from([0, 300, 250_000, 10**9]))
def test_history_in_its_limits_loses_nothing_that_it_says_it_has(
    seed: int, max_steps: int, max_bytes: int
) -> None:
    asyncio.run(live(random.Random(seed), max_steps, max_bytes))


async def live(dice: random.Random, max_steps: int, max_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "MAX_STEPS", max_steps)
        patch.setattr(store_module, "MAX_BYTES", max_bytes)
        life = Life(Path(name))
        try:
            for _ in range(dice.randint(1, 40)):
                match dice.randint(0, 9):
                    case 0:
                        await life.snapshot()
                    case 1:
                        life.restart(replaced=dice.randint(0, 1) == 0)
                    case _:
                        await life.edit(dice)
            before = life.document
            life.restart(replaced=False)
            assert life.document == before, "nothing after the snapshot is ever dropped"
            await life.snapshot()
            await life.check(max_steps)
        finally:
            life.store.close()


async def test_what_history_drops_is_given_back_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file kept its greatest size for ever: one page was given back, whatever had been dropped."""
    monkeypatch.setattr(store_module, "MAX_STEPS", 10)
    life, dice = Life(tmp_path), random.Random(1)
    try:
        for number in range(30):
            value = life.store.reference(f"{number}" * 50_000)
            done = transact(life.document, [SetGraphProperty("p", value)])
            life.revision, life.document = life.revision + 1, done.document
            await life.store.append([Entry(life.revision, "ann", done.edits, done.inverse, 1.0, "set")])
        before = pages(tmp_path)
        await life.snapshot()
        assert pages(tmp_path) < before / 2
        await life.edit(dice)
    finally:
        life.store.close()
    assert (tmp_path / FILE_NAME).stat().st_size < 1_500_000


def pages(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return connection.execute("PRAGMA page_count").fetchone()[0]


async def test_a_large_value_of_a_refused_edit_is_forgotten(tmp_path: Path) -> None:
    """It was held for as long as the worker ran."""
    opened = Store.open(tmp_path)
    store = opened.store
    try:
        reference = store.reference("x" * 100_000)
        again = store.reference("x" * 100_000)
        assert reference == again
        store.release(reference)
        (identity,) = hashes_in(json.dumps(reference, separators=(",", ":")).encode())
        assert store.content(identity)
        store.release(again)
        with pytest.raises(KeyError):
            store.content(identity)
        store.release(again)
        store.release("no reference")
    finally:
        store.close()


async def test_a_large_value_on_its_way_is_written_although_another_edit_with_it_was_refused(
    tmp_path: Path,
) -> None:
    opened = Store.open(tmp_path)
    store = opened.store
    try:
        reference = store.reference("x" * 100_000)
        store.release(store.reference("x" * 100_000))
        done = transact(Document(), [SetGraphProperty("p", reference)])
        await store.append([Entry(1, "ann", done.edits, done.inverse, 1.0)])
        (identity,) = hashes_in(json.dumps(reference, separators=(",", ":")).encode())
        assert len(store.content(identity)) == 100_002
    finally:
        store.close()
