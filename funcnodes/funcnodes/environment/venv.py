"""The fallback where uv cannot run: virtualenv makes the environments, pip resolves and installs.

Owns their command lines and a lock in the form `plan` reads. Slower, and it cannot resolve from its cache.
The versions of a lock and our own five packages are held by constraints, which pip honours for what modules
require too.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from packaging.utils import canonicalize_name

from funcnodes.environment import explain
from funcnodes.environment.errors import (
    Conflict,
    InstallerFailed,
    NoNetwork,
    PackageNotFound,
    ProvisionFailed,
)
from funcnodes.environment.interpreters import Python, choose, find_pythons
from funcnodes.environment.manifest import (
    OURS,
    chosen_python,
    required_python,
    requirements,
    this_platform,
)
from funcnodes.environment.plan import EVERYTHING, Package, read_lock
from funcnodes.environment.programs import run_lines
from funcnodes.environment.reasons import in_plain_words
from funcnodes.environment.uv import installer_environment, works_offline

_HEADER = "# Resolved by pip, in the shape of uv's lock.\nversion = 1\n"


class Pip:
    """pip as an installer, in a virtual environment of its own that is made on first use."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = installer_environment(os.environ if environment is None else environment)

    @property
    def is_offline(self) -> bool:
        """Whether the machine's settings say that no network is to be used."""
        return works_offline(self._environment)

    async def lock(
        self,
        project: Path,
        *,
        wanted: str,
        upgrade: Sequence[str],
        say: Callable[[str], None],
        offline: bool = False,
    ) -> None:
        """Write what pip would install as the lock, keeping the versions of the lock that lies there."""
        if offline:
            raise NoNetwork("pip resolves from an index only")
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        report = project / "report.json"
        held = _held(project / "uv.lock", upgrade)
        say("Resolving with pip")
        while True:
            constraints = project / "constraints.txt"
            constraints.write_text("\n".join([*_sources(text), *held.values()]) + "\n", encoding="utf-8")
            status, said = await self._pip(
                [
                    *await self._python(text),
                    *("install", "--dry-run", "--ignore-installed", "--progress-bar", "off"),
                    *("--report", str(report), "-c", str(constraints), *_asked(text)),
                ],
                say,
            )
            if status == 0:
                lock = _as_lock(report, required_python(text))
                return write_atomically(project / "uv.lock", lock, mode=0o644)
            problem = _failure(wanted, said)
            if not held or isinstance(problem, NoNetwork):
                raise problem
            # pip has no notion of a preference: what cannot be held is let go, and nothing besides.
            in_the_way = {
                canonicalize_name(found[1] or found[2]) for found in _IN_THE_WAY.finditer(said)
            } & held.keys()
            held = {name: pin for name, pin in held.items() if in_the_way and name not in in_the_way}

    async def sync(
        self,
        project: Path,
        environment: Path,
        *,
        wanted: str,
        say: Callable[[str], None],
        only_add: bool,
        afresh: Sequence[str] = (),
    ) -> None:
        """Install exactly what the lock says; without `only_add` the environment is new and empty."""
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        if not (environment / "pyvenv.cfg").exists():
            say("Creating a virtual environment")
            python = (await self._python(text))[1:]
            await self._make(environment, wanted, python=python[0] if python else None)
        packages = sorted(read_lock((project / "uv.lock").read_text(encoding="utf-8")))
        exact = [word for package in packages for word in _exactly(package, _linked(text))]
        say(f"Installing {len(packages)} packages")
        again = ["--force-reinstall", "--no-cache-dir"] if afresh else []
        install = ["--python", str(environment), "install", "--no-deps", *again, *exact]
        status, said = await self._pip(install, say)
        if status != 0:
            raise _failure(wanted, said)

    async def lacking(self, project: Path, place: Path) -> list[str]:
        """Return nothing: pip cannot say what its cache holds."""
        return []

    async def absent(self, packages: Sequence[Package]) -> list[str]:
        """Return nothing: pip cannot say what its cache holds."""
        return []

    async def uninstall(self, environment: Path, packages: Sequence[str]) -> None:
        """Remove packages from an environment; those it does not have are passed over."""
        if packages:
            await self._pip(["--python", str(environment), "uninstall", "--yes", *packages], _silent)

    async def _pip(self, arguments: Sequence[str], say: Callable[[str], None]) -> tuple[int, str]:
        if not (self._folder / "pyvenv.cfg").exists():
            await self._make(self._folder, "pip", pip=True)
        python = self._folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        command = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
        return await run_lines(command, self._environment, lambda line: _say(line, say))

    async def pythons(self) -> tuple[Python, ...]:
        """Return the Pythons of this machine that a worker can run with."""
        return await find_pythons(None, self._environment)

    async def _python(self, text: str) -> list[str]:
        version = chosen_python(text)
        return [] if version is None else ["--python", choose(version, await self.pythons()).path]

    async def _make(self, folder: Path, wanted: str, *, pip: bool = False, python: str | None = None) -> None:
        seeds = ["--no-setuptools"] if pip else ["--no-seed"]
        command = [
            sys.executable,
            "-m",
            "virtualenv",
            "--python",
            python or sys.executable,
            *seeds,
            str(folder),
        ]
        status, said = await run_lines(command, self._environment, lambda _line: None)
        if status != 0:
            raise InstallerFailed(wanted, said.strip()[-500:])


