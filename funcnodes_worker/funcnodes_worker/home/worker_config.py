"""The settings of one worker: `worker_<uuid>.json`, in the published shape.

Owns reading (liberal: legacy keys, missing keys, unknown keys kept), writing (mode 0600, whole or not at
all), and the lock that lets manager and worker both change their own fields. Does not know who runs (`pid` is
never believed).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.limits import Limits, read_limits
from funcnodes_worker.home.turn import turn_at
from funcnodes_worker.home.worker_home import WorkerHome

Autostart = Literal["never", "on-failure", "unless-stopped", "always"]
AUTOSTARTS: tuple[Autostart, ...] = ("never", "on-failure", "unless-stopped", "always")
DEFAULT_AUTOSTART: Autostart = "on-failure"
"""A worker that somebody started is healed; nobody starts it unasked. The original knows no such policy: its
clients are shown "never" for it, which says the same of the manager's start."""
UPDATES: tuple[str, ...] = ("funcnodes", "funcnodes-core", "funcnodes-worker")


class PackageWish(msgspec.Struct, frozen=True):
    """A module the worker is to have: its distribution and, if the user named one, a version."""

    package: str
    version: str | None = None
    path: str | None = None
    """The source folder that it is linked from, for one in development. Never taken from an archive."""


class WorkerConfigBroken(Exception):
    """Raised when a worker's settings file cannot be read."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__()
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return (
            f"the worker's settings {self.file} cannot be read ({self.problem}); repair or remove that file"
        )


class BadAutostart(ValueError):
    """Raised for an autostart policy that does not exist."""

    def __init__(self, given: object) -> None:
        super().__init__()
        self.given = given

    def __str__(self) -> str:
        return f"{self.given!r} is no autostart policy; use one of {', '.join(AUTOSTARTS)}"


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's settings. The order of the fields is the order in the file."""

    type: str = "WSWorker"
    uuid: str
    name: str | None = None
    data_path: str | None = None
    env_path: str | None = None
    """Absolute path of the `.venv`; None means the worker runs with the manager's interpreter."""
    worker_dependencies: dict[str, Any] = {}
    package_dependencies: dict[str, PackageWish] = {}
    pid: int | None = None
    autostart: Autostart = DEFAULT_AUTOSTART
    update_on_startup: dict[str, bool] = {}
    host: str | None = None
    port: int | None = None
    ssl: bool = False
    limits: Limits = Limits()
    """What the worker may use of its machine; ours alone, written only when there is any."""
    left_out: tuple[str, ...] = ()
    """Packages of every worker that its user removed: their nodes are not in its library. Ours alone."""
    extra: dict[str, Any] = {}
    """Keys we do not know; they are written back as they came."""

    @property
    def in_venv(self) -> bool:
        """Whether the worker has an environment of its own."""
        return self.env_path is not None

    def as_json(self) -> dict[str, Any]:
        """Return the published form: what stands in the file."""
        known = msgspec.to_builtins(self)
        known.pop("extra")
        if not self.limits.are_set:
            known.pop("limits")
        if not self.left_out:
            known.pop("left_out")
        for wish in known["package_dependencies"].values():
            if wish["path"] is None:
                del wish["path"]
        return {**known, **self.extra}


_FIELDS = frozenset(WorkerConfig.__struct_fields__) - {"extra"}


def read_autostart(given: object) -> Autostart:
    """Return the policy meant by a word or, in old files and commands, a boolean or null."""
    if given is None or given is False:
        return "never"
    if given is True:
        return "unless-stopped"
    for policy in AUTOSTARTS:
        if given == policy:
            return policy
    raise BadAutostart(given)


def read_worker_config(home: WorkerHome) -> WorkerConfig:
    """Return the worker's settings; raise `FileNotFoundError` when there is no such worker."""
    try:
        content = home.config_file.read_bytes()
        return config_from_json(home.uuid, msgspec.json.decode(content, type=dict[str, Any]))
    except FileNotFoundError:
        raise
    # ValueError: a bad policy, and what is no text; RecursionError: lists in lists without end.
    except (msgspec.MsgspecError, ValueError, RecursionError, OSError) as problem:
        raise WorkerConfigBroken(home.config_file, str(problem)) from problem


