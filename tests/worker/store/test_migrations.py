"""Journals of every format that was ever released open with all they hold."""

import sqlite3
from pathlib import Path

import pytest
from funcnodes_core.document.model import Edge
from funcnodes_worker.store.journal import FILE_NAME
from funcnodes_worker.store.migrations import MIGRATIONS
from funcnodes_worker.store.store import Store

from tests.support.random_edits import CLASSES
from tests.support.store_check import document_of

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_a_journal_of_an_older_format_opens_whole(tmp_path: Path, number: int) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.executescript((SAMPLES / f"format-{number}.sql").read_text())
    connection.close()
    (tmp_path / "nodespace.json").write_bytes((SAMPLES / f"format-{number}.nodespace.json").read_bytes())

    opened = Store.open(tmp_path)
    opened.store.close()
    document = document_of(opened, CLASSES)
    assert (opened.revision, opened.notices) == (3, ())
    assert [entry.author for entry in opened.tail] == ["bob", "ann"]
    assert document.nodes["n1"].ports["a"].value == 3
    assert document.edges == (Edge("n1", "sum", "n1", "b"),)

    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()
