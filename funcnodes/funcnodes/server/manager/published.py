"""The requests of the published manager protocol: bare words, and JSON with a `type`.

Owns their meaning in terms of the supervisor, and the order of answers a published client counts on. Every
request is answered, also one that fails; upstream leaves some without.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from funcnodes_worker.home.run_state import read_run_text
from funcnodes_worker.home.worker_config import (
    DEFAULT_AUTOSTART,
    BadAutostart,
    WorkerConfigBroken,
    read_autostart,
)
from funcnodes_worker.home.worker_home import BadWorkerUuid
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.wire.fleet import ProgressNote

from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.server.manager.client import ManagerClient
from funcnodes.server.manager.published_shapes import progress_message, worker_json, worker_status_message
from funcnodes.supervisor.errors import UnknownWorker, WishRefused
from funcnodes.supervisor.registry import NewWorker, WorkerExists

WORDS = frozenset({"ping", "identify", "worker_status", "new_worker", "stop"})
REQUESTS = frozenset({"set_active", "restart_worker", "stop_worker", "delete_worker", "new_worker"})
_RELAY_EVERY_S = 0.5
_KNOWN_PROBLEMS = (
    UnknownWorker,
    WishRefused,
    EnvironmentProblem,
    WorkerExists,
    BadWorkerUuid,
    BadAutostart,
    WorkerConfigBroken,
    OSError,
)


class NewWorkerKwargs(msgspec.Struct, frozen=True):
    """What a published client may say about a new worker; other keys are passed over, never passed on."""

    name: str | None = None
    uuid: str | None = None
    reference: str | None = None
    copyLib: bool = False  # noqa: N815 - the name on the wire
    copyNS: bool = False  # noqa: N815 - the name on the wire
    in_venv: bool | None = None
    autostart: str | bool | None = None
    workertype: str | None = None


def read_request(text: str) -> tuple[str, dict[str, Any]] | None:
    """Return a published request and its fields, or None when the text is none of this dialect."""
    word = text.strip()
    if word in WORDS:
        return word, {}
    try:
        content: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    if not isinstance(content, dict):
        return None
    fields = cast("dict[str, Any]", content)
    kind = fields.get("type")
    return (kind, fields) if isinstance(kind, str) and kind in REQUESTS else None


async def serve(client: ManagerClient, request: str, fields: dict[str, Any]) -> None:
    """Do what a published client asked for, and answer it."""
    if not client.caller.may(Right.VIEW if request in ("ping", "identify", "worker_status") else Right.ADMIN):
        client.send_json({"type": "error", "message": f"this session may not {request}"})
        return
    try:
        await _HANDLERS[request](client, fields)
    except (*_KNOWN_PROBLEMS, msgspec.ValidationError) as problem:
        _progress(client, str(problem), 1.0, status="error")
        client.send_json({"type": "error", "message": str(problem)})
        _reset(client)


async def _ping(client: ManagerClient, _fields: dict[str, Any]) -> None:
    client.send(Frame(b"pong"))


async def _identify(client: ManagerClient, _fields: dict[str, Any]) -> None:
    client.send_json({"class": "WorkerManager", "py": sys.executable})


async def _worker_status(client: ManagerClient, _fields: dict[str, Any]) -> None:
    client.send(Frame(worker_status_message(client.office.supervisor, client.host)))


async def _stop(client: ManagerClient, _fields: dict[str, Any]) -> None:
    _progress(client, "Stopping the worker manager", 0.0)
    client.office.request_stop(False)


async def _new_worker(client: ManagerClient, fields: dict[str, Any]) -> None:
    supervisor = client.office.supervisor
    kwargs = msgspec.convert(fields.get("kwargs") or {}, NewWorkerKwargs, strict=False)
    if kwargs.workertype not in (None, "WSWorker"):
        raise WishRefused(f"there is no worker type {kwargs.workertype!r}; the type is 'WSWorker'")
    uuid = await supervisor.new_worker(
        NewWorker(
            name=kwargs.name,
            uuid=kwargs.uuid,
            in_venv=supervisor.default_in_venv if kwargs.in_venv is None else kwargs.in_venv,
            autostart=DEFAULT_AUTOSTART if kwargs.autostart is None else read_autostart(kwargs.autostart),
            reference=kwargs.reference,
            copy_lib=kwargs.copyLib,
            copy_graph=kwargs.copyNS,
        )
    )
    client.send_json({"type": "worker_created", "uuid": uuid})
    _reset(client)


async def _set_active(client: ManagerClient, fields: dict[str, Any]) -> None:
    supervisor = client.office.supervisor
    uuid = _worker_id(fields)
    member = supervisor.member(uuid)
    _progress(client, "Looking for the worker", 0.1)
    if member.status().phase != "running":
        _progress(client, "Starting the worker", 0.4)
    start = asyncio.ensure_future(supervisor.start(uuid))
    try:
        told = ""
        while not start.done():
            await asyncio.wait((start,), timeout=_RELAY_EVERY_S)
            text = read_run_text(member.home)
            if text and text != told and not start.done():
                told = text
                _progress(client, text, 0.5)
        await start
    finally:
        start.cancel()
    _progress(client, "Contacting the worker", 0.5)
    client.send_json({"type": "set_worker", "data": worker_json(member, client.host)})
    _reset(client)


async def _stop_worker(client: ManagerClient, fields: dict[str, Any]) -> None:
    _progress(client, "Stopping the worker", 0.1)
    await client.office.supervisor.stop(_worker_id(fields))
    _reset(client)


async def _restart_worker(client: ManagerClient, fields: dict[str, Any]) -> None:
    uuid = _worker_id(fields)
    _progress(client, "Restarting the worker", 0.1)
    await client.office.supervisor.restart(uuid)
    member = client.office.supervisor.member(uuid)
    client.send_json({"type": "set_worker", "data": worker_json(member, client.host)})
    _reset(client)


async def _delete_worker(client: ManagerClient, fields: dict[str, Any]) -> None:
    uuid = _worker_id(fields)
    _progress(client, "Deleting the worker", 0.1)
    await client.office.supervisor.delete(uuid)
    client.send_json({"type": "worker_deleted", "uuid": uuid})
    _reset(client)


_HANDLERS: dict[str, Callable[[ManagerClient, dict[str, Any]], Awaitable[None]]] = {
    "ping": _ping,
    "identify": _identify,
    "worker_status": _worker_status,
    "stop": _stop,
    "new_worker": _new_worker,
    "set_active": _set_active,
    "stop_worker": _stop_worker,
    "restart_worker": _restart_worker,
    "delete_worker": _delete_worker,
}


def _worker_id(fields: dict[str, Any]) -> str:
    uuid = fields.get("workerid")
    return uuid if isinstance(uuid, str) else ""


def _progress(client: ManagerClient, message: str, fraction: float, *, status: Any = "info") -> None:
    note = ProgressNote(message=message, progress=fraction, status=status, blocking=status == "info")
    client.send(Frame(progress_message(note)))


def _reset(client: ManagerClient) -> None:
    client.send(Frame(progress_message(ProgressNote())))
