"""The base folder: where everything of a user lives, and its `config.json`.

Owns the choice of the folder, the paths directly in it, and the reading of the settings. Reading never
writes: the settings file belongs to the person who edits it. Does not know workers (`worker_home`) nor the
token (`token`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

ENVIRONMENT_VARIABLE = "FUNCNODES_CONFIG_DIR"
_PUBLISHED_DELAY_S = 0.01


class BaseProblem(Exception):
    """The base folder cannot be used as it is."""


class BaseUnwritable(BaseProblem):
    """Raised when the base folder can neither be made nor written to."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__()
        self.folder, self.problem = folder, problem

    def __str__(self) -> str:
        return (
            f"the base folder {self.folder} cannot be written ({self.problem}); nothing was changed. "
            f"Give another one with --dir, or set {ENVIRONMENT_VARIABLE}"
        )


class ConfigBroken(BaseProblem):
    """Raised when `config.json` cannot be read and its copy cannot help either."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__()
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return (
            f"the settings file {self.file} cannot be read ({self.problem}); it was left untouched. "
            "Repair it, or move it away to start with the defaults"
        )


class Base(msgspec.Struct, frozen=True):
    """A base folder and the paths in it. Making one touches no disk."""

    folder: Path

    @property
    def config_file(self) -> Path:
        """Settings, edited by people."""
        return self.folder / "config.json"

    @property
    def config_copy(self) -> Path:
        """The copy that is read when the first is broken."""
        return self.folder / "config.json.bu"

    @property
    def workers(self) -> Path:
        """The folder with all workers' settings and folders."""
        return self.folder / "workers"

    @property
    def logs(self) -> Path:
        """The folder of the manager's logs."""
        return self.folder / "logs"

    @property
    def cache(self) -> Path:
        """What can be made again: builds, locks, the module list."""
        return self.folder / "cache"

    @property
    def supervisor_lock(self) -> Path:
        """Whoever holds this lock owns the fleet."""
        return self.folder / "supervisor.lock"

    @property
    def supervisor_file(self) -> Path:
        """Where the owner of the fleet listens."""
        return self.folder / "supervisor.json"

    @property
    def token_file(self) -> Path:
        """The secret of this base folder."""
        return self.folder / "token"

    @property
    def trust_key_file(self) -> Path:
        """The secret that records of trust are sealed with (`home/trust`)."""
        return self.folder / "trust-key"

    @property
    def sessions_file(self) -> Path:
        """Hashes of the browser sessions."""
        return self.folder / "sessions.json"

    @property
    def codes_file(self) -> Path:
        """Hashes of the one-use codes that wait to be exchanged."""
        return self.folder / "codes.json"

    @property
    def grants_file(self) -> Path:
        """Hashes of tokens with less than all rights."""
        return self.folder / "grants.json"

    @property
    def links_lock(self) -> Path:
        """Held while sessions, codes or grants are read and rewritten."""
        return self.folder / "links.lock"


class Config(msgspec.Struct, frozen=True):
    """The settings in effect: what the file says, defaults for the rest."""

    manager_host: str = "localhost"
    manager_port: int = 9380
    frontend_host: str = "localhost"
    frontend_port: int = 8000
    frontend_url: str | None = None
    """The address by which browsers reach the editor through a proxy, with its path."""
    allowed_origins: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_trusted: Path | None = None
    """Certificates that our clients trust besides those of the system."""
    pretrigger_delay_s: float | None = None
    raw: Mapping[str, Any] = {}
    """The file as it stands, with every key we do not know."""
    notice: str | None = None
    """What a user should be told about the file, if anything."""


def resolve_base(directory: str | Path | None = None, environment: Mapping[str, str] | None = None) -> Base:
    """Return the base folder: the given one, else `FUNCNODES_CONFIG_DIR`, else `~/.funcnodes`."""
    environment = os.environ if environment is None else environment
    chosen = directory or environment.get(ENVIRONMENT_VARIABLE) or Path.home() / ".funcnodes"
    base = Base(Path(chosen).expanduser().absolute())
    moved = _moved_to(base)
    return base if moved is None else Base(moved)


def prepare_base(base: Base) -> None:
    """Make the base folder and its `workers` folder, or raise `BaseUnwritable`."""
    try:
        base.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        base.workers.mkdir(exist_ok=True)
    except OSError as problem:
        raise BaseUnwritable(base.folder, problem.strerror or str(problem)) from problem
    if not os.access(base.folder, os.W_OK | os.X_OK) or not os.access(base.workers, os.W_OK | os.X_OK):
        raise BaseUnwritable(base.folder, "no permission to write in it")


def read_config(base: Base) -> Config:
    """Return the settings in effect; the files stay as they are."""
    raw, notice = _read_either(base)
    manager, frontend, nodes, tls = (
        _section(raw, "worker_manager"),
        _section(raw, "frontend"),
        _section(raw, "nodes"),
        _section(raw, "tls"),
    )
    return Config(
        manager_host=_text(manager, "host", "localhost"),
        manager_port=_port(manager, 9380),
        frontend_host=_text(frontend, "host", "localhost"),
        frontend_port=_port(frontend, 8000),
        frontend_url=_text(frontend, "url", "") or None,
        allowed_origins=_texts(raw, "allowed_origins"),
        tls_certificate=_path(base, tls, "certificate"),
        tls_key=_path(base, tls, "key"),
        tls_trusted=_path(base, tls, "trusted"),
        pretrigger_delay_s=_delay(nodes),
        raw=raw,
        notice=notice,
    )


def _read_either(base: Base) -> tuple[dict[str, Any], str | None]:
    try:
        return _read(base.config_file), None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError) as problem:
        broken = problem
    try:
        copy = _read(base.config_copy)
    except (OSError, ValueError):
        raise ConfigBroken(base.config_file, str(broken)) from broken
    return (
        copy,
        f"{base.config_file} cannot be read ({broken}); its copy {base.config_copy.name} is used instead",
    )


def _read(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise ValueError(str(problem)) from problem


def _moved_to(base: Base) -> Path | None:
    # A broken file is reported by read_config, where its reader can answer; here it just moves nothing.
    try:
        moved = _read_either(base)[0].get("custom_config_dir")
    except BaseProblem:
        return None
    return Path(moved).expanduser().absolute() if isinstance(moved, str) and moved else None


def _section(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = raw.get(key)
    return cast("Mapping[str, Any]", section) if isinstance(section, dict) else {}


def _text(section: Mapping[str, Any], key: str, default: str) -> str:
    text = section.get(key)
    return text if isinstance(text, str) and text else default


def _path(base: Base, section: Mapping[str, Any], key: str) -> Path | None:
    """Return a path; a relative one begins at the base folder."""
    text = _text(section, key, "")
    return base.folder / Path(text).expanduser() if text else None


def _port(section: Mapping[str, Any], default: int) -> int:
    port = section.get("port")
    if isinstance(port, str) and port.isdecimal():
        port = int(port)
    return port if isinstance(port, int) and not isinstance(port, bool) and 0 <= port < 65536 else default


def _texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = raw.get(key)
    if not isinstance(texts, list):
        return ()
    return tuple(text for text in cast("list[object]", texts) if isinstance(text, str))


def _delay(nodes: Mapping[str, Any]) -> float | None:
    # The original wrote 0.01 there on every load, so nobody chose it: it counts as unset.
    delay = nodes.get("default_pretrigger_delay")
    if isinstance(delay, int | float) and not isinstance(delay, bool) and delay != _PUBLISHED_DELAY_S:
        return float(delay)
    return None
