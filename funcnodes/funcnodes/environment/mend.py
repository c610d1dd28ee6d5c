"""What a crash left half done in a worker's environments, put right before anything else happens there.

Owns the undoing of packages that were being added. What was decided is completed by `state.switch`, and what
nobody refers to is removed by `state.remove_unused`.
"""

from __future__ import annotations

import asyncio

from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment import state
from funcnodes.environment.errors import ProvisionFailed
from funcnodes.environment.installer import Installer
from funcnodes.environment.plan import read_lock
from funcnodes.environment.state import Standing


async def mend(home: WorkerHome, installer: Installer) -> None:
    """Return when the worker's environments hold what was decided, or are replaced by some that do."""
    home.environments.mkdir(parents=True, exist_ok=True)
    half = state.half_added(home)
    if half is not None:
        environment, packages = half
        if not _is_decided(home, packages):
            try:
                await installer.uninstall(environment, packages)
            except ProvisionFailed:
                # Killed in the middle of a package: what is left of it can be neither removed nor trusted.
                await _build_again(home, installer)
        state.added_is_undone(home)
    await asyncio.to_thread(state.remove_unused, home)


def being_added(home: WorkerHome) -> frozenset[str]:
    """Return the packages that lie in an environment and are not part of it: their adding was not decided."""
    half = state.half_added(home)
    return frozenset() if half is None or _is_decided(home, half[1]) else frozenset(half[1])


def _is_decided(home: WorkerHome, packages: list[str]) -> bool:
    # The decision is written first, this note removed second; a crash in between leaves both.
    head = state.head(home)
    return head is not None and set(packages) <= {package.name for package in read_lock(head.lock)}


async def _build_again(home: WorkerHome, installer: Installer) -> None:
    """Build what is to stand once more, beside what stands; it takes effect at the next start."""
    standing = state.head(home)
    if standing is None:
        return
    fresh = Standing(standing.project, standing.lock, state.free_name(home, standing.lock))
    with state.planning(home, standing.project, standing.lock) as folder:
        place = state.folder_of(home, fresh)
        await installer.sync(folder, place, wanted="the environment", say=_silent, only_add=False)
    state.decide(home, fresh)


def _silent(_line: str) -> None:
    """Mending is not progress."""
