"""The exact versions a flow was made with, as they travel: `pylock.toml` (PEP 751) without any place.

Owns the format: what of a worker's `uv.lock` leaves (names, versions, names and hashes of files, which Python
and platform) and what stays (hosts of registries, paths). What comes in is somebody else's, so only what is
known and well-formed is taken. Pure. Does not know how an environment is built from it (the manager does).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

import msgspec

OURS = frozenset(
    {"funcnodes", "funcnodes-basic", "funcnodes-core", "funcnodes-react-flow", "funcnodes-worker"}
)
"""They always come with the manager of the machine; no file chooses them."""

_FORMAT = "1.0"
_MOST_PACKAGES, _MOST_FILES = 5000, 2000
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.!+_-]{0,127}")
_FILE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._!+-]{0,254}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ONE_PYTHON = re.compile(r"==\s*(3\.\d{1,3})(?:\.\*|\.\d+)?")
_MARKER = re.compile(r"[\w .=<>!~()'\",*-]{1,500}")


class LockDamaged(ValueError):
    """Raised for a text that is no lock of a flow; `str()` says what is wrong with it."""


class LockedPackage(msgspec.Struct, frozen=True, order=True):
    """A distribution in one exact version."""

    name: str
    version: str
    files: dict[str, str] = {}
    """SHA-256 by the name of each file it could be installed from, as far as they are known."""


class FlowLock(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow's environment was, exactly."""

    python: str | None
    """Like "3.11"; None where it is for no single one."""
    environments: tuple[str, ...] = ()
    """The platforms it was resolved for, as markers."""
    packages: tuple[LockedPackage, ...] = ()
    linked: dict[str, str] = {}
    """Versions of packages that came from a folder or an address of the machine it was made on."""
    release: str | None = None
    """Of FuncNodes, which itself always comes with the manager."""
    problem: str | None = None
    """Why it cannot be used: it came damaged."""


# Out of a worker


