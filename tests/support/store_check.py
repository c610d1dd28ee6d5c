"""Whether what lies on disk is the graph in memory: snapshot and journal loaded afresh, as after a crash."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.model import Classes, Document
from funcnodes_core.document.serialize import dump, load
from funcnodes_worker.store import journal, snapshot
from funcnodes_worker.store.store import Opened, Store


def assert_disk_equals(document: Document, folder: Path, classes: Classes) -> None:
    """Fail unless a worker that started now from this folder would have exactly this document.

    The folder may be in use by a live store, in this or another process; it is not touched. Call it when the
    store is at rest (nothing submitted, no snapshot on its way). Documents are compared as they are saved:
    what merely repeats the class may be left out on disk.
    """
    with opened_copy(folder) as opened:
        found = document_of(opened, classes)
    # As text, since 1, 1.0 and true are different values to a node.
    assert json.dumps(dump(found, classes), indent=1) == json.dumps(dump(document, classes), indent=1)


def document_of(opened: Opened, classes: Classes) -> Document:
    """Return the document a worker has after its start."""
    edits = [edit for entry in opened.tail for edit in entry.edits]
    return apply_all(load(opened.document_saved, classes), edits)


@contextlib.contextmanager
def opened_copy(folder: Path) -> Iterator[Opened]:
    """Open a copy of a store's folder as it is on disk now."""
    with tempfile.TemporaryDirectory(prefix="store-check-") as name:
        copy = Path(name)
        source = folder / journal.FILE_NAME
        if source.exists():
            # Through SQLite: opening and closing the file by hand in the process that holds it would drop
            # the locks that SQLite has on it.
            with (
                contextlib.closing(sqlite3.connect(source)) as live,
                contextlib.closing(sqlite3.connect(copy / journal.FILE_NAME)) as target,
            ):
                live.backup(target)
        if (folder / snapshot.FILE_NAME).exists():
            shutil.copyfile(folder / snapshot.FILE_NAME, copy / snapshot.FILE_NAME)
        opened = Store.open(copy)
        try:
            yield opened
        finally:
            opened.store.close()
