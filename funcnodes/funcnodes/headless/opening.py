"""A `.fnw` file becomes a worker of a base folder: held, or trusted by the word of who asked.

Owns the new worker's settings and what its environment asks for. Judging and unpacking the file is done by a
program of the worker's rooms; nothing of the flow is imported, installed or run here. The manager finds the
worker when it is first named to it.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.trust import TrustRecord, vouch
from funcnodes_worker.home.unpacking import PortGiven, Unpacked, UnpackProblem, UnpackWish
from funcnodes_worker.home.worker_config import (
    DEFAULT_AUTOSTART,
    Autostart,
    WorkerConfig,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome, make_uuid

from funcnodes.environment.manifest import new_manifest, requirement, with_requirement

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
    if wish.in_venv and told.packages:
        text = new_manifest()
        for package in told.packages:
            text = with_requirement(text, requirement(package.package, package.version))
        write_atomically(home.project_file, text.encode(), mode=0o644)
    if wish.trusted:
        vouch(home, TrustRecord(snapshot=told.digest))
    config = WorkerConfig(
        uuid=home.uuid,
        name=wish.name,
        env_path=str(home.venv) if wish.in_venv else None,
        autostart=wish.autostart,
        package_dependencies={package.package: package for package in told.packages},
        extra=dict(wish.notes),
    )
    # Last: with this file the worker exists.
    write_worker_config(home, config)


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
