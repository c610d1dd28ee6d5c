"""Modules that lie on this machine as source folders: what they are, read without running anything of them.

Owns the reading of their `pyproject.toml`. They are linked into an environment, not copied (`manifest`), so
that who works on one sees each change (the worker's `runtime/workshop`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from packaging.utils import InvalidName, canonicalize_name

from funcnodes.environment.errors import BadRequest

GROUP = "funcnodes.module"


class LocalModule(msgspec.Struct, frozen=True):
    """A source folder with a `pyproject.toml`."""

    name: str
    path: Path
    version: str = ""
    """Empty where the build computes it."""
    description: str = ""
    entry_points: dict[str, str] = {}


def is_path(package: str) -> bool:
    """Tell whether what somebody wants installed is a place on this machine and no package's name."""
    return "/" in package or "\\" in package


def read_local(place: str) -> LocalModule:
    """Return the module in this folder; refuse what is none."""
    if "://" in place:
        raise BadRequest(
            place,
            "is an address; packages come from the index, by name, or from a folder of this machine: "
            "fetch it there, then link the folder",
        )
    folder = Path(place)
    if not folder.is_absolute():
        raise BadRequest(place, "is not a whole path: the manager may have started in another folder")
    try:
        return _read(folder)
    except FileNotFoundError:
        raise BadRequest(place, "holds no pyproject.toml, so it is no package") from None
    except (OSError, ValueError, KeyError, InvalidName) as problem:
        raise BadRequest(place, f"has a pyproject.toml that cannot be used: {problem}") from problem


def find_local(places: Iterable[str]) -> tuple[LocalModule, ...]:
    """Return the modules in these folders, each itself one or a folder of several; the rest is left out."""
    found: dict[str, LocalModule] = {}
    for place in map(Path, places):
        inside = sorted(place.iterdir()) if place.is_dir() and not (place / "pyproject.toml").exists() else []
        for folder in inside or [place]:
            try:
                module = read_local(str(folder))
            except BadRequest:
                continue
            found.setdefault(module.name, module)
    return tuple(found[name] for name in sorted(found))


def local_paths(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders of modules that a config.json names under `modules.paths`."""
    section = cast("object", config.get("modules"))
    named = cast("dict[str, object]", section).get("paths") if isinstance(section, dict) else None
    return tuple(str(place) for place in cast("list[object]", named)) if isinstance(named, list) else ()


def _read(folder: Path) -> LocalModule:
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    said = cast("dict[str, Any]", tomllib.loads(text)["project"])
    points = cast("dict[str, dict[str, str]]", said.get("entry-points", {})).get(GROUP, {})
    return LocalModule(
        name=str(canonicalize_name(str(said["name"]), validate=True)),
        path=folder.resolve(),
        version=str(said.get("version", "")),
        description=str(said.get("description", "")),
        entry_points={str(key): str(value) for key, value in points.items()},
    )
