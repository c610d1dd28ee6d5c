"""The manager as a whole: lock, address, doors and fleet, opened and closed in this order.

Owns the way in and out. Does not print nor read a command line (`cli`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
import time
from collections.abc import AsyncGenerator, Collection, Generator
from socket import socket

# First, and only for what it does: it imports aiohttp for all others.
import funcnodes_worker.rpc.lean_start  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
import psutil
from aiohttp import web
from funcnodes_worker.disk.lock import FileLock, LockHeld
from funcnodes_worker.home.base import Base, prepare_base, read_config
from funcnodes_worker.home.supervisor_file import (
    SupervisorAddress,
    read_supervisor_file,
    remove_supervisor_file,
    write_supervisor_file,
)
from funcnodes_worker.home.tls import server_context, tls_of, trust_ours
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.rpc.gate import Gate
from funcnodes_worker.wire.control import granted_by

from funcnodes.environment.catalog import Catalog, list_url
from funcnodes.environment.local import local_paths
from funcnodes.environment.provision import Provisioner
from funcnodes.launch.local import LocalLauncher
from funcnodes.server.client import bearer, is_alive
from funcnodes.server.hub import Hub
from funcnodes.server.manager.addresses import FleetAddresses
from funcnodes.server.manager.app import Doors, build
from funcnodes.server.manager.client import ManagerClient
from funcnodes.server.manager.control import ControlDoor
from funcnodes.server.manager.log import manager_log
from funcnodes.server.manager.news import News
from funcnodes.server.manager.office import Office
from funcnodes.server.relay import Relay
from funcnodes.server.ui.listen import bind
from funcnodes.supervisor.access import AccessBook
from funcnodes.supervisor.carry_out import Ground
from funcnodes.supervisor.errors import BaseFolderInUse
from funcnodes.supervisor.registry import Registry
from funcnodes.supervisor.supervisor import Supervisor

LOGGER = logging.getLogger(__name__)
STOP_FILE = "kill_worker_manager"
_LOOK_FOR_STOP_FILE_S = 0.5
PASSING_S = 15.0
"""How long a manager waits for a command that holds the base folder for a moment, on a slow machine too."""
_LOOK_FOR_LOCK_S = 0.05
_LAST_ANSWERS_S = 60.0


class Manager:
    """A manager that owns a base folder. Made by `open_manager`."""

    def __init__(
        self, base: Base, supervisor: Supervisor, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self.base, self.supervisor = base, supervisor
        self.clients: Collection[ManagerClient] = ()
        """Who is connected to the manager's socket."""
        self.host, self.port, self.tls = host, port, tls
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._stops_workers = False

    def request_stop(self, workers: bool) -> None:
        """Ask the manager to end; with its workers, or leaving them. Callable from a signal handler."""
        self._stops_workers = self._stops_workers or workers
        self._loop.call_soon_threadsafe(self._stop.set)

    async def wait_stopped(self) -> None:
        """Return when somebody asked the manager to end; leaving the block ends it."""
        await self._stop.wait()

    async def end_workers_if_asked(self) -> None:
        """Return when the workers have ended, if that was asked for. Called once, when the block is left."""
        if self._stops_workers:
            await self.supervisor.stop_all()

    async def wait_answered(self, limit_s: float = _LAST_ANSWERS_S) -> None:
        """Return when nobody waits for an answer any more. Called by a command that is the manager, last."""
        deadline = time.monotonic() + limit_s
        # Rare, and over soon: a look now and then costs less than an event with each answer.
        while any(c.open_calls for c in self.clients) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_FOR_LOCK_S)


