"""A `.fnw` file becomes a worker of a base folder: held, or trusted by the word of who asked.

Owns the new worker's settings and what its environment asks for. Judging and unpacking the file is done by a
program of the worker's rooms; nothing of the flow is imported, installed or run here. The manager finds the
worker when it is first named to it.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base, read_config
from funcnodes_worker.home.flow_lock import read_flow_lock
from funcnodes_worker.home.trust import TrustRecord, vouch
from funcnodes_worker.home.unpacking import PortGiven, Unpacked, UnpackProblem, UnpackWish
from funcnodes_worker.home.worker_config import (
    DEFAULT_AUTOSTART,
    Autostart,
    PackageWish,
    WorkerConfig,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome, make_uuid

from funcnodes.environment.as_made import EXACT, NEAREST, VERSIONS
from funcnodes.environment.local import find_local, local_paths
from funcnodes.environment.manifest import new_manifest
from funcnodes.environment.request import wanted_by

UNPACK = "funcnodes_worker.process.unpack"
"""The program that reads the file."""


class FlowRefused(Exception):
    """Raised when a file is no flow that can be opened; nothing was made. `str()` is the sentence."""


class NotInFlow(FlowRefused):
    """Raised when a node or port that was named is not in the flow, or cannot be set."""


@dataclass(frozen=True)
class OpenWish:
    """How a file is to be opened."""

    file: Path
    name: str
    uuid: str | None = None
    trusted: bool = False
    """Whether who asks gives the word that it may run; without it the flow is held."""
    in_venv: bool = True
    autostart: Autostart = DEFAULT_AUTOSTART
    values: Sequence[tuple[PortGiven, Any]] = ()
    outputs: Sequence[PortGiven] = ()
    versions: str = EXACT
    """Whether the environment is to be as the flow's lock says, or `NEAREST` to it."""
    notes: tuple[tuple[str, Any], ...] = ()
    """Further keys for the worker's settings."""


@dataclass(frozen=True)
class OpenedFlow:
    """A worker that was made from a file."""

    home: WorkerHome
    told: Unpacked


async def open_flow(base: Base, wish: OpenWish) -> OpenedFlow:
    """Return the new worker, not started; raise `FlowRefused` when the file is not taken."""
    home = WorkerHome(base, wish.uuid or make_uuid(wish.name))
    if home.folder.exists() or home.config_file.exists():
        raise FlowRefused(f"there is a worker {home.uuid!r} already; nothing was changed")
    base.workers.mkdir(parents=True, exist_ok=True)
    told = await _unpack(home, wish.file, wish.values, wish.outputs)
    try:
        _settle(home, wish, told)
    except BaseException:
        shutil.rmtree(home.folder, ignore_errors=True)
        raise
    return OpenedFlow(home, told)


async def changed_flow(
    home: WorkerHome, wish: OpenWish, target: Path, values: Sequence[tuple[PortGiven, Any]]
) -> Unpacked:
    """Write the flow with other values into another file; return what is in it."""
    return await _unpack(home, wish.file, values, wish.outputs, target)


def _settle(home: WorkerHome, wish: OpenWish, told: Unpacked) -> None:
    packages = told.packages
    if told.lock is not None:
        # Kept as it came: its environment is built from it once the flow is trusted, and it goes out again.
        write_atomically(home.flow_lock_file, told.lock.encode(), mode=0o600)
        packages = [_linked_here(package, told.lock, home.base) for package in packages]
    if wish.in_venv and packages:
        text = new_manifest()
        for wanted in map(wanted_by, filter(_is_to_be_had(told.lock), packages)):
            text = wanted.edit(text)
        write_atomically(home.project_file, text.encode(), mode=0o644)
    if wish.trusted:
        vouch(home, TrustRecord(snapshot=told.digest))
    config = WorkerConfig(
        uuid=home.uuid,
        name=wish.name,
        env_path=str(home.venv) if wish.in_venv else None,
        autostart=wish.autostart,
        package_dependencies={package.package: package for package in packages},
        extra={**dict(wish.notes), **({VERSIONS: NEAREST} if wish.versions == NEAREST else {})},
    )
    # Last: with this file the worker exists.
    write_worker_config(home, config)


def _linked_here(wish: PackageWish, lock: str, base: Base) -> PackageWish:
    """Return the wish for a module that was linked where the flow was made, with our folder of it if any."""
    if wish.package not in read_flow_lock(lock).linked:
        return wish
    folders = local_paths(read_config(base).raw)
    place = next((str(one.path) for one in find_local(folders) if one.name == wish.package), None)
    return PackageWish(wish.package, None, place)


def _is_to_be_had(lock: str | None) -> Callable[[PackageWish], bool]:
    # The index would give somebody else's package for a name that was a folder on another machine.
    linked = {} if lock is None else read_flow_lock(lock).linked
    return lambda wish: wish.path is not None or wish.package not in linked


async def _unpack(
    home: WorkerHome,
    file: Path,
    values: Sequence[tuple[PortGiven, Any]],
    outputs: Sequence[PortGiven],
    target: Path | None = None,
) -> Unpacked:
    if not await asyncio.to_thread(file.is_file):
        raise FlowRefused(f"there is no file {file}")
    wish = UnpackWish(
        file=str(file),
        base=str(home.base.folder),
        uuid=home.uuid,
        target=None if target is None else str(target),
        values=list(values),
        outputs=list(outputs),
    )
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        UNPACK,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await program.communicate(msgspec.json.encode(wish))
    if program.returncode == 0:
        return msgspec.json.decode(said, type=Unpacked)
    try:
        refusal = msgspec.json.decode(said, type=UnpackProblem)
    except msgspec.DecodeError:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError(f"the program that reads flows failed: {' '.join(last)}") from None
    raise (NotInFlow if refusal.is_about_ports else FlowRefused)(refusal.problem)
