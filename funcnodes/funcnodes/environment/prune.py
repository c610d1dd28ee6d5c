"""Builds of ours that no worker's lock names any more: removed, with the locks kept for them.

Owns which are in use. An installed environment needs no build; only resolving and rebuilding do. Blocking.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import find_workers

_BUILD = re.compile(r"[/\\]build[/\\]+([0-9a-f]{16})[/\\]")


def prune_builds(base: Base, current: str) -> list[str]:
    """Remove the builds that neither a worker nor this manager (`current`) uses; return their names."""
    folder = base.cache / "build"
    there = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set[str]()
    if there <= {current}:
        return []
    unused = sorted(there - {current} - _named(base))
    for name in unused:
        # First the locks that lead to it: one without its build would be taken for a good one.
        for lock in (base.cache / "locks").glob("*/uv.lock"):
            if name in _builds_in(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)
        shutil.rmtree(folder / name, ignore_errors=True)
    return unused


def _named(base: Base) -> set[str]:
    return {name for home in find_workers(base) for file in _files(home.folder) for name in _builds_in(file)}


def _files(folder: Path) -> Iterator[Path]:
    yield folder / "pyproject.toml"
    yield folder / "uv.lock"
    # What is decided, what can still come back, and what is being planned just now.
    yield from (folder / "environments").glob("*.json")
    yield from (folder / "environments" / "planning").glob("*")


def _builds_in(file: Path) -> set[str]:
    try:
        return set(_BUILD.findall(file.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return set()