@contextlib.asynccontextmanager
async def open_manager(
    base: Base,
    *,
    host: str,
    port: int,
    no_auth: bool = False,
    owner_pid: int | None = None,
    autostart: bool = True,
    worker_program: tuple[str, ...] | None = None,
    passing: bool = False,
) -> AsyncGenerator[Manager]:
    """Own the fleet of this base folder while the block runs.

    Raises `BaseFolderInUse` when another process does, and `CannotListen` when the port is taken. Workers go
    on when the block is left, unless `request_stop(workers=True)` came before. `worker_program` is for tests.
    `passing`: a command that ends when it has its answer; it never waits for another, others wait for it.
    """
    prepare_base(base)
    config = read_config(base)
    lock = await _wait_owned(base, 0.0 if passing else PASSING_S)
    with _released(lock), manager_log(base):
        tls = server_context(tls_of(config))
        sockets = bind(host, port)
        try:
            access = AccessBook(base, config.allowed_origins)
            supervisor = Supervisor(_ground(base, no_auth, worker_program), access)
            bound = int(sockets[0].getsockname()[1])
            manager = Manager(base, supervisor, str(sockets[0].getsockname()[0]), bound, tls)
            gate = Gate(
                read_or_make_token(base), host=host, fixed_origins=config.allowed_origins, no_auth=no_auth
            )
            news = News(supervisor)
            manager.clients = news.clients
            relay = Relay(bearer(base), lambda: trust_ours(base))
            access.on_change(lambda: _renew(access, gate, news, relay))
            access.expire_as_time_goes(asyncio.get_running_loop().call_later)
            _renew(access, gate, news, relay)
            catalog = Catalog(base, list_url(config.raw), local_paths(config.raw))
            office = Office(supervisor, catalog, manager.request_stop, news.figures_watched)
            doors = Doors(office, news, ControlDoor(supervisor, access))
            app = build(doors, Hub(relay, FleetAddresses(supervisor)), gate)
            async with (
                supervisor.running(autostart=autostart),
                _served(app, sockets, tls),
                _address_written(manager, passing),
                _watched(manager, owner_pid),
            ):
                try:
                    yield manager
                finally:
                    await manager.end_workers_if_asked()
        finally:
            for one in sockets:
                one.close()


async def _wait_owned(base: Base, limit_s: float) -> FileLock:
    """Return the lock of the base folder, held; raise `BaseFolderInUse` when a manager that stays has it.

    A command that was the manager for a moment is waited for, as is a manager that opens or closes: both hold
    the lock without an address of their own.
    """
    lock, deadline = FileLock(base.supervisor_lock), time.monotonic() + limit_s
    while True:
        try:
            lock.acquire()
        except LockHeld as held:
            address = read_supervisor_file(base)
            stays = address is not None and not address.passing and is_alive(address)
            if stays or time.monotonic() >= deadline:
                host, port = (None, None) if address is None else (address.host, address.port)
                raise BaseFolderInUse(base.supervisor_lock, held.pid, host, port) from None
        else:
            return lock
        await asyncio.sleep(_LOOK_FOR_LOCK_S)


@contextlib.contextmanager
def _released(lock: FileLock) -> Generator[None]:
    try:
        yield
    finally:
        lock.release()


def _ground(base: Base, no_auth: bool, worker_program: tuple[str, ...] | None) -> Ground:
    options = ("--no-auth",) if no_auth else ()
    ground = Ground(Registry(base), LocalLauncher(), Provisioner(base), options)
    if worker_program is None:
        return ground
    return Ground(ground.registry, ground.launcher, ground.provisioner, options, worker_program)


def _renew(access: AccessBook, gate: Gate, news: News, relay: Relay) -> None:
    current = access.current
    gate.set_access(current.origins, current.sessions, granted_by(current))
    news.sessions_changed(access.current)
    relay.drop_revoked(gate.session_counts)


@contextlib.asynccontextmanager
async def _served(
    app: web.Application, sockets: list[socket], tls: ssl.SSLContext | None
) -> AsyncGenerator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        for one in sockets:
            await web.SockSite(runner, one, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _address_written(manager: Manager, passing: bool) -> AsyncGenerator[None]:
    address = SupervisorAddress(
        manager.host,
        manager.port,
        os.getpid(),
        psutil.Process().create_time(),
        manager.tls is not None,
        passing,
    )
    write_supervisor_file(manager.base, address)
    try:
        yield
    finally:
        remove_supervisor_file(manager.base)


@contextlib.asynccontextmanager
async def _watched(manager: Manager, owner_pid: int | None) -> AsyncGenerator[None]:
    """End the manager when its owner is gone, or when the published stop file appears."""
    tasks = [asyncio.create_task(_heed_stop_file(manager))]
    if owner_pid is not None:
        tasks.append(asyncio.create_task(_follow_owner(manager, owner_pid)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _heed_stop_file(manager: Manager) -> None:
    file = manager.base.folder / STOP_FILE
    # Other programs make this file; nobody tells us when. One look costs less than handing it to a thread.
    while not file.exists():  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_FOR_STOP_FILE_S)
    await asyncio.to_thread(file.unlink, missing_ok=True)
    manager.request_stop(workers=False)


async def _follow_owner(manager: Manager, owner_pid: int) -> None:
    launcher = LocalLauncher()
    owner = launcher.identify(owner_pid)
    if owner is not None:
        await launcher.wait(owner)
    LOGGER.info("process %s, which started this manager, is gone", owner_pid)
    manager.request_stop(workers=True)
