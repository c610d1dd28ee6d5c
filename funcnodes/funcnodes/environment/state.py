"""What stands in a worker's folder: the current environment, the one to come, and the one to go back to.

Owns `pyproject.toml`, `uv.lock`, the link `.venv` and the records in `environments/`. A change is decided by
one file written whole (`next.json`): before it everything is as it was, after it the change is completed by
whoever comes next. Does not know how environments are built (`provision`). Blocking; call it in a thread
where that matters.

    environments/<hash of uv.lock>/   environments, built where they stay
    environments/planning/            a plan under work; of no value once nobody works on it
    environments/next.json            decided; takes effect when the worker starts
    environments/previous.json        what stood before, until the worker has said hello from the new one
    environments/adding.json          packages being added to the current environment right now
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from funcnodes_worker.disk.atomic import move, write_atomically
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment.errors import NoEnvironment

PLANNING = "planning"
_Record = TypeVar("_Record", bound=msgspec.Struct)


class Standing(msgspec.Struct, frozen=True):
    """An environment and what it is made from."""

    project: str
    lock: str
    environment: str
    """The name of its folder in `environments/`."""


class _Adding(msgspec.Struct, frozen=True):
    environment: str
    packages: list[str]


def python_in(environment: Path) -> Path:
    """Return where the interpreter of an environment lies."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def site_packages(environment: Path) -> Path:
    """Return the folder an environment's packages are installed in."""
    if sys.platform == "win32":
        return environment / "Lib" / "site-packages"
    # An environment may have another Python than ours.
    found = sorted((environment / "lib").glob("python3.*/site-packages"))
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return found[0] if found else environment / "lib" / own / "site-packages"


