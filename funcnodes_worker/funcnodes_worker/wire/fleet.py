"""A worker as the manager shows it to browser and command line.

Owns the records. Does not know where they come from (`supervisor`) nor who is sent them (`server/manager`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

PhaseWord = Literal[
    "created", "provisioning", "starting", "running", "stopping", "stopped", "waiting", "failed"
]


class RunningNode(msgspec.Struct, frozen=True):
    """A node that has run for more than a second."""

    node: str
    since: float
    """Seconds since the epoch."""
    name: str = ""
    """What people call it; empty when that is not known."""


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the manager knows about one worker."""

    uuid: str
    name: str | None
    phase: PhaseWord
    reason: str
    """Why it is in this phase: the cause of a crash with its evidence, what is waited for."""
    host: str | None
    port: int | None
    tls: bool = False
    """Whether its server speaks TLS."""
    pid: int | None
    autostart: str
    env_path: str | None
    package_dependencies: dict[str, dict[str, str | None]]
    running_node: RunningNode | None
    deaf: bool
    """It has not answered for three seconds. Offer to kill and restart it."""
    held: list[str] = []
    """Nodes that are kept from running, since their runs ended the worker twice."""
    safe: bool = False
    """It was started without running anything."""


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's processes use right now."""

    cpu: float
    """Percent of one processor, all its processes together."""
    memory: int
    """Resident bytes."""
    threads: int
    uptime: float
    """Seconds since its process began."""


class ProgressNote(msgspec.Struct, frozen=True, kw_only=True):
    """How far something has come. An empty message means: back to normal."""

    message: str = ""
    status: Literal["info", "success", "error"] = "info"
    progress: float = 1.0
    blocking: bool = False
    workerid: str | None = None
