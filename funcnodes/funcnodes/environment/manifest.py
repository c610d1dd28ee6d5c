"""The `pyproject.toml` of a worker's environment: what its user asked for, and our own five packages. Pure.

Owns which requirement a request means, and the edits of the text (everything a person wrote there stays).
Does not know where our build lies (`origin` says) nor how it is resolved (`uv`).
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from funcnodes.environment.errors import BadRequest, NotInstalled

OURS = ("funcnodes", "funcnodes-basic", "funcnodes-core", "funcnodes-react-flow", "funcnodes-worker")
"""The five distributions that always come from the manager, never from an index."""

ALWAYS = ("funcnodes", "funcnodes-worker")
"""What every environment asks for: published modules and users' scripts import `funcnodes`."""

NEW = ("funcnodes-basic",)
"""What a new worker has besides; its user may remove it."""

PROJECT = "funcnodes-worker-environment"
OLDEST = 11
"""A worker needs Python 3.11 or newer."""
_PYTHON = re.compile(r"3\.(\d{1,3})")


def package_name(given: str) -> str:
    """Return the canonical name (`funcnodes_numpy` → `funcnodes-numpy`), or refuse what is no name at all."""
    # Only a name: never a URL, a path, an option of the installer or a requirement with extras of its own.
    try:
        return str(canonicalize_name(given.strip(), validate=True))
    except InvalidName:
        raise BadRequest(given, "is not the name of a package") from None


def requirement(package: str, version: str | None = None) -> str:
    """Return the requirement that a user's name and version mean ("1.4", ">=1.4", "latest" or nothing)."""
    name = package_name(package)
    wanted = (version or "").strip()
    if wanted in ("", "latest", "*"):
        return name
    if name in OURS:
        raise BadRequest(f"{name} {wanted}", f"cannot be chosen: {name} always comes with the manager")
    try:
        return f"{name}=={Version(wanted)}"
    except InvalidVersion:
        pass
    try:
        return f"{name}{SpecifierSet(wanted)}"
    except InvalidSpecifier:
        raise BadRequest(wanted, f"is not a version of {name}; write 1.4, >=1.4 or latest") from None


def checked_version(given: str) -> str:
    """Return the language version meant, or refuse what is none that a worker can run with."""
    found = _PYTHON.fullmatch(given.strip())
    if found is None:
        raise BadRequest(given, "is not the version of a Python; write it like 3.12")
    if int(found[1]) < OLDEST:
        raise BadRequest(given, f"is too old: a worker needs Python 3.{OLDEST} or newer")
    return f"3.{int(found[1])}"


def chosen_python(text: str) -> str | None:
    """Return the Python that somebody chose for a worker; None for the manager's own."""
    chosen = _table(_table(_parse(text), "tool"), "funcnodes").get("python")
    return None if chosen is None else checked_version(str(chosen))