def text_of(file: Path) -> str | None:
    """Return what stands in a file, or None when it is not there."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def current(home: WorkerHome) -> Standing | None:
    """Return what stands now, or None when there is no environment of ours that can be used."""
    environment = _linked(home)
    if environment is None or not python_in(environment).exists():
        return None
    try:
        project = home.project_file.read_text(encoding="utf-8")
        lock = home.lock_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Standing(project, lock, environment.name)


def following(home: WorkerHome) -> Standing | None:
    """Return what is decided and takes effect at the next start."""
    return _read(home.environments / "next.json", Standing)


def head(home: WorkerHome) -> Standing | None:
    """Return what the next change builds upon: what is decided, else what stands."""
    return following(home) or current(home)


def folder_of(home: WorkerHome, standing: Standing) -> Path:
    """Return the folder of an environment."""
    return home.environments / standing.environment


def python_of(home: WorkerHome) -> Path:
    """Return the interpreter of the current environment, by its own path.

    Not through `.venv`: a worker started through the link would import the rest of its modules from another
    environment once the link is switched.
    """
    standing = current(home)
    if standing is None:
        raise NoEnvironment(home.folder)
    return python_in(folder_of(home, standing))


def coming_python_of(home: WorkerHome) -> Path:
    """Return the interpreter of the environment that the worker has from its next start on."""
    standing = head(home)
    if standing is None:
        raise NoEnvironment(home.folder)
    return python_in(folder_of(home, standing))


def free_name(home: WorkerHome, lock: str) -> str:
    """Return a name for a new environment: the hash of its lock, with a number if that is taken.

    It can be taken by the current one: packages added to it later are not in the lock it was named after.
    """
    name = hashlib.sha256(lock.encode()).hexdigest()[:16]
    names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(free for free in names if not (home.environments / free).exists())


def decide(home: WorkerHome, standing: Standing) -> None:
    """Make this the environment to come. The one moment at which a change becomes true."""
    home.environments.mkdir(parents=True, exist_ok=True)
    write_atomically(home.environments / "next.json", msgspec.json.encode(standing))
    (home.environments / "adding.json").unlink(missing_ok=True)


def switch(home: WorkerHome) -> bool:
    """Bring what is decided into effect; return whether anything was.

    Only while the worker is down, unless the environment stays the same. May be interrupted anywhere and
    called again.
    """
    coming, standing = following(home), current(home)
    if coming is None:
        return False
    previous = home.environments / "previous.json"
    # An older previous one stays: the environment between the two has never been proven by a hello.
    if standing is not None and standing.environment != coming.environment and not previous.exists():
        write_atomically(previous, msgspec.json.encode(standing))
    _take_effect(home, coming)
    return True


def settle(home: WorkerHome) -> None:
    """Forget the way back and remove what is of no use: the worker runs from the current environment."""
    (home.environments / "previous.json").unlink(missing_ok=True)
    if home.lock_file.exists():
        # From here on the worker's own lock says what its flow needs.
        home.flow_lock_file.unlink(missing_ok=True)
    remove_unused(home)


def revert(home: WorkerHome) -> bool:
    """Go back to what stood before the last switch; False if nothing did. Only while the worker is down."""
    previous = _read(home.environments / "previous.json", Standing)
    if previous is None:
        return False
    write_atomically(home.environments / "next.json", msgspec.json.encode(previous))
    _take_effect(home, previous)
    (home.environments / "previous.json").unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def planning(home: WorkerHome, project: str, lock: str | None) -> Generator[Path]:
    """Give a folder to resolve and install from; it is gone afterwards."""
    folder = home.environments / PLANNING
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    if lock is not None:
        (folder / "uv.lock").write_text(lock, encoding="utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def begin_adding(home: WorkerHome, environment: str, packages: Sequence[str]) -> None:
    """Note which packages are about to be added, so that a crash in between can be undone."""
    write_atomically(
        home.environments / "adding.json", msgspec.json.encode(_Adding(environment, list(packages)))
    )


def half_added(home: WorkerHome) -> tuple[Path, list[str]] | None:
    """Return the environment and the packages whose adding has begun and was never decided."""
    adding = _read(home.environments / "adding.json", _Adding)
    return None if adding is None else (home.environments / adding.environment, adding.packages)


def added_is_undone(home: WorkerHome) -> None:
    """Forget about packages that were to be added."""
    (home.environments / "adding.json").unlink(missing_ok=True)


def remove_unused(home: WorkerHome) -> None:
    """Remove plans and environments that nothing refers to: half-built ones and those of the past."""
    if not home.environments.is_dir():
        return
    standings = (current(home), following(home), _read(home.environments / "previous.json", Standing))
    used = {standing.environment for standing in standings if standing is not None}
    for entry in home.environments.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.name not in used:
            shutil.rmtree(entry, ignore_errors=True)


def _take_effect(home: WorkerHome, coming: Standing) -> None:
    write_atomically(home.lock_file, coming.lock, mode=0o644)
    write_atomically(home.project_file, coming.project, mode=0o644)
    target = home.environments / coming.environment
    if _linked(home) != target:
        _unlink(home.venv)
        _link(home.venv, target)
    (home.environments / "next.json").unlink(missing_ok=True)


def _linked(home: WorkerHome) -> Path | None:
    """Return the environment that `.venv` leads to, if it is one of ours."""
    try:
        target = home.venv.readlink()
    except OSError:
        return None
    return home.environments / target.name if target.parent.name == home.environments.name else None


def _unlink(link: Path) -> None:
    if not link.is_symlink() and link.is_dir() and not _is_junction(link):
        # A virtual environment of another program, at the place of our link. It is not ours to delete.
        move(link, link.with_name(f".venv.original-{os.urandom(4).hex()}"))
    elif _is_junction(link):
        link.rmdir()
    else:
        link.unlink(missing_ok=True)


def _link(link: Path, target: Path) -> None:
    if sys.platform == "win32":
        # A symbolic link needs a privilege there, a junction does not.
        import _winapi

        _winapi.CreateJunction(str(target), str(link))
    else:
        # Relative: a worker's folder can be looked at, copied and backed up as a whole.
        link.symlink_to(Path(target.parent.name) / target.name, target_is_directory=True)


def _is_junction(path: Path) -> bool:
    if sys.platform != "win32":
        return False
    try:
        return bool(path.lstat().st_reparse_tag)
    except OSError:
        return False


def _read(file: Path, kind: type[_Record]) -> _Record | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
