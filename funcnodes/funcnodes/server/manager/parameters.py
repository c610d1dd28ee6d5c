"""What the JSON-RPC methods of the manager are asked with, as typed records.

Owns the names and defaults on the wire. Which method takes which stands in `methods`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from funcnodes_worker.rpc.gate import RightWord


class OfWorker(msgspec.Struct, frozen=True):
    """Which worker is meant."""

    workerid: str


class StartParams(msgspec.Struct, frozen=True):
    """Which worker is to run, and whether its graph is to."""

    workerid: str
    safe: bool = False


class EndsParams(msgspec.Struct, frozen=True):
    """Whose ends, and how many of the last."""

    workerid: str
    limit: int = 20


class LogParams(msgspec.Struct, frozen=True):
    """Whose log, how many of its last lines, and whether to tell what comes."""

    workerid: str
    lines: Annotated[int, msgspec.Meta(ge=0)] = 200
    follow: bool | None = None
    """True: new lines are told from now on. False: no more."""


class WatchParams(msgspec.Struct, frozen=True):
    """Whether to tell."""

    on: bool = True


class LimitsParams(msgspec.Struct, frozen=True):
    """Whose limits, and which; sizes as bytes or as text like "4 GB"."""

    workerid: str
    limits: dict[str, float | int | str | None]


class SettingsParams(msgspec.Struct, frozen=True):
    """Whose settings, and what is to be another; what is not given stays."""

    workerid: str
    name: str | None = None
    autostart: str | bool | None = None


class GrantParams(msgspec.Struct, frozen=True):
    """What a token is to open."""

    right: RightWord
    worker: str | None = None
    """The uuid of the only worker it opens."""
    lasts_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    name: str = ""


class WhichGrant(msgspec.Struct, frozen=True):
    """Which token is meant."""

    id: str


class NewWorkerParams(msgspec.Struct, frozen=True):
    """What a new worker is to be like."""

    name: str | None = None
    in_venv: bool | None = None
    autostart: str | bool | None = None
    uuid: str | None = None
    reference: str | None = None
    copy_lib: bool = False
    copy_graph: bool = False
    python: str | None = None
    """Of its environment, like "3.12"; without it the manager's own."""


class CloneParams(msgspec.Struct, frozen=True):
    """Which worker is to be there once more, under which name."""

    workerid: str
    name: str
    with_files: bool = True


class InstallParams(msgspec.Struct, frozen=True):
    """Which package, in which version, for which worker."""

    workerid: str
    package: str
    version: str | None = None


class RemoveParams(msgspec.Struct, frozen=True):
    """Which package of which worker."""

    workerid: str
    package: str


class PackageParams(msgspec.Struct, frozen=True):
    """A package, and in which version."""

    package: str
    version: str | None = None


class ChangeParams(msgspec.Struct, frozen=True):
    """What is to change in a worker's environment, all of it or nothing."""

    workerid: str
    install: list[PackageParams] = []
    remove: list[str] = []
    upgrade: list[str] | bool = False
    """Packages to bring to the newest release that fits; true is all of them."""


class UpgradeParams(msgspec.Struct, frozen=True):
    """Which packages of which worker; without any, all."""

    workerid: str
    packages: list[str] | None = None


class CatalogParams(msgspec.Struct, frozen=True):
    """For which worker; without one, for the manager's own environment."""

    workerid: str | None = None


class StopParams(msgspec.Struct, frozen=True):
    """Whether the workers end too."""

    workers: bool = False


class RepairParams(msgspec.Struct, frozen=True):
    """A worker, and what its flow's environment may be where it cannot be had as it was made."""

    workerid: str
    versions: Literal["exact", "nearest", "none"] | None = None
