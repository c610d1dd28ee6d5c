"""The published list of modules, as the manager last fetched it: what could be installed.

Owns reading the copy on disk in the form clients are told. Who fetches it is the manager; a worker asks no
network.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from funcnodes_worker.runtime.library_loader import normalized


def read_list(file: Path, but: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the modules of the list that are not among `but`; none while there is no list."""
    try:
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    except (OSError, ValueError, csv.Error):
        return []
    known = {normalized(name) for name in but}
    cells = ({key: value for key, value in row.items() if isinstance(value, str)} for row in rows)
    named = ((normalized(row.get("package_name", "").strip()), row) for row in cells)
    return [_shown(name, row) for name, row in named if name and name not in known]


def _shown(name: str, row: dict[str, str]) -> dict[str, Any]:
    # Line breaks stand in the list as the two characters \n.
    said = (row.get("description") or row.get("summary") or "").replace("\\n", "\n")
    releases = [part.strip() for part in row.get("releases", "").split(",")]
    return {
        "name": name,
        "description": said,
        "version": row.get("version", "").strip(),
        "homepage": row.get("homepage", "").strip(),
        "source": row.get("source", "").strip(),
        "releases": [part for part in releases if part],
    }
