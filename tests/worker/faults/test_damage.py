"""Journal or snapshot cut off or overwritten anywhere: what is provably whole is there, and it is said."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from funcnodes_core.document.model import Document
from funcnodes_core.document.refusals import EditRejected
from funcnodes_core.document.serialize import dump
from funcnodes_core.document.transaction import transact
from funcnodes_worker.store.records import Entry
from funcnodes_worker.store.store import Store

from tests.support.random_edits import CLASSES, random_edit
from tests.support.store_check import document_of

EDITS, SNAPSHOT_AT = 150, 90
JOURNAL, WAL, SNAPSHOT = "journal.sqlite3", "journal.sqlite3-wal", "nodespace.json"
SEEDS = 120


@dataclass(frozen=True)
class History:
    """A folder as a killed worker left it, and the saved graph of every revision."""

    folder: Path
    saved: dict[bytes, int]
    """The last revision of each graph there was."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return asyncio.run(made_in(tmp_path_factory))


async def made_in(tmp_path_factory: pytest.TempPathFactory) -> History:
    living, left = tmp_path_factory.mktemp("living"), tmp_path_factory.mktemp("left") / "worker"
    dice = random.Random(7)
    opened = Store.open(living)
    document, saved = Document(), {text_of(Document()): 0}
    for revision in range(1, EDITS + 1):
        while True:
            try:
                step = transact(document, [random_edit(document, dice)])
                break
            except EditRejected:
                continue
        document = step.document
        saved[text_of(document)] = revision
        await opened.store.append([Entry(revision, "me", step.edits, step.inverse, time.time(), "did it")])
        if revision in (SNAPSHOT_AT // 2, SNAPSHOT_AT):
            await opened.store.snapshot(dump(document, CLASSES), revision)
    # As they lie there while the worker lives, its write-ahead log beside them.
    shutil.copytree(living, left, ignore=shutil.ignore_patterns("store.lock"))
    opened.store.close()
    return History(left, saved)


def text_of(document: Document) -> bytes:
    return msgspec.json.encode(dump(document, CLASSES))


def damage(file: Path, dice: random.Random) -> str:
    """Damage a file as disks and people do; return how."""
    size = file.stat().st_size
    place, length = dice.randrange(size), dice.choice((1, 16, 512, 4096, 20_000))
    match dice.choice(("cut off", "noise", "zeros")):
        case "cut off":
            with file.open("r+b") as opened:
                opened.truncate(place)
            return f"{file.name} cut off at {place} of {size}"
        case kind:
            data = dice.randbytes(length) if kind == "noise" else bytes(length)
            with file.open("r+b") as opened:
                opened.seek(place)
                opened.write(data[: size - place])
            return f"{length} bytes of {kind} at {place} of {size} in {file.name}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_whole_is_opened_and_what_is_not_is_set_aside_and_said(
    seed: int, history: History, tmp_path: Path
) -> None:
    folder = tmp_path / "worker"
    shutil.copytree(history.folder, folder)
    dice = random.Random(seed)
    names = dice.sample((JOURNAL, WAL, SNAPSHOT), dice.choice((1, 1, 1, 2, 3)))
    how = [damage(folder / name, dice) for name in names]

    opened = Store.open(folder)
    found = document_of(opened, CLASSES)
    opened.store.close()

    assert text_of(found) in history.saved, f"a graph that never was, after {how}"
    revision = history.saved[text_of(found)]
    if revision < EDITS:
        said = [notice.message for notice in opened.notices]
        assert said, f"revision {revision} instead of {EDITS}, and not a word, after {how}"
        kept = [file for notice in opened.notices for file in notice.set_aside]
        assert all(file.exists() for file in kept)

    again = Store.open(folder)
    assert text_of(document_of(again, CLASSES)) == text_of(found), "it opens the same a second time"
    assert again.notices == (), "and has nothing more to say"
    again.store.close()