def write_worker_config(home: WorkerHome, config: WorkerConfig) -> None:
    """Put the settings on disk. Only for a worker that is being made; later use `change_worker_config`."""
    home.folder.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(config.as_json()), indent=2)
    write_atomically(home.config_file, content, mode=0o600)


def change_worker_config(home: WorkerHome, change: Callable[[WorkerConfig], WorkerConfig]) -> WorkerConfig:
    """Return the settings after `change`, applied to what stands on disk now and written if it differs."""
    # Manager (packages, environment) and worker (port, name) change the same file. Without the lock the later
    # writer would bring back the old value of the other's field. `change` is quick: the lock is held for one
    # small write.
    if not home.config_file.exists():
        raise FileNotFoundError(
            home.config_file
        )  # before the lock, which would make the folder of a deleted worker
    with turn_at(home.config_lock):
        before = read_worker_config(home)
        after = change(before)
        if after != before:
            write_worker_config(home, after)
    return after


def config_from_json(uuid: str, saved: dict[str, Any]) -> WorkerConfig:
    """Return settings from the published form. The id comes from the file's name, which alone is believed."""
    return WorkerConfig(
        type=_text(saved.get("type")) or "WSWorker",
        uuid=uuid,
        name=_text(saved.get("name")),
        data_path=_text(saved.get("data_path")),
        env_path=_text(saved.get("env_path")),
        worker_dependencies=_dependencies(saved.get("worker_dependencies")),
        package_dependencies={**_shelves(saved.get("shelves_dependencies")), **_packages(saved)},
        pid=_number(saved.get("pid")),
        autostart=read_autostart(saved.get("autostart", DEFAULT_AUTOSTART)),
        update_on_startup=_flags(saved.get("update_on_startup")),
        host=_text(saved.get("host")),
        port=_number(saved.get("port")),
        ssl=saved.get("ssl") is True,
        limits=read_limits(saved.get("limits")),
        left_out=_names(saved.get("left_out")),
        extra={
            key: value for key, value in saved.items() if key not in _FIELDS and key != "shelves_dependencies"
        },
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _names(saved: object) -> tuple[str, ...]:
    given = cast("list[object]", saved) if isinstance(saved, list) else []
    return tuple(name for name in given if isinstance(name, str))


def _flags(saved: object) -> dict[str, bool]:
    flags: dict[str, bool] = dict.fromkeys(UPDATES, True)
    if isinstance(saved, dict):
        flags.update({str(key): bool(value) for key, value in cast("dict[object, object]", saved).items()})
    return flags


def _dependencies(saved: object) -> dict[str, Any]:
    if isinstance(saved, dict):
        return cast("dict[str, Any]", saved)
    if isinstance(saved, list):
        # Old files hold a list of modules, as text or as objects with a "module".
        return {_module(entry): entry for entry in cast("list[Any]", saved)}
    return {}


def _module(entry: object) -> str:
    return str(cast("dict[str, object]", entry).get("module")) if isinstance(entry, dict) else str(entry)


def _packages(saved: dict[str, Any]) -> dict[str, PackageWish]:
    given = saved.get("package_dependencies")
    if not isinstance(given, dict):
        return {}
    return {key: _package(key, value) for key, value in cast("dict[str, object]", given).items()}


def _package(key: str, saved: object) -> PackageWish:
    if not isinstance(saved, dict):
        return PackageWish(key, _text(saved))
    entry = cast("dict[str, object]", saved)
    path = _text(entry.get("path"))
    return PackageWish(_text(entry.get("package")) or key, _text(entry.get("version")), path)


def _shelves(saved: object) -> dict[str, PackageWish]:
    """Return the wishes of a file older than `package_dependencies`."""
    if isinstance(saved, dict):
        saved = list(cast("dict[str, object]", saved).values())
    if not isinstance(saved, list):
        return {}
    wishes: dict[str, PackageWish] = {}
    for entry in cast("list[object]", saved):
        if not isinstance(entry, dict):
            continue
        shelf = cast("dict[str, object]", entry)
        module = _text(shelf.get("module"))
        package = _text(shelf.get("package")) or (module and module.replace("_", "-"))
        if package:
            wishes[package] = PackageWish(package, _text(shelf.get("version")))
    return wishes
