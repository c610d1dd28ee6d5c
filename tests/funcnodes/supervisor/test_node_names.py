"""What people call a node, found in the folder of a worker that can no longer be asked."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from funcnodes.supervisor.node_names import name_of
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

LONG = "0123456789abcdef" * 4


def home_with(folder: Path, *nodes: dict[str, object]) -> WorkerHome:
    home = WorkerHome(Base(folder / "base"), "lab")
    home.folder.mkdir(parents=True)
    home.nodespace_file.write_text(json.dumps({"backend": {"nodes": nodes, "edges": []}, "meta": {}}))
    return home


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("n1", "Blur"),
        ("n2", "My blur"),
        ("n3", "Twin (n3)"),
        ("n4", "Twin (n4)"),
        ("n5", "lab.bare"),
        (LONG[:47], "Long"),
        ("nobody", ""),
    ],
)
def test_a_node_is_called_as_the_canvas_calls_it(node: str, name: str, tmp_path: Path) -> None:
    """By its own name, else its class's; where two are called the same, with its id."""
    home = home_with(
        tmp_path,
        {"id": "n1", "name": "Blur(n1)", "node_id": "lab.blur", "node_name": "Blur"},
        {"id": "n2", "name": "My blur", "node_id": "lab.blur", "node_name": "Blur"},
        {"id": "n3", "name": "Twin", "node_id": "lab.blur"},
        {"id": "n4", "node_id": "lab.twin", "node_name": "Twin"},
        {"id": "n5", "node_id": "lab.bare"},
        {"id": LONG, "name": "Long"},
    )
    assert name_of(home, node) == name


@pytest.mark.parametrize("text", ["", "{", "[]", '{"backend": {"nodes": [{"id": 5}]}}'])
def test_a_graph_that_cannot_be_read_names_nobody(text: str, tmp_path: Path) -> None:
    """Nor does a journal that is none, or a graph too large to be read now."""
    home = home_with(tmp_path, {"id": "n1", "name": "Blur"})
    assert name_of(home, "n1", at_most=10) == ""
    home.nodespace_file.write_text(text)
    (home.folder / "journal.sqlite3").write_text("no database")
    assert name_of(home, "n1") == ""


def test_the_journal_knows_what_is_not_in_the_saved_graph_yet(tmp_path: Path) -> None:
    """The newest word counts, whoever has said more before."""
    home = home_with(tmp_path, {"id": "n1", "name": "Blur"}, {"id": "n2", "name": "Other"})
    entries = [
        [
            {
                "kind": "add_node",
                "node": {"id": "n3", "class_id": "lab.new", "class_name": "New", "name": "New(n3)"},
            }
        ],
        [{"kind": "set_value", "node": "n1", "port": "a", "value": 1}],
        [{"kind": "rename_node", "node": "n1", "name": "First"}],
        [{"kind": "rename_node", "node": "n1", "name": "Last"}],
    ]
    with contextlib.closing(sqlite3.connect(home.folder / "journal.sqlite3")) as journal, journal:
        journal.execute("CREATE TABLE entries (epoch INTEGER, revision INTEGER, edits BLOB NOT NULL)")
        rows = [(1, number, json.dumps(entry).encode()) for number, entry in enumerate(entries)]
        journal.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)

    assert [name_of(home, node) for node in ("n1", "n2", "n3")] == ["Last", "Other", "New"]
