"""What a test sees of an environment: what is installed, what is on disk, what was told meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from funcnodes.environment import state
from funcnodes_worker.home.worker_home import WorkerHome

_DYING = """
import asyncio, os, sys
from pathlib import Path
from funcnodes.environment.provision import Provisioner
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome
folder, uuid, package, version, place = sys.argv[1:]
faults = lambda reached: os._exit(9) if reached == place else None
home = WorkerHome(Base(Path(folder)), uuid)
provisioner = Provisioner(home.base, faults=faults)
asyncio.run(provisioner.install(home, package, version or None, lambda message, fraction: None))
"""


class Heard:
    """The progress of one installation."""

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []

    def __call__(self, message: str, fraction: float) -> None:
        self.said.append((message, fraction))

    @property
    def messages(self) -> str:
        return "\n".join(message for message, _ in self.said)


async def install_and_die(home: WorkerHome, package: str, version: str, place: str) -> None:
    """Install in a process that ends without a word where it comes to this place."""
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DYING, str(home.base.folder), home.uuid, package, version, place
    )
    assert await dying.wait() == 9, place


def run(python: Path, code: str) -> str:
    return subprocess.run(
        [python, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def versions(home: WorkerHome) -> dict[str, str]:
    """What is really installed in the worker's current environment."""
    # Read as its interpreter would, without starting that: some hundred times in these tests.
    packages = state.site_packages(state.python_of(home).parent.parent)
    found = distributions(path=[str(packages)])
    return {one.name.replace("_", "-"): one.version for one in found}


def disk(home: WorkerHome) -> tuple[object, ...]:
    """Everything that must be as it was after a failure."""
    left = sorted(entry.name for entry in home.environments.iterdir())
    return (state.head(home), home.project_file.read_text(), home.lock_file.read_text(), versions(home), left)
