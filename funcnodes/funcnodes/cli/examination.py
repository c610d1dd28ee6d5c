"""What may be wrong with a base folder and this installation, found by looking; nothing is changed.

Owns the checks of the installation, the folder, the manager and the workers; those of settings and ports are
rooms of their own. Each returns findings, and one that is not good says its cure. `cli/doctor` prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from funcnodes_worker.disk.lock import FileLock, LockHeld
from funcnodes_worker.home.base import Base, BaseProblem, read_config
from funcnodes_worker.home.run_state import read_run_record
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.trust import is_vouched
from funcnodes_worker.home.worker_config import WorkerConfig, WorkerConfigBroken, read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome, find_workers

from funcnodes.cli.examined_ports import ports_found
from funcnodes.cli.examined_settings import settings_found
from funcnodes.cli.finding import Finding
from funcnodes.environment import state
from funcnodes.environment.damage import damaged
from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.environment.manifest import OURS
from funcnodes.environment.plan import read_lock
from funcnodes.server.client import ManagerClient, ManagerGone, ManagerRefused, ManagerUnreachable, connect
from funcnodes.server.client import is_alive as is_manager_alive

THROW_AWAY = "throw_away"
"""In a worker's settings: the process that made it for one run and takes it away again."""
LITTLE_SPACE = 1_000_000_000
FULL = 100_000_000


async def examine(base: Base) -> list[Finding]:
    """Return everything that was found, in the order it was looked at."""
    found = [*await asyncio.to_thread(lambda: [*_installation(), *_folder(base)])]
    if any(one.level == "bad" and one.about == "base folder" for one in found):
        return found
    try:
        config = read_config(base)
    except BaseProblem as problem:
        return [*found, Finding("bad", "settings", str(problem), f"Repair or remove {base.config_file}.")]
    found += await asyncio.to_thread(lambda: [*settings_found(base, config)])
    statuses, manager = await _manager(base)
    found += manager
    found += await asyncio.to_thread(lambda: [*ports_found(base, config, is_up=statuses is not None)])
    for home in find_workers(base):
        found += await asyncio.to_thread(_worker_found, home, (statuses or {}).get(home.uuid))
    return found


def _installation() -> Iterator[Finding]:
    own = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("good", "Python", f"{own} at {sys.executable}")
    versions = {name: _version_of(name) for name in OURS}
    missing = [name for name, found in versions.items() if found is None]
    if missing:
        names = ", ".join(missing)
        yield Finding("bad", "packages", f"{names} are missing", f"{sys.executable} -m pip install {names}")
    elif len(set(versions.values())) > 1:
        said = ", ".join(f"{name} {found}" for name, found in versions.items())
        yield Finding(
            "bad", "packages", f"they are of different releases: {said}", "Install all five of one release."
        )
    else:
        yield Finding("good", "packages", f"all five are of release {versions['funcnodes']}")
    yield _uv()
    yield _editor()


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _uv() -> Finding:
    found = _version_of("uv")
    if found is not None:
        return Finding("good", "uv", found)
    return Finding(
        "odd",
        "uv",
        "it is not installed: environments are built by virtualenv and pip, which takes longer",
        f"{sys.executable} -m pip install uv",
    )


def _editor() -> Finding:
    from funcnodes_react_flow import BUILD_COMMAND, static_folder

    if static_folder() is not None:
        return Finding("good", "editor", "it is built")
    return Finding("odd", "editor", "the browser editor is not built", BUILD_COMMAND)


def _folder(base: Base) -> Iterator[Finding]:
    if not base.folder.exists():
        yield Finding("good", "base folder", f"{base.folder} does not exist yet; the first command makes it")
        return
    if not os.access(base.folder, os.W_OK | os.X_OK | os.R_OK):
        yield Finding(
            "bad",
            "base folder",
            f"{base.folder} may not be read and written by this user",
            f"Give it to this user (chown -R {_user()} {base.folder}), or choose another folder with --dir.",
        )
        return
    yield Finding("good", "base folder", str(base.folder))
    yield from _secrets(base)
    yield _disk(base)
    stop_file = base.folder / "kill_worker_manager"
    if stop_file.exists():
        yield Finding("odd", "stale file", f"{stop_file} stops the next manager at once", f"rm {stop_file}")


def _user() -> str:
    return os.environ.get("USER") or os.environ.get("USERNAME") or "me"


def _secrets(base: Base) -> Iterator[Finding]:
    files = (base.token_file, base.trust_key_file, base.sessions_file, base.codes_file, base.grants_file)
    open_to_others = [file for file in files if _is_open_to_others(file)]
    for file in open_to_others:
        yield Finding(
            "bad",
            "permissions",
            f"{file} holds secrets, and other users of this machine may read it",
            f"chmod 600 {file}; then take its secrets back: `funcnodes session revoke --all`",
        )
    if not open_to_others:
        yield Finding("good", "permissions", "nobody else may read the secrets")
    if _is_open_to_writers(base.folder):
        yield Finding(
            "bad",
            "permissions",
            f"other users of this machine may put files into {base.folder}",
            f"chmod go-w {base.folder}",
        )


def _is_open_to_others(file: Path) -> bool:
    if os.name == "nt":
        return False  # Windows has access lists; the folder of a user is closed to others.
    try:
        return bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False


