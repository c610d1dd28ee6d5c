"""What of a worker travels in a `.fnw` file, and what stays: no secret, no path of this machine, no person.

Owns what is left out and what is taken up. Pure, but for `external_for_export`, which asks the classes of
external workers what of their settings may leave and belongs to the graph's thread.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from funcnodes_worker.home.flow_lock import OURS, LockDamaged, lock_of, read_flow_lock, write_flow_lock
from funcnodes_worker.home.worker_config import PackageWish, WorkerConfig, config_from_json
from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker
from funcnodes_worker.runtime.library_loader import BASIC, normalized

_TRAVELS = ("type", "name", "worker_dependencies", "package_dependencies", "autostart", "update_on_startup")
_REQUIREMENT = r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^@;]*?)\s*(?:;.*)?"
_VERSION = re.compile(r"[0-9A-Za-z.!+*<>=~ ,_-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


# Going out


def config_for_export(config: WorkerConfig, project: str | None) -> dict[str, Any]:
    """Return the settings that travel. Keys we do not know stay here: they may hold anything.

    The basic nodes, which only a worker whose `pyproject.toml` leaves them out does not have, are named: the
    original loads what its settings name and nothing else, and would have placeholders in their place.
    """
    said = config.as_json()
    travels = {key: said[key] for key in _TRAVELS}
    travels["package_dependencies"] = {
        name: {"package": wish.package, "version": wish.version if _is_version(wish.version) else None}
        for name, wish in config.package_dependencies.items()
        if _NAME.fullmatch(wish.package)
    }
    has_basic = project is None or BASIC in map(_name_of, _dependencies(project))
    if has_basic and BASIC not in config.left_out:
        # In no version: ours is none that the original's index has.
        travels["package_dependencies"][BASIC] = {"package": BASIC, "version": None}
    travels["worker_dependencies"] = {
        name: _without_paths(entry) for name, entry in config.worker_dependencies.items()
    }
    return travels


def project_for_export(text: str | None) -> str | None:
    """Return a `pyproject.toml` that asks for the same packages and says nothing else.

    Who made it, where it lies, and which index it comes from stay here. Our own five stand without a version:
    the original puts this file in the place of its worker's, which never started again with a release that
    its index does not have. Here they come with the manager anyway.
    """
    if text is None:
        return None
    names: dict[str, str] = {}
    for requirement in _dependencies(text):
        found = re.fullmatch(_REQUIREMENT, requirement.strip())
        if found is not None and "@" not in requirement:
            name = normalized(found[1])
            names[name] = name if name in OURS else requirement.strip()
    listed = "".join(f"    {msgspec.json.encode(one).decode()},\n" for one in names.values())
    return (
        f'[project]\nname = "flow"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [\n{listed}]\n'
    )


def lock_for_export(uv_lock: str | None, came_with: str | None) -> str | None:
    """Return the exact versions as they travel: those of the worker's environment, else those it came with.

    A flow that was opened and never built, or opened without its environment, so keeps what it was made with.
    """
    own = None if uv_lock is None else lock_of(uv_lock)
    if own is None and came_with is not None:
        with contextlib.suppress(LockDamaged):
            own = read_flow_lock(came_with)
    return None if own is None or own.problem is not None else write_flow_lock(own)


def external_for_export(saved: Any, *, keep_unknown: bool = False) -> dict[str, Any]:
    """Return the external workers of a saved graph without those settings that must not leave.

    A class that is not loaded cannot say which of its settings are secret, so none of them leave, unless what
    is saved stays with its user and must come back as it was (`keep_unknown`).
    """
    if not isinstance(saved, Mapping):
        return {}
    classes = cast("Mapping[str, Any]", saved)
    return {
        class_id: [
            _entry_for_export(class_id, entry, keep_unknown) for entry in cast("Iterable[Any]", entries)
        ]
        for class_id, entries in classes.items()
        if isinstance(entries, list)
    }


def _entry_for_export(class_id: str, entry: Any, keep_unknown: bool) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    said = cast("Mapping[str, Any]", entry)
    known = FuncNodesExternalWorker.RUNNING_WORKERS.get(class_id)
    instance = None if known is None else known.get(str(said.get("uuid")))
    if instance is None and keep_unknown:
        return said
    config: Any = {} if instance is None else instance.serialize(export=True)["config"]
    kept = {key: said[key] for key in ("uuid", "nodeclassid", "running", "name") if key in said}
    return {**kept, "config": config}


def _without_paths(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        said = cast("Mapping[str, Any]", entry)
        return {key: _without_paths(value) for key, value in said.items() if not _is_path(value)}
    return None if _is_path(entry) else entry


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value)


def _is_version(version: str | None) -> bool:
    # `name @ https://user:secret@…` is a version, too, for who reads requirements.
    return version is not None and _VERSION.fullmatch(version) is not None


def _name_of(requirement: str) -> str | None:
    found = re.fullmatch(_REQUIREMENT, requirement.strip())
    return None if found is None else normalized(found[1])


def _dependencies(text: str) -> list[str]:
    try:
        project: Any = tomllib.loads(text).get("project")
    except tomllib.TOMLDecodeError:
        return []
    listed: Any = cast("dict[str, Any]", project).get("dependencies") if isinstance(project, dict) else None
    found = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [one for one in found if isinstance(one, str)]


# Coming in


def packages_of(config: Mapping[str, Any], project: str | None) -> tuple[list[PackageWish], list[str]]:
    """Return the packages an archive asks for, ours left out, and those it may not name, as sentences.

    Its `pyproject.toml` is read for its dependencies only: sources, indexes and build settings of a foreign
    file would decide where code comes from.
    """
    wishes: dict[str, PackageWish] = {}
    refused: list[str] = []
    for wish in config_from_json("import", dict(config)).package_dependencies.values():
        _take(wishes, refused, wish.package, wish.version)
    for requirement in _dependencies(project or ""):
        found = re.fullmatch(_REQUIREMENT, requirement.strip())
        if found is None or "@" in requirement:
            refused.append(f"{requirement[:80]!r} names a place instead of a version")
        elif normalized(found[1]) not in wishes:
            _take(wishes, refused, found[1], found[2] or None)
    return list(wishes.values()), refused


def _take(wishes: dict[str, PackageWish], refused: list[str], package: str, version: str | None) -> None:
    name = normalized(package)
    if name in OURS:
        return
    if not _NAME.fullmatch(package):
        refused.append(f"{package[:80]!r} is no name of a package")
    elif version is not None and not _is_version(version):
        refused.append(f"{name} {version[:80]!r} names a place instead of a version")
    else:
        wishes[name] = PackageWish(name, version)
