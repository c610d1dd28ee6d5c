"""The workers of a base folder as files: found, made, removed.

Owns what is written when a worker is made, and what is removed with it. Does not know processes.
"""

from __future__ import annotations

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.trust import TrustRecord, read_trust, vouch
from funcnodes_worker.home.worker_config import (
    DEFAULT_AUTOSTART,
    UPDATES,
    Autostart,
    WorkerConfig,
    read_worker_config,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome, find_workers, make_uuid

from funcnodes.environment.manifest import new_manifest
from funcnodes.supervisor import unfinished
from funcnodes.supervisor.cloning import copy_graph
from funcnodes.supervisor.ends import carry_suspects
from funcnodes.supervisor.errors import NotTrusted


class WorkerExists(ValueError):
    """Raised when a worker is to be made under an id that is taken."""

    def __init__(self, uuid: str) -> None:
        super().__init__()
        self.uuid = uuid

    def __str__(self) -> str:
        return f"there is a worker with the id {self.uuid!r} already; nothing was changed"


class NewWorker(msgspec.Struct, frozen=True):
    """What somebody wants to have made."""

    name: str | None = None
    uuid: str | None = None
    in_venv: bool = True
    autostart: Autostart = DEFAULT_AUTOSTART
    reference: str | None = None
    """The worker to copy from."""
    copy_lib: bool = False
    copy_graph: bool = False
    python: str | None = None
    """The Python of its environment, like "3.12"; None for the manager's own."""


class Registry:
    """The folders and settings of all workers of a base folder."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def find(self) -> list[WorkerHome]:
        """Return the homes of all workers."""
        return find_workers(self._base)

    def make(self, wish: NewWorker) -> tuple[WorkerHome, WorkerConfig]:
        """Return the home and settings of a new worker. Its environment is not built yet."""
        home = WorkerHome(self._base, wish.uuid or make_uuid(wish.name))
        if home.config_file.exists() or home.folder.exists():
            raise WorkerExists(home.uuid)
        reference = None if wish.reference is None else WorkerHome(self._base, wish.reference)
        trust = None if reference is None else read_trust(reference)
        if reference is not None and (wish.copy_lib or wish.copy_graph) and trust is None:
            raise NotTrusted(reference.uuid)
        library = read_worker_config(reference) if reference and wish.copy_lib else None
        with unfinished.making(home):
            home.folder.mkdir(parents=True)
            home.files.mkdir()
            if reference is not None and wish.copy_graph:
                copy_graph(reference, home)
                carry_suspects(reference, home)
            if wish.python is not None and wish.in_venv:
                write_atomically(home.project_file, new_manifest(wish.python).encode(), mode=0o644)
            # Made by a user's word: what is in it was trusted where it comes from, and else there is nothing.
            vouch(home, trust if trust is not None and wish.copy_graph else TrustRecord())
            config = WorkerConfig(
                uuid=home.uuid,
                name=wish.name or None,
                env_path=str(home.venv) if wish.in_venv else None,
                autostart=wish.autostart,
                update_on_startup=dict.fromkeys(UPDATES, True),
                package_dependencies={} if library is None else library.package_dependencies,
                left_out=() if library is None else library.left_out,
            )
            # Last: with this file the worker exists.
            write_worker_config(home, config)
        return home, config

    def remove(self, home: WorkerHome) -> None:
        """Remove the worker's files and folder. What its settings call `data_path` is never touched."""
        unfinished.remove(home)

    def begin(self) -> None:
        """Take away what an earlier manager was killed over. Called once, before `find`."""
        unfinished.take_away(self._base)
