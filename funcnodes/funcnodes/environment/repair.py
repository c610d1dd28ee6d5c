"""Building an environment once more from its lock, beside the one that is broken.

Owns which lock can be used as it stands, and the check of what was built. When the new one takes effect is
its caller's (`provision`).
"""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import msgspec
from funcnodes_worker.disk.faults import Faults
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment import manifest, state
from funcnodes.environment.damage import damaged
from funcnodes.environment.errors import InstallerFailed
from funcnodes.environment.installer import Installer
from funcnodes.environment.origin import own_build
from funcnodes.environment.plan import read_lock
from funcnodes.environment.progress import Progress
from funcnodes.environment.state import Standing

WANTED = "the worker's environment"


class Repaired(msgspec.Struct, frozen=True):
    """What was wrong with an environment that has been built once more."""

    damaged: dict[str, list[str]]
    """Packages with files missing or altered, as their records tell."""


async def rebuild(
    base: Base, installer: Installer, home: WorkerHome, progress: Progress, faults: Faults
) -> Repaired:
    """Build the worker's environment again, exactly as its lock says; it takes effect at the next start."""
    progress.stage("Looking at the environment", 0.05, 0.2)
    before = state.head(home)
    project = state.text_of(home.project_file) if before is None else before.project
    lock = state.text_of(home.lock_file) if before is None else before.lock
    wrong = {} if before is None else await _damage(state.folder_of(home, before), before.lock)
    build = await asyncio.to_thread(own_build, base.cache)
    text = manifest.with_origin(project or manifest.new_manifest(), build.wheels)
    exact = project is not None and lock is not None and is_exact(text, lock)
    with state.planning(home, project if exact and project else text, lock) as folder:
        if not exact:
            await installer.lock(folder, wanted=WANTED, upgrade=(), say=progress.say)
        resolved = (folder / "uv.lock").read_text(encoding="utf-8")
        standing = Standing(
            (folder / "pyproject.toml").read_text(encoding="utf-8"), resolved, state.free_name(home, resolved)
        )
        place = state.folder_of(home, standing)
        progress.stage("Building the environment again", 0.2, 0.9)
        try:
            await installer.sync(folder, place, wanted=WANTED, say=progress.say, only_add=False)
            faults("repair:built")
            await _make_whole(installer, folder, place, resolved, progress)
            faults("repair:checked")
            state.decide(home, standing)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(state.remove_unused, home))
            raise
    faults("repair:decided")
    return Repaired(wrong)


def is_exact(text: str, lock: str) -> bool:
    """Whether a lock can be used as it stands: for this Python, and our five packages lie where it says."""
    try:
        document = tomllib.loads(lock)
        packages = {package.name: package for package in read_lock(lock)}
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return False
    if document.get("requires-python") != manifest.required_python(text):
        return False
    ours = [packages.get(name) for name in (*manifest.ALWAYS, *manifest.OURS)]
    present = [package for package in ours if package is not None]
    return len(present) > len(manifest.ALWAYS) and all(
        package.path is not None and Path(package.path).is_file() for package in present
    )


async def _make_whole(installer: Installer, folder: Path, place: Path, lock: str, progress: Progress) -> None:
    """Fetch again what is damaged in a fresh environment as well: it came from a cache that is."""
    wrong = await _damage(place, lock)
    if not wrong:
        return
    progress.say(f"Fetching {', '.join(wrong)} again")
    await installer.sync(folder, place, wanted=WANTED, say=progress.say, only_add=False, afresh=tuple(wrong))
    still = await _damage(place, lock)
    if still:
        files = next(iter(still.values()))
        raise InstallerFailed(next(iter(still)), f"fetched again, it is still not whole ({files[0]}).")


async def _damage(environment: Path, lock: str) -> dict[str, list[str]]:
    names = [package.name for package in read_lock(lock)]
    return await asyncio.to_thread(damaged, state.site_packages(environment), names)