def _is_open_to_writers(folder: Path) -> bool:
    return os.name != "nt" and bool(folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _disk(base: Base) -> Finding:
    free = shutil.disk_usage(base.folder).free
    shown = f"{free / 1e9:.1f} GB are free"
    if free >= LITTLE_SPACE:
        return Finding("good", "disk", shown)
    cure = "Free some space: `uv cache clean` empties the cache of packages, `worker delete` takes a worker."
    return Finding("bad" if free < FULL else "odd", "disk", f"only {shown}", cure)


# The manager


async def _manager(base: Base) -> tuple[dict[str, dict[str, Any]] | None, list[Finding]]:
    """Return the workers as the manager knows them, or None without one, and what is odd about it."""
    address = read_supervisor_file(base)
    with contextlib.suppress(ManagerGone, ManagerRefused, ManagerUnreachable):
        async with connect(base) as manager:
            statuses = await _statuses(manager)
            assert address is not None
            said = f"process {address.pid} at {address.host}:{address.port}"
            return statuses, [Finding("good", "manager", said)]
    holder = await asyncio.to_thread(_holder, base)
    if holder is not None:
        return None, [
            Finding(
                "bad",
                "manager",
                f"process {holder} holds this base folder and does not answer",
                f"End it: kill {holder}. Its workers go on, and the next manager finds them.",
            )
        ]
    if address is not None and not is_manager_alive(address):
        cure = "Nothing: the next manager takes its place and finds its workers."
        return None, [Finding("odd", "manager", "the last one ended without tidying up", cure)]
    return None, [Finding("good", "manager", "none runs; `funcnodes runserver` starts one")]


async def _statuses(manager: ManagerClient) -> dict[str, dict[str, Any]]:
    return {str(one["uuid"]): one for one in (await manager.call("status"))["workers"]}


def _holder(base: Base) -> int | str | None:
    if not base.supervisor_lock.exists():
        return None
    lock = FileLock(base.supervisor_lock)
    try:
        lock.acquire()
    except LockHeld as held:
        return held.pid or "of an unknown number"
    except OSError:
        return None
    lock.release()
    return None


# Workers


def _worker_found(home: WorkerHome, status: dict[str, Any] | None) -> list[Finding]:
    return list(_worker(home, status))


def _worker(home: WorkerHome, status: dict[str, Any] | None) -> Iterator[Finding]:
    try:
        config = read_worker_config(home)
    except FileNotFoundError:
        return
    except WorkerConfigBroken as problem:
        yield Finding("bad", f"worker {home.uuid}", str(problem), f"Repair or remove {home.config_file}.")
        return
    about = f"worker {config.name or home.uuid}"
    told = [one for check in _OF_A_WORKER for one in check(about, home, config, status)]
    yield from told
    if not told:
        phase = "no manager runs it" if status is None else str(status["phase"])
        yield Finding("good", about, phase)


def _failed(
    about: str, home: WorkerHome, config: WorkerConfig, status: dict[str, Any] | None
) -> Iterator[Finding]:
    del config
    if status is not None and status["phase"] == "failed":
        cure = f"See `funcnodes worker logs {home.uuid}`, then `funcnodes worker start {home.uuid} --safe`."
        yield Finding("bad", about, f"it does not run: {status['reason']}", cure)
    if status is not None and status["deaf"]:
        cure = f"`funcnodes worker kill {home.uuid}` ends it by force and starts it with its graph."
        yield Finding("bad", about, "it does not answer", cure)


def _held(
    about: str, home: WorkerHome, config: WorkerConfig, status: dict[str, Any] | None
) -> Iterator[Finding]:
    del config, status
    if home.folder.exists() and not is_vouched(home):
        cure = f"Look at it in the editor, then: funcnodes worker trust {home.uuid}"
        yield Finding("odd", about, "its flow is held, since it was not made here", cure)


def _environment(
    about: str, home: WorkerHome, config: WorkerConfig, status: dict[str, Any] | None
) -> Iterator[Finding]:
    del status
    if not config.in_venv or not is_vouched(home) or not home.venv.is_symlink():
        return
    cure = f"funcnodes worker repair {home.uuid}"
    try:
        python = state.python_of(home)
    except EnvironmentProblem:
        python = None
    if python is None or not python.exists():
        yield Finding("bad", about, f"its environment {home.venv} leads nowhere", cure)
        return
    found = sorted(python.parent.parent.glob("[Ll]ib*/**/site-packages/funcnodes_worker-*.dist-info"))
    release = found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else None
    if release is None:
        yield Finding("bad", about, "its environment has no funcnodes-worker", cure)
    elif release != _version_of("funcnodes-worker"):
        yield Finding("odd", about, f"its environment has release {release} of FuncNodes, not ours", cure)
    yield from _damaged(about, home, cure)


def _damaged(about: str, home: WorkerHome, cure: str) -> Iterator[Finding]:
    standing = state.head(home)
    if standing is None:
        return
    try:
        names = [package.name for package in read_lock(standing.lock)]
        wrong = damaged(state.site_packages(state.folder_of(home, standing)), names, by_size=True)
    except (EnvironmentProblem, OSError, ValueError, KeyError, TypeError):
        yield Finding("bad", about, "its environment cannot be read", cure)
        return
    for package, files in wrong.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        yield Finding("bad", about, f"its package {package} is damaged: {files[0]}{more}", cure)


def _left_over(
    about: str, home: WorkerHome, config: WorkerConfig, status: dict[str, Any] | None
) -> Iterator[Finding]:
    maker = config.extra.get(THROW_AWAY)
    if isinstance(maker, int) and not psutil.pid_exists(maker):
        cure = f"funcnodes worker delete {home.uuid} --yes"
        yield Finding("odd", about, "it was made for one run, which ended without taking it away", cure)
    if status is not None and status["pid"]:
        return
    record = read_run_record(home)
    if record is None and home.pid_file.exists():
        yield Finding(
            "odd", "stale file", f"{home.pid_file} names a process that does not run", f"rm {home.pid_file}"
        )


_OF_A_WORKER: tuple[
    Callable[[str, WorkerHome, WorkerConfig, dict[str, Any] | None], Iterator[Finding]], ...
] = (_failed, _held, _environment, _left_over)
