"""A worker once more: graph with history and suspects, files, and what its environment is made from.

Owns what is copied, and that a worker which goes on working meanwhile is copied as of one moment. The
environment itself is built anew from the lock (`environment/provision`). Blocking.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.trust import read_trust, vouch
from funcnodes_worker.home.worker_config import WorkerConfig, read_worker_config, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment.state import Standing
from funcnodes.supervisor.ends import carry_suspects
from funcnodes.supervisor.errors import NotTrusted, WishRefused
from funcnodes.supervisor.unfinished import making

_TRIES = 20


def clone_into(
    reference: WorkerHome, home: WorkerHome, name: str, standing: Standing | None, *, with_files: bool
) -> WorkerConfig:
    """Make the new worker's folder from the other one's; return its settings. A failure leaves nothing."""
    trust = read_trust(reference)
    if trust is None:
        raise NotTrusted(reference.uuid)
    config = read_worker_config(reference)
    with making(home):
        home.folder.mkdir(parents=True)
        home.files.mkdir()
        copy_graph(reference, home)
        carry_suspects(reference, home)
        if standing is not None:
            write_atomically(home.project_file, standing.project, mode=0o644)
            write_atomically(home.lock_file, standing.lock, mode=0o644)
        _copy_folders(reference, home, ["local_scripts", *(["files"] if with_files else [])])
        # What was trusted there is trusted here, and nothing else: the record names a line of history.
        vouch(home, trust)
        cloned = msgspec.structs.replace(
            config,
            uuid=home.uuid,
            name=name,
            data_path=None,
            env_path=str(home.venv) if config.in_venv else None,
            pid=None,
            host=None,
            port=None,
        )
        # Last: with this file the worker exists.
        write_worker_config(home, cloned)
    return cloned


def copy_graph(reference: WorkerHome, home: WorkerHome) -> None:
    """Copy snapshot and journal as they stand together at one moment."""
    for _ in range(_TRIES):
        before = _content(reference.nodespace_file)
        with contextlib.suppress(FileNotFoundError):
            _copy_database(reference.journal_file, home.journal_file)
        # The worker may have written its snapshot while the journal was copied. The pair would then be one
        # that no crash can leave, and could be taken for a graph that somebody put there.
        if _content(reference.nodespace_file) == before:
            if before is not None:
                write_atomically(home.nodespace_file, before, mode=0o600)
            return
    raise WishRefused(f"worker {reference.uuid} saves its graph without a pause; stop it, then clone it")


def _copy_database(source: Path, target: Path) -> None:
    if not source.exists():
        return
    # No other part of a manager needs it.
    import sqlite3

    target.unlink(missing_ok=True)
    # SQLite's own copying: a plain copy of the file would miss what is only in its log yet.
    try:
        with (
            contextlib.closing(
                sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=10)
            ) as reading,
            contextlib.closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
    except sqlite3.Error as problem:
        raise WishRefused(f"the history of the graph cannot be copied: {problem}") from problem
    target.chmod(0o600)


def _copy_folders(reference: WorkerHome, home: WorkerHome, names: Iterable[str]) -> None:
    for name in names:
        source = reference.folder / name
        if source.is_dir():
            # Links stay links: what they lead to is another's.
            shutil.copytree(source, home.folder / name, symlinks=True, dirs_exist_ok=True)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