def new_manifest(python: str | None = None) -> str:
    """Return the text for a new worker; without the worker's name, so that all new ones share a lock."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Made by FuncNodes. What stands under dependencies is yours to change;"))
    document.add(tomlkit.comment("the packages under tool.uv.sources always come with the manager."))
    project = tomlkit.table()
    project.update({"name": PROJECT, "version": "0", "dependencies": sorted({*ALWAYS, *NEW})})
    document.add("project", project)
    if python is not None:
        _table(_table(cast("_Table", document), "tool"), "funcnodes")["python"] = checked_version(python)
    return tomlkit.dumps(document)


def with_python(text: str, version: str) -> str:
    """Return the manifest for this Python."""
    document = _parse(text)
    _table(_table(document, "tool"), "funcnodes")["python"] = checked_version(version)
    _table(document, "project")["requires-python"] = f"=={checked_version(version)}.*"
    return _dump(document)


def with_origin(text: str, wheels: Mapping[str, Path]) -> str:
    """Return the manifest with all five of our packages taken from these files and nowhere else."""
    document = _parse(text)
    project = _table(document, "project")
    project.setdefault("name", PROJECT)
    project.setdefault("version", "0")
    # One Python only: a lock for all of ">=3.11" refuses modules that do not support the newest one.
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    project["requires-python"] = f"=={chosen_python(text) or own}.*"
    _set_dependencies(project, _missing_always(_dependencies(project)))
    settings = _table(_table(document, "tool"), "uv")
    settings["package"] = False
    settings["environments"] = [this_platform()]
    # An empty workspace table: without it uv looks for a project around the worker's folder and joins it.
    settings["workspace"] = tomlkit.table()
    # Overrides hold for what modules require too; with plain sources the index would fill in the rest of the
    # five.
    foreign = [str(entry) for entry in cast("list[str]", settings.get("override-dependencies", []))]
    settings["override-dependencies"] = [*OURS, *(entry for entry in foreign if _name(entry) not in OURS)]
    sources = _table(settings, "sources")
    for name in OURS:
        entry = tomlkit.inline_table()
        entry.update({"path": str(wheels[name])})
        sources[name] = entry
    return _dump(document)


def with_requirement(text: str, wanted: str) -> str:
    """Return the manifest asking for this too, in place of what it said about the same package."""
    document = _parse(text)
    project = _table(document, "project")
    kept = [entry for entry in _dependencies(project) if _name(entry) != _name(wanted)]
    _set_dependencies(project, sorted([*kept, wanted]))
    _unlink(document, _name(wanted))
    return _dump(document)


def with_link(text: str, name: str, folder: Path) -> str:
    """Return the manifest asking for the package in this source folder, linked and not copied."""
    if name in OURS:
        raise BadRequest(name, f"cannot be chosen: {name} always comes with the manager")
    document = _parse(with_requirement(text, name))
    entry = tomlkit.inline_table()
    entry.update({"path": str(folder), "editable": True})
    _table(_table(_table(document, "tool"), "uv"), "sources")[name] = entry
    return _dump(document)


def _unlink(document: _Table, name: str) -> None:
    if name not in OURS:
        _table(_table(_table(document, "tool"), "uv"), "sources").pop(name, None)


def without(text: str, package: str) -> str:
    """Return the manifest not asking for this package any more."""
    name = package_name(package)
    if name in ALWAYS:
        raise BadRequest(name, "is needed by every worker and cannot be removed")
    document = _parse(text)
    project = _table(document, "project")
    present = _dependencies(project)
    kept = [entry for entry in present if _name(entry) != name]
    if len(kept) == len(present):
        raise NotInstalled(name)
    _set_dependencies(project, kept)
    _unlink(document, name)
    return _dump(document)


def unpinned(text: str, package: str) -> str:
    """Return the manifest asking for any version of a package that was held at an exact one."""
    name = package_name(package)
    document = _parse(text)
    project = _table(document, "project")
    present = _dependencies(project)
    entries = [name if _name(entry) == name and _holds(entry) else entry for entry in present]
    _set_dependencies(project, entries)
    return _dump(document)


def is_pinned(package: str, version: str | None) -> bool:
    """Whether this version of a package, as a user wrote it, is an exact one."""
    return _holds(requirement(package, version))


def _holds(entry: str) -> bool:
    return any(spec.operator in ("==", "===") for spec in Requirement(entry).specifier)


def required_python(text: str) -> str:
    """Return which Python the manifest is for, as it stands there."""
    return str(_table(_parse(text), "project").get("requires-python", ""))


def requirements(text: str) -> tuple[str, ...]:
    """Return what the manifest asks for."""
    return tuple(_dependencies(_table(_parse(text), "project")))


def names(text: str) -> frozenset[str]:
    """Return the names of the packages the manifest asks for."""
    return frozenset(map(_name, requirements(text)))


def _missing_always(present: list[str]) -> list[str]:
    names = {_name(entry) for entry in present}
    return [*present, *(name for name in ALWAYS if name not in names)]


def _name(entry: str) -> str:
    try:
        return str(canonicalize_name(Requirement(entry).name))
    except InvalidRequirement:
        return entry


def this_platform() -> str:
    """Return the one platform that environments here are resolved for, as a marker."""
    return f"sys_platform == '{sys.platform}' and platform_machine == '{platform.machine()}'"


# tomlkit's containers are dictionaries that remember comments and order; its types say little, so these five
# lines are the only place where they are narrowed.
_Table = dict[str, Any]


def _parse(text: str) -> _Table:
    try:
        return cast("_Table", tomlkit.parse(text))
    except ValueError as problem:
        raise BadRequest("pyproject.toml", f"of the worker cannot be read: {problem}") from problem


def _dump(document: _Table) -> str:
    return tomlkit.dumps(document)


def _table(parent: _Table, key: str) -> _Table:
    if not isinstance(parent.get(key), dict):
        parent[key] = tomlkit.table()
    return cast("_Table", parent[key])


def _dependencies(project: _Table) -> list[str]:
    return [str(entry) for entry in cast("list[object]", project.get("dependencies", []))]


def _set_dependencies(project: _Table, entries: list[str]) -> None:
    listed = tomlkit.array()
    listed.extend(entries)
    project["dependencies"] = listed.multiline(multiline=len(entries) > 1)
