"""A project that asks for one module, and a machine that knows one little index only."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from funcnodes.environment.as_made import resolve_as_made
from funcnodes.environment.errors import ProvisionFailed
from funcnodes.environment.installer import Installer, find_installer
from funcnodes.environment.manifest import this_platform
from funcnodes.environment.plan import read_lock
from funcnodes.environment.progress import Progress
from funcnodes_worker.home.flow_lock import FlowLock, LockedPackage

from tests.funcnodes.environment.little_index import LittleIndex
from tests.funcnodes.environment.looking import Heard
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels

MADE = FlowLock(
    python=None,
    packages=(LockedPackage("fntest-library", "1.0"), LockedPackage("fntest-module", "1.0")),
)
"""Not the newest versions: without it a resolver would take others."""


class Place:
    """A project that asks for one module, on a machine that knows one little index."""

    def __init__(self, folder: Path, installer: Installer | None = None) -> None:
        self.installer = installer or find_installer(folder)
        self.folder = folder / "project"
        self.folder.mkdir()
        self.shelf = folder / "wheels"
        self.index = LittleIndex(make_shelf_of_wheels(self.shelf))

    def withdraw(self, file: str) -> None:
        """Have the index offer a file no more."""
        (self.shelf / file).unlink()

    async def resolve(
        self, lock: FlowLock, *missing: str, exactly: bool = True, asks: str = ""
    ) -> dict[str, str]:
        """Return the versions that are taken."""
        minor = f"{sys.version_info.major}.{sys.version_info.minor}"
        (self.folder / "pyproject.toml").write_text(
            f"""
[project]
name = "flow"
version = "0"
requires-python = "=={minor}.*"
dependencies = ["fntest-module"{asks}]
[tool.uv]
package = false
environments = ["{this_platform()}"]
"""
        )
        await resolve_as_made(
            self.installer, self.folder, lock, missing, exactly=exactly, progress=Progress(Heard())
        )
        return {package.name: package.version for package in read_lock(self.text)}

    async def refusal(self, lock: FlowLock, *missing: str, asks: str = "") -> ProvisionFailed:
        """Return why nothing is taken."""
        with pytest.raises(ProvisionFailed) as refused:
            await self.resolve(lock, *missing, asks=asks)
        return refused.value

    @property
    def text(self) -> str:
        return (self.folder / "uv.lock").read_text()


def with_package(lock: FlowLock, package: LockedPackage) -> FlowLock:
    """Return the lock naming this in place of what it said about the same package."""
    others = [one for one in lock.packages if one.name != package.name]
    return msgspec.structs.replace(lock, packages=tuple(sorted([*others, package])))
