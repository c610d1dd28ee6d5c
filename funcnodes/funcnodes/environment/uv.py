"""The one place that runs uv.

Owns the command line, the process environment uv gets, progress while it runs, and its end when we are
cancelled. Does not know what a worker is (`provision`) nor what uv's words mean (`explain`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uv

from funcnodes.environment import explain
from funcnodes.environment.errors import ProvisionFailed
from funcnodes.environment.interpreters import Python, choose, find_pythons
from funcnodes.environment.manifest import chosen_python
from funcnodes.environment.plan import EVERYTHING, Package
from funcnodes.environment.programs import run_lines

# What the installer needs from the machine: where packages come from, who may ask, how to reach them, where
# to keep them. Everything else of uv's settings (project, environment, frozen, overrides …) belongs to
# whoever runs us, and would bend a worker's environment: `uv run funcnodes` alone sets several.
_KEPT = (
    "UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_CONCURRENT_", "UV_CREDENTIALS_DIR", "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_HTTP_", "UV_INDEX", "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER", "UV_LINK_MODE", "UV_NATIVE_TLS", "UV_NO_CACHE", "UV_NO_INDEX", "UV_OFFLINE",
    "UV_PRERELEASE", "UV_REQUEST_TIMEOUT", "UV_SYSTEM_CERTS",
)  # fmt: skip
_DROPPED = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
_MOST_NAMED = 20
_INDEXES = ("UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_NO_INDEX", "UV_CONFIG_FILE")


def find_uv() -> str | None:
    """Return the path of the uv we depend on, or None where it has no program that runs on this machine."""
    try:
        program = os.fspath(uv.find_uv_bin())
        # One that lies there may still not run: another libc, a folder mounted noexec.
        ended = subprocess.run([program, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return program if ended.returncode == 0 else None


def installer_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the process environment for uv: the machine's settings of the index, none of a project."""
    kept = {
        name: value
        for name, value in environment.items()
        if name not in _DROPPED and (not name.startswith("UV_") or name.startswith(_KEPT))
    }
    # uv does not read pip's settings. A machine that only knows its index by pip's variable means it for us
    # too.
    if "PIP_INDEX_URL" in kept and not any(name in kept for name in _INDEXES):
        kept["UV_DEFAULT_INDEX"] = kept["PIP_INDEX_URL"]
    return kept


def works_offline(environment: Mapping[str, str]) -> bool:
    """Tell whether the machine's settings say that no network is to be used; whichever installer asks."""
    return environment.get("UV_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


class Uv:
    """uv as an installer: `lock` resolves, `sync` brings an environment in line with a lock."""

    def __init__(self, program: str, environment: Mapping[str, str] | None = None) -> None:
        self._program = program
        self._environment = installer_environment(os.environ if environment is None else environment)
        self._known: dict[str, str] = {}

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
        """Write `uv.lock` beside the project's `pyproject.toml`; keep the versions an older lock names."""
        lock = project / "uv.lock"
        if lock.exists() and "requires-python" not in lock.read_text(encoding="utf-8"):
            # Written by pip (`venv`) while uv could not run: uv cannot read it, and does better without.
            lock.unlink()
        everything = tuple(upgrade) == EVERYTHING
        upgrades = [word for name in upgrade for word in ("--upgrade-package", name)]
        upgrades = ["--upgrade"] if everything else upgrades
        python = await self._python(project)
        where = ["--offline"] if offline else []
        await self._run(["lock", "--project", str(project), *python, *where, *upgrades], {}, wanted, say)

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
        """Bring an environment in line with the project's lock; from the local cache if that suffices."""
        place = {"UV_PROJECT_ENVIRONMENT": str(environment)}
        python = await self._python(project)
        arguments = ["sync", "--frozen", "--no-default-groups", "--project", str(project), *python]
        if only_add:
            arguments.append("--inexact")
        if afresh:
            # uv links files from its cache: what was damaged in an environment is damaged there as well.
            again = [word for name in afresh for word in ("--reinstall-package", name)]
            await self._run([*arguments, "--no-cache", *again], place, wanted, say)
            return
        try:
            # What every worker has lies in the cache after the first one: no reason to ask a registry, or to
            # need one.
            await self._run([*arguments, "--offline"], place, wanted, say)
        except ProvisionFailed:
            await self._run(arguments, place, wanted, say)

    async def lacking(self, project: Path, place: Path) -> list[str]:
        """Return the packages of a project's lock whose files are not cached; `place` is free for a trial."""
        found: list[str] = []
        arguments = ["sync", "--frozen", "--offline", "--no-default-groups", "--project", str(project)]
        arguments += await self._python(project)
        environment = {**self._environment, "UV_PROJECT_ENVIRONMENT": str(place), "NO_COLOR": "1"}
        # uv names the first one only: it is tried again without that.
        while len(found) < _MOST_NAMED:
            without = [word for name in found for word in ("--no-install-package", name)]
            status, said = await run_lines(
                [self._program, *arguments, *without], environment, lambda _line: None
            )
            named = explain.not_downloaded(said)
            if status == 0 or named is None or named in found:
                break
            found.append(named)
        return found

    async def absent(self, packages: Sequence[Package]) -> list[str]:
        """Return which of these cannot be resolved from the cache. Slow; for explaining a failure."""
        environment = {**self._environment, "NO_COLOR": "1"}
        trial = ["pip", "install", "--dry-run", "--offline", "--no-deps", "--reinstall"]
        command = [self._program, *trial, "--python", sys.executable]
        found: list[str] = []
        # uv names the first one only: it is tried again without that.
        while len(found) < _MOST_NAMED:
            wanted = [f"{p.name}=={p.version}" for p in packages if p.name not in found]
            if not wanted:
                break
            status, said = await run_lines([*command, *wanted], environment, lambda _line: None)
            named = explain.not_resolved(said)
            if status == 0 or named is None or named in found:
                break
            found.append(named)
        return found

    async def uninstall(self, environment: Path, packages: Sequence[str]) -> None:
        """Remove packages from an environment; those it does not have are passed over."""
        if packages:
            python = ["--python", str(environment)]
            await self._run(
                ["pip", "uninstall", "--offline", *python, *packages], {}, "nothing", _say_nothing
            )

    async def pythons(self) -> tuple[Python, ...]:
        """Return the Pythons of this machine that a worker can run with."""
        return await find_pythons(self._program, self._environment)

    async def _python(self, project: Path) -> list[str]:
        # The worker runs the interpreter its manager runs, where our build is known to fit, unless somebody
        # chose another one; nothing is ever downloaded.
        version = chosen_python((project / "pyproject.toml").read_text(encoding="utf-8"))
        path = sys.executable if version is None else await self._path_of(version)
        return ["--python", path, "--no-python-downloads"]

    async def _path_of(self, version: str) -> str:
        if not os.access(self._known.get(version, ""), os.X_OK):
            self._known[version] = choose(version, await self.pythons()).path
        return self._known[version]

    async def _run(
        self, arguments: Sequence[str], extra: Mapping[str, str], wanted: str, say: Callable[[str], None]
    ) -> None:
        environment = {**self._environment, **extra, "NO_COLOR": "1"}
        status, said = await run_lines([self._program, *arguments], environment, lambda line: _say(line, say))
        if status != 0:
            raise explain.failure(wanted, said, offline="UV_OFFLINE" in environment)


def _say_nothing(_line: str) -> None:
    """Undoing is not progress."""


def _say(line: str, say: Callable[[str], None]) -> None:
    shown = explain.progress_line(line)
    if shown is not None:
        say(shown)
