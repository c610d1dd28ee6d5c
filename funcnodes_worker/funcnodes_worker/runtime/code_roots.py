"""What an import name stands for: files somebody works on, or a package that only an installation changes.

Owns how each is told: sources by their content, with the names they import in turn; what is installed by the
versions of its distribution and of what that requires. Nothing is imported to find out, and of what is
installed nothing is read but its metadata.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from funcnodes_worker.runtime.library_loader import Module, normalized

MAX_FILES = 500
"""Files of a package that are read. More are told by their sizes and times: reading them would cost much."""
FRAMEWORK = frozenset({"funcnodes", "funcnodes_core", "funcnodes_worker", "funcnodes_react_flow"})
"""What runs a node's function and computes nothing itself: told by its version, also in development."""

_IMPORT = re.compile(
    rb"""(?:^|[:;])[ \t]*(?:from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import\b|import[ \t]+([A-Za-z_][^#;]*))"""
    rb"""|\b(?:import_module|__import__)\([ \t]*["']([A-Za-z_]\w*)"""
)
_REQUIRED = re.compile(r"[A-Za-z0-9._-]+")
_NO_SOURCES = frozenset({"__pycache__", "node_modules"})
_COMPILED = tuple(EXTENSION_SUFFIXES)


class Root(msgspec.Struct, frozen=True):
    """The code behind an import name."""

    said: str
    """Another text when it is other code."""
    imports: frozenset[str] = frozenset()
    """The names it imports, as far as they may be somebody's sources, too."""


def site_folders() -> tuple[Path, ...]:
    """Return where installations go in this environment."""
    named = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        named.add(site.getusersitepackages())
    return tuple({path for name in named for path in (Path(name), Path(name).resolve())})


class Roots:
    """The code behind import names."""

    def __init__(self, since: float, scripts: Path | None, installed: Iterable[Path]) -> None:
        """`since`: sources that changed later are not known. `scripts` count all together."""
        self._since, self._scripts, self._installed = since, scripts, tuple(installed)

    def of(self, name: str, *, is_own: bool = False) -> Root | None:
        """Return the code behind a name; None when it cannot be told. One's own counts by its content."""
        if name in FRAMEWORK and not is_own:
            return Root(_version_of(name) or "?")
        places = _places(name)
        if not places:
            # Not there, so that an `except ImportError` decides: it counts when it comes.
            return None if is_own else Root("absent")
        if not is_own and all(self._is_installed(place) for place in places):
            return _installed_root(name, places)
        if self._scripts is not None and any(place.is_relative_to(self._scripts) for place in places):
            places = [self._scripts]
        return self._sources(name, places)

    def _is_installed(self, place: Path) -> bool:
        return any(place.is_relative_to(folder) for folder in self._installed)

    def _sources(self, name: str, places: Iterable[Path]) -> Root | None:
        found, imports, number = hashlib.sha256(), set[str](), 0
        try:
            for root in places:
                for path in _files(root):
                    stat, number = path.stat(), number + 1
                    # It may have been imported before that.
                    if stat.st_mtime > self._since:
                        return None
                    if number <= MAX_FILES and path.suffix == ".py":
                        said = path.read_bytes()
                        imports |= _imported(said)
                    else:
                        said = f"{stat.st_size} {stat.st_mtime_ns}".encode()
                    found.update(
                        f"\0{path.relative_to(root.parent).as_posix()}\0{len(said)}\0".encode() + said
                    )
        except OSError:
            return None
        if not number:
            return None
        return Root(found.hexdigest(), frozenset(imports) - {name})


def _places(name: str) -> list[Path]:
    """Return the folders of a package, or the file of a module; found without importing it."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None:
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(name)
    if spec is None:
        file = getattr(sys.modules.get(name), "__file__", None)
        return [Path(file)] if isinstance(file, str) else []
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.has_location and spec.origin is not None else []


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NO_SOURCES and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith((".py", *_COMPILED)))


def _imported(source: bytes) -> set[str]:
    """Return the names that a source imports. A text that looks like an import does no harm."""
    names: set[str] = set()
    for line in source.replace(b"\\\n", b" ").splitlines():
        # Line by line: looking for the whole of it everywhere takes twenty times as long.
        for whence, what, called in _IMPORT.findall(line) if b"import" in line else ():
            for part in what.split(b",") if what else (whence or called,):
                name = part.split(b" as ")[0].strip().partition(b".")[0].decode(errors="replace")
                if name.isidentifier() and name not in sys.stdlib_module_names:
                    names.add(name)
    return names


# --- What is installed -------------------------------------------------------------------------------
def _version_of(name: str) -> str | None:
    found = _distribution(name)
    return None if found is None else f"{normalized(name)}=={found.version}"


def _distribution(name: str) -> Distribution | None:
    with contextlib.suppress(PackageNotFoundError, ValueError):
        return distribution(name)
    return None


def _installed_root(name: str, places: Iterable[Path]) -> Root:
    """Return what is installed by its version and those of all it requires."""
    found = _distribution(name)
    if found is None:
        listed = [owner for place in places if (owner := _owner(place)) is not None]
        found = listed[0] if listed else None
    if found is None:
        # Put there by hand: no file says what it is, so its own time has to do.
        return Root(
            " ".join(f"{place.name} {place.stat().st_mtime_ns}" for place in places if place.exists())
        )
    versions: dict[str, str] = {}
    linked: set[str] = set()
    waiting = [found]
    while waiting:
        one = waiting.pop()
        versions[normalized(one.name)] = one.version
        if Module(one.name, one, {}).is_linked:
            linked.add(one.name.replace("-", "_"))
        for said in one.requires or ():
            needed = _REQUIRED.match(said.strip())
            # What only an extra asks for was installed for something else, if at all.
            if needed is None or "extra ==" in said or normalized(needed.group()) in versions:
                continue
            if needed.group().replace("-", "_") in FRAMEWORK:
                continue
            if (other := _distribution(needed.group())) is not None:
                waiting.append(other)
    return Root(" ".join(f"{key}=={versions[key]}" for key in sorted(versions)), frozenset(linked) - {name})


def _owner(place: Path) -> Distribution | None:
    """Return the distribution that installed a folder or file, when it is called by another name."""
    folder, wanted = place.parent, os.fsencode(f"{place.name}{'/' if place.is_dir() else ','}")
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        with contextlib.suppress(OSError):
            said = record.read_bytes()
            if said.startswith(wanted) or b"\n" + wanted in said:
                return Distribution.at(record.parent)
    return None
