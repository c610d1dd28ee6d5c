"""What people call a node of a worker, read from its folder: the worker itself may be dead or deaf.

Owns looking it up, in the saved graph and in what the journal has newer than that. Only reads, and never
fails: a node without a name that can be found is called by its id. Blocking.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

import msgspec
from funcnodes_worker.home.worker_home import WorkerHome

_NEWEST = 500
"""Entries of the journal that are looked at: a snapshot is a second of quiet behind it, or a little more."""
_SHORT = 8
_WAIT_S = 0.2


class _Node(msgspec.Struct):
    """What a node is called, in the saved graph as well as in an edit."""

    id: str
    name: str | None = None
    node_name: str | None = None
    node_id: str | None = None
    class_name: str | None = None
    class_id: str | None = None

    @property
    def title(self) -> str:
        """What the canvas shows."""
        kind = self.node_name or self.class_name or self.node_id or self.class_id or ""
        return kind if not self.name or self.name == f"{kind}({self.id})" else self.name


class _Graph(msgspec.Struct):
    nodes: list[_Node] = []


class _Saved(msgspec.Struct):
    backend: _Graph = msgspec.field(default_factory=_Graph)


_saved = msgspec.json.Decoder(_Saved)


def name_of(home: WorkerHome, node: str, at_most: int = 64 << 20) -> str:
    """Return the name of a node, with a part of its id where others have the same one; "" when it has none.

    `at_most`: a saved graph of more bytes is not read.
    """
    titles = {found.id: found.title for found in _in_snapshot(home.nodespace_file, at_most)}
    titles |= _in_journal(home.journal_file, node)
    # A marker holds so much of an id, and no more.
    whole = node if node in titles else next((each for each in titles if each.startswith(node)), node)
    title = titles.get(whole, "")
    is_shared = any(other == title for each, other in titles.items() if each != whole)
    return f"{title} ({node[:_SHORT]})" if title and is_shared else title


def _in_snapshot(file: Path, at_most: int) -> list[_Node]:
    try:
        if file.stat().st_size > at_most:
            return []
        return _saved.decode(file.read_bytes()).backend.nodes
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return []


def _in_journal(file: Path, node: str) -> dict[str, str]:
    """Return what the newest entries call the node that they name; the last word counts."""
    named: dict[str, _Node] = {}
    for entry in _entries(file):
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            for edit in cast("list[dict[str, Any]]", msgspec.json.decode(entry)):
                _take(edit, node, named)
    return {each: found.title for each, found in named.items() if found.title}


def _take(edit: dict[str, Any], node: str, named: dict[str, _Node]) -> None:
    match edit:
        case {"kind": "add_node", "node": {"id": str() as added}} if added.startswith(node):
            named[added] = msgspec.convert(edit["node"], _Node)
        case {"kind": "rename_node", "node": str() as renamed} if renamed.startswith(node):
            named.setdefault(renamed, _Node(renamed)).name = edit.get("name")
        case _:
            pass


def _entries(file: Path) -> list[bytes]:
    # No other part of a manager needs it unless a worker is cloned.
    import sqlite3

    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)
        ) as journal:
            newest = journal.execute(
                "SELECT edits FROM entries ORDER BY epoch DESC, revision DESC LIMIT ?", (_NEWEST,)
            )
            return [bytes(edits) for (edits,) in newest][::-1]
    except (sqlite3.Error, OSError, TypeError):
        return []
