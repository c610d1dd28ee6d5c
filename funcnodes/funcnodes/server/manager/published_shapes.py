"""The shapes of the published manager protocol: how the fleet looks to an original client.

Owns the forms and the rewriting of hosts. Does not know requests (`published`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from funcnodes_worker.rpc.hosts import is_every_interface, is_loopback
from funcnodes_worker.wire.fleet import ProgressNote

from funcnodes.fleet.phases import Phase
from funcnodes.supervisor.member import Member
from funcnodes.supervisor.supervisor import Supervisor


def seen_host(stored: str | None, asked_by: str) -> str:
    """Return the host under which a client that reached us as `asked_by` reaches a worker on this machine."""
    host = stored or ""
    # What a worker may be bound to that means nothing to somebody elsewhere.
    return asked_by if is_loopback(host) or is_every_interface(host) else host


def worker_json(member: Member, host: str) -> dict[str, Any]:
    """Return a worker's settings as published, with the address as this client reaches it."""
    status = member.status()
    published = member.config.as_json()
    published["host"] = seen_host(status.host, host)
    published["port"] = status.port
    published["pid"] = status.pid
    if member.config.autostart == "on-failure":
        published["autostart"] = "never"  # The nearest word the original's clients know.
    return published


def worker_status_message(supervisor: Supervisor, host: str) -> bytes:
    """Return the published list of workers: both arrays, always."""
    active: list[dict[str, Any]] = []
    inactive: list[dict[str, Any]] = []
    for status in supervisor.statuses():
        group = active if status.phase == Phase.RUNNING else inactive
        group.append(worker_json(supervisor.member(status.uuid), host))
    return msgspec.json.encode({"type": "worker_status", "active": active, "inactive": inactive})


def progress_message(note: ProgressNote) -> bytes:
    """Return published progress; an empty message tells the client to go back to normal."""
    fields = {"message": note.message, "status": note.status, "progress": note.progress}
    return msgspec.json.encode({"type": "progress", **fields, "blocking": note.blocking})
