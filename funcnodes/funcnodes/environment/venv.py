"""The fallback where uv cannot run: virtualenv makes the environments, pip resolves and installs.

Owns their command lines and a lock in the form `plan` reads. Slower, and without uv's exactness: our own five
packages are held by constraints, which pip honours for what modules require too.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import msgspec
from funcnodes_worker.disk.atomic import write_atomically

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
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        lock = project / "uv.lock"
        held = list(read_lock(lock.read_text(encoding="utf-8"))) if lock.exists() else []
        if tuple(upgrade) == EVERYTHING:
            held = []
        asked = set(requirements(text))
        kept = [f"{p.name}=={p.version}" for p in held if p.path is None and p.name not in (*upgrade, *asked)]
        constraints = project / "constraints.txt"
        own = _sources(text)
        if offline:
            raise NoNetwork("pip resolves from an index only")
        say("Resolving with pip")
        # First with every known version held; if that is impossible, freely: pip has no notion of a
        # preference.
        for holding in ([*own, *kept], own):
            constraints.write_text("\n".join(holding) + "\n", encoding="utf-8")
            report = project / "report.json"
            arguments = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
            status, said = await self._pip([*arguments, "-c", str(constraints), *sorted(asked)], say)
            if status == 0:
                write_atomically(lock, _as_lock(report, required_python(text)), mode=0o644)
                return
        raise _failure(wanted, said)

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
        if not (environment / "pyvenv.cfg").exists():
            say("Creating a virtual environment")
            version = chosen_python((project / "pyproject.toml").read_text(encoding="utf-8"))
            python = None if version is None else choose(version, await self.pythons()).path
            await self._make(environment, wanted, python=python)
        packages = sorted(read_lock((project / "uv.lock").read_text(encoding="utf-8")))
        exact = [p.path if p.path is not None else f"{p.name}=={p.version}" for p in packages]
        say(f"Installing {len(exact)} packages")
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


def _sources(text: str) -> list[str]:
    """Return our own packages as constraints with the file each comes from."""
    document: dict[str, Any] = tomllib.loads(text)
    sources = cast("dict[str, dict[str, str]]", document["tool"]["uv"]["sources"])
    return [f"{name} @ {Path(sources[name]['path']).as_uri()}" for name in OURS]


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
    name = str(entry["metadata"]["name"]).lower().replace("_", "-").replace(".", "-")
    url = urlparse(str(entry["download_info"]["url"]))
    path = url2pathname(unquote(url.path)) if url.scheme == "file" and name in OURS else None
    return Package(name, str(entry["metadata"]["version"]), path)


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
        return Conflict(wanted, f"{told}.")
    return InstallerFailed(wanted, f"{told}.")


def _say(line: str, say: Callable[[str], None]) -> None:
    shown = explain.progress_line(line)
    if shown is not None:
        say(shown)


def _silent(_line: str) -> None:
    """Undoing is not progress."""
