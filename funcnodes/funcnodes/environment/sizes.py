"""How much there is to download: the sizes that a lock names. Pure but for files that lie on this machine.

Owns the choice of the file that would be fetched. What a lock does not know stays unknown.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

_PYTHON = re.compile(r"==(\d+)\.(\d+)\.\*")


def download_sizes(lock: str, names: Iterable[str]) -> dict[str, int]:
    """Return the bytes to fetch for these packages, where the lock knows them."""
    document: dict[str, Any] = tomllib.loads(lock)
    wanted = set(names)
    ranks = _ranks(str(document.get("requires-python", "")))
    sizes: dict[str, int] = {}
    for entry in cast("list[dict[str, Any]]", document.get("package", [])):
        if entry.get("name") in wanted and (size := _size(entry, ranks)) is not None:
            sizes[str(entry["name"])] = size
    return sizes


def _size(entry: Mapping[str, Any], ranks: Mapping[Tag, int]) -> int | None:
    if "path" in entry.get("source", {}):
        return 0  # A file of this machine.
    wheels = cast("list[dict[str, Any]]", entry.get("wheels", []))
    fitting = [(rank, wheel) for wheel in wheels if (rank := _rank(wheel, ranks)) is not None]
    if fitting:
        return _known(min(fitting, key=lambda one: one[0])[1])
    source = entry.get("sdist")
    return _known(cast("dict[str, Any]", source)) if isinstance(source, dict) else None


def _known(file: Mapping[str, Any]) -> int | None:
    if "path" in file:
        with contextlib.suppress(OSError):
            return Path(str(file["path"])).stat().st_size
    size = file.get("size")
    return size if isinstance(size, int) else None


def _rank(wheel: Mapping[str, Any], ranks: Mapping[Tag, int]) -> int | None:
    place = str(wheel.get("filename") or wheel.get("url") or wheel.get("path") or "")
    try:
        tags = parse_wheel_filename(place.rpartition("/")[2])[3]
    except (InvalidWheelFilename, ValueError):
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)


def _ranks(requires: str) -> dict[Tag, int]:
    found = _PYTHON.search(requires)
    version = None if found is None else (int(found[1]), int(found[2]))
    interpreter = None if version is None else f"cp{version[0]}{version[1]}"
    tags = [*cpython_tags(version), *compatible_tags(version, interpreter)]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
