"""Where the things of one worker stand, and which names a worker may have.

Owns the uuid rule and every path of a worker. Does not know what is in the files (`worker_config`, `store`).
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from pathlib import Path

import msgspec

from funcnodes_worker.home.base import Base

_SLUG_SIZE = 16
_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_PREFIX, _SUFFIX = "worker_", ".json"


class BadWorkerUuid(ValueError):
    """Raised for an id that cannot be the name of files: it would reach outside its folder or collide."""

    def __init__(self, uuid: str) -> None:
        super().__init__()
        self.uuid = uuid

    def __str__(self) -> str:
        return f"{self.uuid[:80]!r} cannot be a worker's id; use up to 128 letters, digits, '-' and '_'"


def make_uuid(name: str | None = None) -> str:
    """Return a new id: `wet-lab-2_<16 hex>` for the name "Wet Lab #2", 32 hex without a name."""
    slug = _slug(name or "")
    return f"{slug}_{secrets.token_hex(8)}" if slug else secrets.token_hex(16)


def check_uuid(uuid: str) -> str:
    """Return the id, or raise `BadWorkerUuid`: it becomes part of paths that are later deleted."""
    if not _UUID.fullmatch(uuid):
        raise BadWorkerUuid(uuid)
    return uuid


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_SIZE].rstrip("-")


class WorkerHome(msgspec.Struct, frozen=True):
    """One worker's place in a base folder. Making one touches no disk; a bad id is refused."""

    base: Base
    uuid: str

    def __post_init__(self) -> None:
        """Refuse an id that would leave the folder."""
        check_uuid(self.uuid)

    def _file(self, ending: str) -> Path:
        return self.base.workers / f"{_PREFIX}{self.uuid}{ending}"

    @property
    def config_file(self) -> Path:
        """The worker's settings; with it the worker exists, without it it does not."""
        return self._file(".json")

    @property
    def config_lock(self) -> Path:
        """Held while the settings are read and rewritten, by manager or worker."""
        return self.folder / "settings.lock"

    @property
    def pid_file(self) -> Path:
        """The published pid file: written for others to read, never believed by us."""
        return self._file(".p")

    @property
    def runstate_file(self) -> Path:
        """The published word for what the worker does: written for others to read."""
        return self._file(".runstate")

    @property
    def folder(self) -> Path:
        """Everything else of the worker."""
        return self._file("")

    @property
    def marker(self) -> Path:
        """Which node runs now (`wire/marker`)."""
        return self.folder / "marker"

    @property
    def run_record(self) -> Path:
        """The process last launched for this worker (`run_state`)."""
        return self.folder / "run.json"

    @property
    def ends_file(self) -> Path:
        """How its processes ended, a line each; written by the supervisor."""
        return self.folder / "ends.jsonl"

    @property
    def stopped_mark(self) -> Path:
        """There as long as the last word was stop; written by the supervisor."""
        return self.folder / "stopped"

    @property
    def nodespace_file(self) -> Path:
        """The snapshot of the graph."""
        return self.folder / "nodespace.json"

    @property
    def journal_file(self) -> Path:
        """The history of the graph; written by the worker's store."""
        return self.folder / "journal.sqlite3"

    @property
    def trust_file(self) -> Path:
        """What a user has trusted in this folder (`home/trust`)."""
        return self.folder / "trust.json"

    @property
    def files(self) -> Path:
        """The user's files."""
        return self.folder / "files"

    @property
    def local_scripts(self) -> Path:
        """Python files of the user that the worker can import."""
        return self.folder / "local_scripts"

    @property
    def log_file(self) -> Path:
        """What the worker says about itself."""
        return self.folder / "worker.log"

    @property
    def crash_file(self) -> Path:
        """Where the interpreter says what ran when native code crashed it."""
        return self.folder / "crash.log"

    @property
    def output_file(self) -> Path:
        """What the process wrote to stdout and stderr: the last words of one that died."""
        return self.folder / "output.log"

    @property
    def project_file(self) -> Path:
        """What the environment is made from."""
        return self.folder / "pyproject.toml"

    @property
    def lock_file(self) -> Path:
        """What the environment resolves to."""
        return self.folder / "uv.lock"

    @property
    def flow_lock_file(self) -> Path:
        """The versions the flow came with (`flow_lock`); they count until a lock of its own stands."""
        return self.folder / "pylock.toml"

    @property
    def environments(self) -> Path:
        """All environments built for this worker, by the hash of their lock."""
        return self.folder / "environments"

    @property
    def venv(self) -> Path:
        """The link to the current environment."""
        return self.folder / ".venv"


def find_workers(base: Base) -> list[WorkerHome]:
    """Return the homes of all workers in this base folder, in the order of their ids."""
    found = (file.name[len(_PREFIX) : -len(_SUFFIX)] for file in base.workers.glob(f"{_PREFIX}*{_SUFFIX}"))
    return [WorkerHome(base, uuid) for uuid in sorted(found) if _UUID.fullmatch(uuid)]