def lock_of(uv_lock: str) -> FlowLock | None:
    """Return what travels of a worker's `uv.lock`; None when that cannot be read."""
    try:
        document = tomllib.loads(uv_lock)
        entries = [entry for entry in _tables(document, "package") if "virtual" not in _source(entry)]
        return FlowLock(
            python=_one_python(document.get("requires-python", document.get("resolved-for"))),
            environments=tuple(filter(_is_marker, document.get("supported-markers", []))),
            packages=tuple(sorted(_from_uv(entry) for entry in entries if "registry" in _source(entry))),
            linked={
                _name(entry["name"]): _some_text(entry.get("version", ""))
                for entry in entries
                if "registry" not in _source(entry) and entry["name"] not in OURS
            },
            release=next((e.get("version") for e in entries if e["name"] == "funcnodes"), None),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _from_uv(entry: Mapping[str, Any]) -> LockedPackage:
    files = [*_tables(entry, "wheels"), *([entry["sdist"]] if "sdist" in entry else [])]
    known = {_file_name(file): str(file.get("hash", "")).removeprefix("sha256:") for file in files}
    name = _name(entry["name"])
    return LockedPackage(
        name,
        _version(name, entry["version"]),
        {name: sha for name, sha in known.items() if _FILE.fullmatch(name) and _SHA256.fullmatch(sha)},
    )


def _source(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", entry.get("source", {}))


def write_flow_lock(lock: FlowLock) -> str:
    """Return the text of a lock: names a file beside it where the format wants a place."""
    lines = [
        "# The exact versions this flow was made with. No place is named: packages come from the index that",
        "# the machine is set up for where it is opened, FuncNodes itself with its manager.",
        f"lock-version = {_quoted(_FORMAT)}",
        f"environments = [{', '.join(map(_quoted, lock.environments))}]" if lock.environments else "",
        f"requires-python = {_quoted(f'=={lock.python}.*')}" if lock.python else "",
        'created-by = "funcnodes"',
    ]
    hashed = [package for package in lock.packages if package.files]
    if not hashed:
        lines.append("packages = []")
    for package in hashed:
        lines += [
            "",
            "[[packages]]",
            f"name = {_quoted(package.name)}",
            f"version = {_quoted(package.version)}",
        ]
        wheels = {name: sha for name, sha in package.files.items() if name.endswith(".whl")}
        lines += [f"sdist = {_file(n, sha)}" for n, sha in list(package.files.items() - wheels.items())[:1]]
        if wheels:
            lines += ["wheels = [", *(f"    {_file(name, sha)}," for name, sha in wheels.items()), "]"]
    lines += ["", "[tool.funcnodes]"]
    lines += [f"release = {_quoted(lock.release)}"] if lock.release else []
    lines += [f"problem = {_quoted(lock.problem)}"] if lock.problem else []
    # The format knows no package without a file and its hash.
    lines += _versions("unhashed", {one.name: one.version for one in lock.packages if not one.files})
    lines += _versions("linked", lock.linked)
    return "\n".join(line for number, line in enumerate(lines) if line or lines[number - 1]) + "\n"


def _versions(key: str, packages: Mapping[str, str]) -> list[str]:
    listed = ", ".join(f"{name} = {_quoted(version)}" for name, version in sorted(packages.items()))
    return [f"{key} = {{ {listed} }}"] if listed else []


def _file(name: str, sha256: str) -> str:
    return f"{{ path = {_quoted(name)}, hashes = {{ sha256 = {_quoted(sha256)} }} }}"


def _quoted(text: str) -> str:
    # A JSON text is a basic string of TOML, but for one character.
    return msgspec.json.encode(text.replace("\x7f", "?")).decode()


# Into a worker


def read_flow_lock(text: str) -> FlowLock:
    """Return the lock, of this program or another one; raise `LockDamaged` for anything doubtful."""
    try:
        document = tomllib.loads(text)
        version = str(document["lock-version"])
        if version.partition(".")[0] != "1":
            raise LockDamaged(f"it is of version {version[:20]!r}, which is not known here")
        return _lock(document)
    except LockDamaged:
        raise
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise LockDamaged(f"it is no TOML ({problem})") from problem
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise LockDamaged(f"it is not of its form ({type(problem).__name__}: {problem})") from problem


def _lock(document: Mapping[str, Any]) -> FlowLock:
    entries = _tables(document, "packages")
    if len(entries) > _MOST_PACKAGES:
        raise LockDamaged(f"it names {len(entries)} packages; {_MOST_PACKAGES} are allowed")
    own = cast("Mapping[str, Any]", cast("Mapping[str, Any]", document.get("tool", {})).get("funcnodes", {}))
    linked = {_name(name): _some_text(version) for name, version in own.get("linked", {}).items()}
    packages: dict[str, LockedPackage] = {}
    unhashed = [{"name": name, "version": version} for name, version in own.get("unhashed", {}).items()]
    for entry in (*entries, *unhashed):
        name = _name(entry["name"])
        if name in OURS:
            continue
        if name in packages:
            raise LockDamaged(f"it names {name} twice")
        if entry.keys() & {"vcs", "directory", "archive"}:
            linked[name] = _some_text(entry.get("version", ""))
            continue
        packages[name] = LockedPackage(name, _version(name, entry["version"]), dict(_files(entry)))
    return FlowLock(
        python=_one_python(document.get("requires-python")),
        environments=tuple(filter(_is_marker, document.get("environments", []))),
        packages=tuple(sorted(packages.values())),
        linked={name: version for name, version in linked.items() if name not in OURS},
        release=_some_text(own["release"]) if "release" in own else None,
        problem=_printable(own["problem"]) if "problem" in own else None,
    )


def _files(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    files = [*_tables(entry, "wheels"), *([entry["sdist"]] if "sdist" in entry else [])]
    if len(files) > _MOST_FILES:
        raise LockDamaged(f"it names {len(files)} files of one package; {_MOST_FILES} are allowed")
    for file in files:
        name, sha256 = _file_name(file), file["hashes"].get("sha256")
        if sha256 is None:
            continue
        if not _FILE.fullmatch(name) or not _SHA256.fullmatch(str(sha256)):
            raise LockDamaged(f"the file {name[:80]!r} or its hash is none")
        yield name, str(sha256)


def _file_name(file: Mapping[str, Any]) -> str:
    said = str(file.get("name") or file.get("filename") or file.get("path") or file.get("url") or "")
    return unquote(said.replace("\\", "/").rpartition("/")[2])


def _name(given: object) -> str:
    name = re.sub(r"[-_.]+", "-", str(given)).lower()
    if len(name) > 128 or not _NAME.fullmatch(name):
        raise LockDamaged(f"{str(given)[:80]!r} is no name of a package")
    return name


def _version(name: str, given: object) -> str:
    if not isinstance(given, str) or not _VERSION.fullmatch(given):
        raise LockDamaged(f"{str(given)[:80]!r} is no version of {name}")
    return given


def _some_text(given: object) -> str:
    text = str(given)
    return text if _VERSION.fullmatch(text) else ""


def _printable(given: object) -> str:
    return "".join(sign for sign in str(given) if sign.isprintable())[:500]


def _one_python(given: object) -> str | None:
    found = _ONE_PYTHON.fullmatch(given.strip()) if isinstance(given, str) else None
    return None if found is None else found[1]


def _is_marker(given: object) -> bool:
    return isinstance(given, str) and _MARKER.fullmatch(given) is not None


def _tables(parent: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found: Any = parent.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in cast("list[Any]", found)):
        raise TypeError(f"{key} is no list of tables")
    return cast("list[dict[str, Any]]", found)