_IN_THE_WAY = re.compile(
    r"The user requested \(constraint\) ([\w.-]+?)==|No matching distribution found for ([\w.-]+)"
)


def _held(lock: Path, upgrade: Sequence[str]) -> dict[str, str]:
    """Return what holds the versions that a lock names, by the name of the package."""
    if not lock.exists() or tuple(upgrade) == EVERYTHING:
        return {}
    there = read_lock(lock.read_text(encoding="utf-8"))
    return {p.name: f"{p.name}=={p.version}" for p in there if p.path is None and p.name not in upgrade}


def _sources(text: str) -> list[str]:
    """Return our own packages, and what is linked, as constraints with the place each comes from."""
    places = {name: str(entry["path"]) for name, entry in _entries(text).items() if "path" in entry}
    return [f"{name} @ {Path(place).as_uri()}" for name, place in places.items()]


def _linked(text: str) -> dict[str, str]:
    """Return the source folders that are linked and not copied, by the name of the package."""
    return {name: str(entry["path"]) for name, entry in _entries(text).items() if entry.get("editable")}


def _entries(text: str) -> dict[str, dict[str, Any]]:
    settings: dict[str, Any] = tomllib.loads(text).get("tool", {}).get("uv", {})
    return cast("dict[str, dict[str, Any]]", settings.get("sources", {}))


def _asked(text: str) -> list[str]:
    """Return what the manifest asks for, as pip is told it; no index is asked for what is linked."""
    linked = _linked(text)
    listed = sorted({*requirements(text)})
    return [word for entry in listed for word in (("-e", linked[entry]) if entry in linked else (entry,))]


def _exactly(package: Package, linked: Mapping[str, str]) -> list[str]:
    if package.name in linked:
        return ["-e", linked[package.name]]
    return [package.path if package.path is not None else f"{package.name}=={package.version}"]


def _as_lock(report: Path, python: str) -> str:
    found: dict[str, Any] = msgspec.json.decode(report.read_bytes())
    entries = cast("list[dict[str, Any]]", found["install"])
    # Not by uv's word for it: a lock with "requires-python" is one that uv made and reads.
    head = f'{_HEADER}resolved-for = "{python}"\nsupported-markers = ["{this_platform()}"]\n'
    listed = sorted((_package(entry), _file_of(entry)) for entry in entries)
    return head + "".join(_entry(package) + file for package, file in listed)


def _file_of(entry: Mapping[str, Any]) -> str:
    """Return the line for the file pip would install, when it says its hash."""
    info = cast("Mapping[str, Any]", entry["download_info"])
    sha256 = cast("Mapping[str, Any]", info.get("archive_info", {})).get("hashes", {}).get("sha256")
    name = unquote(urlparse(str(info["url"])).path.rpartition("/")[2])
    return "" if sha256 is None else f'wheels = [{{ filename = "{name}", hash = "sha256:{sha256}" }}]\n'


def _package(entry: Mapping[str, Any]) -> Package:
    # All of Python's own client comes with it, which a manager's start need not wait for.
    from urllib.request import url2pathname

    url = urlparse(str(entry["download_info"]["url"]))
    name = str(canonicalize_name(str(entry["metadata"]["name"])))
    is_local = url.scheme == "file" and (name in OURS or "dir_info" in entry["download_info"])
    place = url2pathname(unquote(url.path)) if is_local else None
    return Package(name, str(entry["metadata"]["version"]), place)


def _entry(package: Package) -> str:
    source = f'path = "{package.path}"' if package.path is not None else 'registry = "pip"'
    return f'\n[[package]]\nname = "{package.name}"\nversion = "{package.version}"\nsource = {{ {source} }}\n'


def _failure(wanted: str, said: str) -> ProvisionFailed:
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    told = " ".join(errors) or said.strip()[-500:]
    if "No matching distribution found" in told:
        # pip says the same when it cannot reach the index; only its warnings tell the two apart.
        return NoNetwork("pip got no answer") if "Retrying" in said else PackageNotFound(wanted, f"{told}.")
    if "ResolutionImpossible" in told or "conflict" in told:
        reasons = _reasons(said)
        return Conflict(wanted, f"{'; '.join(reasons) or told}.", in_plain_words("; ".join(reasons)))
    return InstallerFailed(wanted, f"{told}.")


def _reasons(said: str) -> list[str]:
    """Return what pip says of a conflict, in uv's words: who depends on what."""
    _, _, after = said.partition("The conflict is caused by:\n")
    lines = [line.strip() for line in after.partition("\n\n")[0].splitlines()]
    told = [re.sub(r"^(\S+) (\S+) depends on ", r"\1==\2 depends on ", line) for line in lines if line]
    return [line.replace("The user requested ", "this worker depends on ") for line in told]


def _say(line: str, say: Callable[[str], None]) -> None:
    shown = explain.progress_line(line)
    if shown is not None:
        say(shown)


def _silent(_line: str) -> None:
    """Undoing is not progress."""
