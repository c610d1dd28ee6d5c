"""What code a node is made of, as a hash: of the whole package that its function comes from.

Owns the answer "is this the code that computed it". A package whose files changed after this process began
may have been imported before that: its code is unknown, and nothing of it is kept.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_FILES = 500


class Codes:
    """The hashes of packages, each found once."""

    def __init__(self, since: float) -> None:
        """`since`: what was changed later may not be what was imported."""
        self._since = since
        self._known: dict[str, str | None] = {}

    def of(self, node_class: Any) -> str | None:
        """Return the hash of a node class's code, or None when it cannot be told."""
        function = getattr(node_class.run_plan, "function", None)
        modules = {node_class.__module__, getattr(function, "__module__", node_class.__module__)}
        found = [self._package(str(module).partition(".")[0]) for module in sorted(map(str, modules))]
        if any(one is None for one in found):
            return None
        return hashlib.sha256("\0".join([node_class.node_id, *map(str, found)]).encode()).hexdigest()

    def _package(self, name: str) -> str | None:
        if name not in self._known:
            self._known[name] = self._hash(name)
        return self._known[name]

    def _hash(self, name: str) -> str | None:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py"):
            return None
        found = hashlib.sha256(name.encode())
        try:
            for number, path in enumerate(_sources(Path(file))):
                stat = path.stat()
                if stat.st_mtime > self._since:
                    return None
                # A package with more files than this is told by their sizes and times: reading all of them
                # would cost more than it is worth.
                said = (
                    path.read_bytes() if number < MAX_FILES else f"{stat.st_size} {stat.st_mtime_ns}".encode()
                )
                found.update(f"\0{path.name}\0{len(said)}\0".encode() + said)
        except OSError:
            return None
        return found.hexdigest()


def _sources(file: Path) -> Iterator[Path]:
    if file.name != "__init__.py":
        yield file
        return
    for root, folders, names in os.walk(file.parent):
        folders.sort()
        yield from (Path(root) / name for name in sorted(names) if name.endswith(".py"))
