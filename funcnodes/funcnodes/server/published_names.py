"""Published names for who programs with the manager: `WorkerManager`, `assert_worker_manager_running`.

The manager is a program of its own (`funcnodes startworkermanager`); here is only how to have one stand.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from funcnodes_worker.home.base import Base, prepare_base, resolve_base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from funcnodes.server.client import is_alive

_LOOK_S = 0.05
# The same on Windows, where there are no sessions.
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class WorkerManager:
    """The name of the manager's class elsewhere. Not made by calling it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(
            "the worker manager is a program of its own; start it with 'funcnodes startworkermanager', or "
            "have one stand with 'await assert_worker_manager_running()'"
        )


@dataclass(frozen=True)
class WorkerManagerConnection:
    """Where the manager of the base folder listens."""

    host: str
    port: int


class ManagerNotReady(RuntimeError):
    """Raised when a manager was started and did not get ready in time."""

    def __init__(self, waited_s: float, log: str) -> None:
        super().__init__()
        self.waited_s, self.log = waited_s, log

    def __str__(self) -> str:
        return f"the manager did not get ready within {self.waited_s:.0f} s; {self.log} may say why"


async def assert_worker_manager_running(
    retry_interval: float = 1.0,
    termination_wait: float = 10.0,
    max_retries: int = 5,
    host: str | None = None,
    port: int | None = None,
    ssl: bool | None = None,
    debug: bool = False,
) -> WorkerManagerConnection:
    """Return where the manager of the base folder listens; it is started when none stands, and goes on.

    Waits `max_retries` times `retry_interval` and `termination_wait` on top. `ssl` and `debug` are taken for
    the sake of old programs and say nothing.
    """
    base = resolve_base()
    if not _stands(base):
        await asyncio.to_thread(_start, base, host, port)
    waited = max_retries * retry_interval + termination_wait
    deadline = time.monotonic() + waited
    # Another program's file is watched: there is no event for it, so we look, up to a limit.
    while (address := _stands(base)) is None:
        if time.monotonic() > deadline:
            raise ManagerNotReady(waited, str(base.logs / "manager.out"))
        await asyncio.sleep(_LOOK_S)
    return address


def _stands(base: Base) -> WorkerManagerConnection | None:
    address = read_supervisor_file(base)
    return WorkerManagerConnection(address.host, address.port) if address and is_alive(address) else None


def _start(base: Base, host: str | None, port: int | None) -> None:
    prepare_base(base)
    base.logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "funcnodes", "--dir", str(base.folder), "startworkermanager"]
    command += [] if host is None else ["--host", host]
    command += [] if port is None else ["--port", str(port)]
    with (base.logs / "manager.out").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=_NEW_GROUP,
        )
    # It goes on when we end; should it end first, somebody has to take note, or it stays as a zombie.
    threading.Thread(target=process.wait, name="waits for the manager", daemon=True).start()
