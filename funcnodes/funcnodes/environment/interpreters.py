"""Which Pythons are on this machine: for workers that are to run with another one than their manager.

Owns the finding. Nothing is ever downloaded.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from funcnodes.environment.errors import PythonNotFound
from funcnodes.environment.manifest import OLDEST
from funcnodes.environment.programs import run_lines

_VERSION = re.compile(r"3\.(\d{1,3})")
_PROGRAM = re.compile(r"python3\.(\d+)(\.exe)?")


class Python(msgspec.Struct, frozen=True):
    """An interpreter of this machine."""

    version: str
    """As far as it is known without running it: `3.12.1`, or `3.12`."""
    path: str

    @property
    def minor(self) -> str:
        """Its language version, like `3.12`."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        return f"{self.version} ({self.path})"


OWN = Python(".".join(map(str, sys.version_info[:3])), sys.executable)
"""The manager's own."""


def choose(version: str, found: Iterable[Python]) -> Python:
    """Return the interpreter for this language version; the manager's own where it fits."""
    fitting = [python for python in (OWN, *found) if python.minor == version]
    if not fitting:
        raise PythonNotFound(version, [str(python) for python in found])
    return fitting[0]


async def find_pythons(uv: str | None, environment: Mapping[str, str]) -> tuple[Python, ...]:
    """Return the Pythons of this machine that a worker can run with, the manager's own first."""
    path = os.pathsep.join([environment.get("PATH", ""), *map(str, _of_pyenv(environment))])
    seen = _listed(await _ask_uv(uv, {**environment, "PATH": path})) if uv else _on(path)
    usable: dict[str, Python] = {OWN.minor: OWN}
    for python in seen:
        if _is_usable(python):
            usable.setdefault(python.minor, python)
    return tuple(usable.values())


def _is_usable(python: Python) -> bool:
    found = _VERSION.fullmatch(python.minor)
    return found is not None and int(found[1]) >= OLDEST


def _of_pyenv(environment: Mapping[str, str]) -> list[Path]:
    # Its programs on the PATH are scripts that only run the version chosen for a folder.
    root = environment.get("PYENV_ROOT")
    versions = (Path(root) if root else Path.home() / ".pyenv") / "versions"
    return sorted(versions.glob("*/bin"))


async def _ask_uv(uv: str, environment: Mapping[str, str]) -> str:
    lines: list[str] = []
    command = [uv, "python", "list", "--only-installed", "--no-python-downloads", "--output-format", "json"]
    # What uv could not ask is told before the list; it is not there for a worker either.
    await run_lines(command, {**environment, "NO_COLOR": "1"}, lines.append)
    return next((line for line in lines if line.startswith("[{")), "[]")


def _listed(text: str) -> list[Python]:
    entries: list[dict[str, Any]] = msgspec.json.decode(text)
    return [
        Python(str(entry["version"]), str(entry["path"]))
        for entry in entries
        if entry.get("implementation") == "cpython"
        and entry.get("path")
        and entry.get("variant") == "default"
    ]


def _on(path: str) -> list[Python]:
    found: list[Python] = []
    for folder in map(Path, filter(None, path.split(os.pathsep))):
        for file in sorted(folder.glob("python3.*")):
            named = _PROGRAM.fullmatch(file.name)
            # Not the scripts of pyenv: they run whatever is chosen for the folder they are called in.
            if named and folder.name != "shims" and os.access(file, os.X_OK):
                found.append(Python(f"3.{named[1]}", str(file)))
    return found
