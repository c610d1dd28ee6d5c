"""A worker that is being made or removed: noted, so that no manager that is killed leaves half of it.

Owns the notes. One stands outside the worker's folder for as long as what is there must not stay; the next
manager takes it all away. Blocking.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import time
from collections.abc import Generator
from pathlib import Path

from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import BadWorkerUuid, WorkerHome

LOGGER = logging.getLogger(__name__)
_PREFIX = ".unfinished_"
_PAUSES_S = (0.01, 0.05, 0.2, 0.5, 1.0)
"""Before the next try; together a bit more than compiling the largest of modules takes."""
_LONGEST_S = 10.0
"""How long we go on beside somebody who removes the same files."""


@contextlib.contextmanager
def making(home: WorkerHome) -> Generator[None]:
    """Make a worker while the block runs: all of it or, when the block fails or is killed, nothing."""
    note = home.base.workers / f"{_PREFIX}{home.uuid}"
    note.touch()
    try:
        yield
    except BaseException:
        remove(home)
        raise
    note.unlink()


def remove(home: WorkerHome) -> None:
    """Remove the worker's files and folder. What its settings call `data_path` is never touched."""
    note = home.base.workers / f"{_PREFIX}{home.uuid}"
    note.touch()
    home.config_file.unlink(missing_ok=True)
    home.pid_file.unlink(missing_ok=True)
    home.runstate_file.unlink(missing_ok=True)
    if home.folder.is_symlink():
        # Somebody keeps the folder elsewhere: the link goes, what it leads to stays.
        home.folder.unlink()
    else:
        _remove_folder(home.folder)
    note.unlink()


def _remove_folder(folder: Path) -> None:
    """Remove all of a folder, also while somebody else still writes or removes in it."""
    # Compiling bytecode goes on when the manager that asked for it is killed, and clearing away a former
    # environment when its task is called off. Both find nothing more to do once the files are gone.
    for pause in _PAUSES_S:
        try:
            _remove_what_is_there(folder)
            return
        except OSError as problem:
            if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
        time.sleep(pause)
    _remove_what_is_there(folder)


def _remove_what_is_there(folder: Path) -> None:
    # Somebody who removes as well takes a file away before us again and again; each time there is less.
    until = time.monotonic() + _LONGEST_S
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise


def take_away(base: Base) -> None:
    """Remove what earlier managers were killed over. Called once, before any worker is looked for."""
    for note in sorted(base.workers.glob(f"{_PREFIX}*")):
        try:
            remove(WorkerHome(base, note.name.removeprefix(_PREFIX)))
        except (OSError, BadWorkerUuid) as problem:
            LOGGER.warning("what %s speaks of cannot be taken away: %s", note, problem)
