"""The environment a flow was made with, on this machine: the same versions, or what of them cannot be had.

Owns the comparison of what the flow's lock names with what can be resolved here, and the order of looking:
what is cached first, so that nothing is asked of a network that is not needed or not there. What is resolved
lands in a `uv.lock` like any other; building it is `provision`'s.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from funcnodes_worker.home.flow_lock import FlowLock, LockDamaged, lock_of, read_flow_lock
from funcnodes_worker.home.worker_config import WorkerConfig, change_worker_config, read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from packaging.markers import InvalidMarker, Marker

from funcnodes.environment import manifest, state
from funcnodes.environment.errors import (
    Conflict,
    NoNetwork,
    NotAsMade,
    NotCached,
    PackageNotFound,
    ProvisionFailed,
)
from funcnodes.environment.installer import Installer
from funcnodes.environment.plan import Package
from funcnodes.environment.progress import Progress

WANTED = "the environment of this flow"
VERSIONS = "versions"
"""The key of a worker's settings under which its user's choice stands."""
EXACT, NEAREST, NONE = "exact", "nearest", "none"
CHOICES = (EXACT, NEAREST, NONE)
"""As made; what comes nearest; without an environment of its own."""


def made_with(home: WorkerHome) -> FlowLock | None:
    """Return the versions a worker's flow came with, as long as no lock of its own stands."""
    if home.lock_file.exists() or (text := state.text_of(home.flow_lock_file)) is None:
        return None
    try:
        return read_flow_lock(text)
    except LockDamaged as problem:
        return FlowLock(python=None, problem=str(problem))


def is_exact_wanted(home: WorkerHome) -> bool:
    """Tell whether only the very versions will do: nobody has chosen the nearest ones."""
    with contextlib.suppress(FileNotFoundError):
        return read_worker_config(home).extra.get(VERSIONS) != NEAREST
    return True


def choose_versions(home: WorkerHome, choice: str) -> WorkerConfig:
    """Write down what a user chose for the environment of a flow; return the settings."""

    def chosen(config: WorkerConfig) -> WorkerConfig:
        extra = {key: value for key, value in config.extra.items() if key != VERSIONS}
        if choice == NEAREST:
            extra[VERSIONS] = NEAREST
        place = None if choice == NONE else str(home.venv)
        return msgspec.structs.replace(config, extra=extra, env_path=place)

    return change_worker_config(home, chosen)


async def suited(installer: Installer, text: str, lock: FlowLock) -> tuple[str, list[str]]:
    """Return the manifest for the Python of the lock, and what of the lock has no place on this machine."""
    missing: list[str] = []
    if lock.problem is not None:
        missing.append(f"the lock in its file is damaged: {lock.problem}")
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if lock.python not in (None, manifest.chosen_python(text) or own):
        there = {python.minor for python in await installer.pythons()}
        if lock.python in there:
            text = manifest.with_python(text, lock.python)
        else:
            missing.append(f"it needs Python {lock.python}, and there is {', '.join(sorted(there))}")
    asked = manifest.names(text)
    missing += [
        f"{name} was taken from a folder or an address of the machine it was made on, and is not here"
        for name in sorted(lock.linked)
        if name not in asked
    ]
    return text, missing


async def resolve_as_made(
    installer: Installer,
    folder: Path,
    lock: FlowLock,
    missing: Sequence[str],
    *,
    exactly: bool,
    progress: Progress,
) -> None:
    """Write a `uv.lock` with the versions of the flow's lock; raise `NotAsMade` when others would be taken.

    `missing` is what is known to be missing before. Without `exactly` the nearest versions will do.
    """
    if exactly and lock.problem is not None:
        # It names no versions that could be compared.
        _refuse([*missing], lock)
    search = _Search(installer, folder, lock, progress)
    cached = await search.cached()
    if cached == []:
        # The very versions, and no network was needed to know.
        _refuse([*missing] if exactly else [], lock)
        return
    try:
        if installer.is_offline:
            raise NoNetwork("working offline, as UV_OFFLINE says")
        found = await search.everywhere()
    except NoNetwork as problem:
        if cached is not None and not exactly:
            search.take_cached()
            return
        raise NotCached(await search.uncached(), problem.detail, missing) from problem
    except (PackageNotFound, Conflict) as problem:
        raise NotAsMade([*missing, problem.explanation], is_nearest_possible=False) from problem
    _refuse([*missing, *found] if exactly else [], lock)


