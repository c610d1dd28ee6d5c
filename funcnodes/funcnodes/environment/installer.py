"""The seam to whatever resolves and installs: uv, or pip where uv cannot run.

Owns the choice between the two. Everything above it speaks in locks and folders only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from funcnodes.environment.interpreters import Python
from funcnodes.environment.plan import Package
from funcnodes.environment.uv import Uv, find_uv
from funcnodes.environment.venv import Pip


class Installer(Protocol):
    """Resolves a project folder and brings environments in line with it. Called by `provision` only."""

    @property
    def is_offline(self) -> bool:
        """Whether the machine's settings say that no network is to be used."""
        ...

    async def lock(
        self,
        project: Path,
        *,
        wanted: str,
        upgrade: Sequence[str],
        say: Callable[[str], None],
        offline: bool = False,
    ) -> None:
        """Write `uv.lock` beside `pyproject.toml`, keeping the versions of the lock that lies there.

        The packages of `upgrade` (or `EVERYTHING`) may get newer ones. `offline`: from what is cached.
        """
        ...

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
        """Make or change an environment so that it holds what the lock says.

        The packages of `afresh` are fetched again and put there again: what lies in a cache may be damaged.
        """
        ...

    async def lacking(self, project: Path, place: Path) -> list[str]:
        """Return the packages of a project's lock whose files are not cached; `place` is free for a trial."""
        ...

    async def absent(self, packages: Sequence[Package]) -> list[str]:
        """Return which of these cannot be resolved from the cache. Slow; for explaining a failure."""
        ...

    async def pythons(self) -> tuple[Python, ...]:
        """Return the Pythons of this machine that a worker can run with, the manager's own first."""
        ...

    async def uninstall(self, environment: Path, packages: Sequence[str]) -> None:
        """Remove packages from an environment; those it does not have are passed over."""
        ...


def find_installer(cache: Path) -> Installer:
    """Return uv, or pip in a folder of its own where the uv package has no program for this machine."""
    program = find_uv()
    return Pip(cache / "pip") if program is None else Uv(program)