def _refuse(missing: list[str], lock: FlowLock) -> None:
    if not missing:
        return
    # May be the reason for what is missing.
    where = [] if is_for_here(lock) else [f"it was made on another platform ({lock.environments[0]})"]
    raise NotAsMade([*missing, *where])


class _Search:
    """Resolving twice, from the same beginning: once from what is cached, once from everywhere."""

    def __init__(self, installer: Installer, folder: Path, lock: FlowLock, progress: Progress) -> None:
        self._installer, self._lock, self._progress = installer, lock, progress
        self._file = folder / "uv.lock"
        self._folder = folder
        self._seed = seed_of(lock, manifest.required_python((folder / "pyproject.toml").read_text("utf-8")))
        self._cached: str | None = None

    async def cached(self) -> list[str] | None:
        """Return what differs when only the cache is asked; None when it does not have enough."""
        try:
            await self._resolve(offline=True)
        except ProvisionFailed:
            return None
        self._cached = self._file.read_text(encoding="utf-8")
        return list(deviations(self._lock, self._found()))

    async def everywhere(self) -> list[str]:
        """Return what differs when the index may be asked."""
        await self._resolve(offline=False)
        return list(deviations(self._lock, self._found()))

    def take_cached(self) -> None:
        """Let what was resolved from the cache stand."""
        assert self._cached is not None
        self._file.write_text(self._cached, encoding="utf-8")

    async def uncached(self) -> list[str]:
        """Return the packages of the lock that the cache does not have."""
        if self._cached is not None:
            there = {(package.name, package.version) for package in _read(self._cached).packages}
            names = {name for name, _ in there}
            packages = [package for package in self._lock.packages if package.name in names]
            return [f"{p.name} {p.version}" for p in packages if (p.name, p.version) not in there]
        packages = [Package(package.name, package.version) for package in self._lock.packages]
        absent = set(await self._installer.absent(packages))
        return [str(package) for package in packages if package.name in absent]

    async def _resolve(self, *, offline: bool) -> None:
        self._file.write_text(self._seed, encoding="utf-8")
        say = self._progress.say
        await self._installer.lock(self._folder, wanted=WANTED, upgrade=(), say=say, offline=offline)

    def _found(self) -> FlowLock:
        return _read(self._file.read_text(encoding="utf-8"))


def _read(uv_lock: str) -> FlowLock:
    found = lock_of(uv_lock)
    assert found is not None, "an installer wrote a lock that is none"
    return found


def seed_of(lock: FlowLock, python: str) -> str:
    """Return a `uv.lock` that only says which versions to hold; a resolver takes them where it can."""
    lines = ["version = 1", f'requires-python = "{python}"']
    for package in lock.packages:
        # Which index they come from is this machine's to say; uv looks there and not here.
        place = '{ registry = "https://index.invalid/simple" }'
        lines += ["", "[[package]]", f'name = "{package.name}"', f'version = "{package.version}"']
        lines.append(f"source = {place}")
    return "\n".join(lines) + "\n"


def deviations(wanted: FlowLock, found: FlowLock) -> Iterator[str]:
    """Give what was resolved otherwise than the flow's lock says, as sentences.

    What is not needed here (for another platform, or by another release of ours) is no deviation.
    """
    there = {package.name: package for package in found.packages}
    for package in wanted.packages:
        present = there.get(package.name)
        if present is None:
            continue
        if present.version != package.version:
            yield (
                f"{package.name} {package.version} is not to be had for this Python and platform"
                f" ({present.version} would take its place)"
            )
            continue
        for file in sorted(package.files.keys() & present.files.keys()):
            if package.files[file] != present.files[file]:
                yield f"the file {file} is not the one it was made with: its hash is another"


def is_for_here(lock: FlowLock) -> bool:
    """Tell whether a lock was resolved for this platform, or for any."""
    return not lock.environments or any(map(_holds, lock.environments))


def _holds(text: str) -> bool:
    try:
        return Marker(text).evaluate()
    except InvalidMarker:
        return False
