"""The UI server as a whole: bound, registered with its supervisor, serving until it is told to end.

Owns the order in which its rooms are opened and closed. Does not print nor read a command line (`cli`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from aiohttp import web
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.rpc.gate import Gate
from funcnodes_worker.wire import control

from funcnodes.server.client import bearer, is_alive, url_of
from funcnodes.server.ui.app import Rooms, build
from funcnodes.server.ui.control import ControlLine
from funcnodes.server.ui.files import EditorFiles
from funcnodes.server.ui.keeper import ManagerKeeper, ManagerWish
from funcnodes.server.ui.listen import bind
from funcnodes.server.ui.relay import Relay
from funcnodes.server.ui.session import OwnBook, Sessions
from funcnodes.server.ui.workers import OneWorker, WatchedWorkers, WorkerAddress
from funcnodes_react_flow import BUILD_COMMAND, static_folder


@dataclass(frozen=True)
class UiSettings:
    """What a UI server is told when it is started."""

    base: Base
    host: str = "localhost"
    port: int = 8000
    no_auth: bool = False
    origins: tuple[str, ...] = ()
    """Further addresses by which browsers reach us: behind a proxy or a forwarded port."""
    manager: ManagerWish | None = None
    """How a missing manager is started; absent for a server of one worker."""
    worker: WorkerAddress | None = None


class UiServer:
    """A UI server that listens. Made by `open_ui`."""

    def __init__(
        self, settings: UiSettings, sockets: list[socket.socket], say: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.port = int(sockets[0].getsockname()[1])
        self.url = f"http://{_shown(settings.host)}:{self.port}"
        self._sockets = sockets
        self._tasks: list[asyncio.Task[None]] = []
        self._revoking: set[asyncio.Task[None]] = set()
        self.keeper = (
            ManagerKeeper(settings.base, settings.manager, say) if settings.manager is not None else None
        )
        self._gate = Gate(
            read_or_make_token(settings.base),
            host=settings.host,
            fixed_origins=(*self.origins(), *settings.origins),
            no_auth=settings.no_auth,
        )
        self._gate.allow_hosts(_host_of(origin) for origin in settings.origins)
        self._relay = Relay(bearer(settings.base))
        hello = control.Hello(
            protocol=control.PROTOCOL, role="ui", origins=[*self.origins(), *settings.origins], port=self.port
        )
        self._line = ControlLine(settings.base, hello, self._let_in, self._before_dialling)
        self._workers = (
            WatchedWorkers(settings.base, self._line.welcomed)
            if settings.worker is None
            else OneWorker(settings.worker)
        )
        self._book = self._line if self.keeper is not None else OwnBook(settings.base, self._let_in)
        self.application = build(self._rooms())
        self._runner = web.AppRunner(self.application, access_log=None, shutdown_timeout=5.0)

    def origins(self) -> list[str]:
        """Return the exact origins of our pages."""
        names = dict.fromkeys(["localhost", "127.0.0.1", "[::1]", _shown(self.settings.host)])
        return [f"http://{name}:{self.port}" for name in names]

    async def start(self) -> None:
        """Serve, register, watch."""
        await self._runner.setup()
        for opened in self._sockets:
            await web.SockSite(self._runner, opened).start()
        if self.keeper is not None:
            self._tasks = [asyncio.create_task(self._line.run()), asyncio.create_task(self._workers.run())]

    async def wait_registered(self) -> None:
        """Return when the supervisor knows us: from then on a link can be used."""
        await self._line.welcomed.wait()

    async def close(self) -> None:
        """Stop serving; the manager is left to whoever owns it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        await asyncio.gather(*self._revoking, return_exceptions=True)

    def _rooms(self) -> Rooms:
        return Rooms(
            gate=self._gate,
            files=EditorFiles(static_folder, BUILD_COMMAND),
            sessions=Sessions(self._gate, self._book, self.port),
            relay=self._relay,
            workers=self._workers,
            manager_url=self._manager_url if self.keeper is not None else None,
            direct_worker=self.settings.worker,
        )

    async def _before_dialling(self) -> None:
        if self.keeper is not None:
            await self.keeper.heal()

    async def _manager_url(self) -> str | None:
        address = read_supervisor_file(self.settings.base)
        return None if address is None or not is_alive(address) else url_of(address)

    def _let_in(self, access: control.Access) -> None:
        self._gate.set_access(access.origins, access.sessions)
        dropping = asyncio.create_task(self._relay.drop_revoked(self._gate.session_counts))
        self._revoking.add(dropping)
        dropping.add_done_callback(self._revoking.discard)


@contextlib.asynccontextmanager
async def open_ui(settings: UiSettings, say: Callable[[str], None]) -> AsyncGenerator[UiServer, None]:
    """Give a UI server that serves; raise `CannotListen` or `ManagerNotStarted` when it cannot."""
    server = UiServer(settings, bind(settings.host, settings.port), say)
    try:
        if server.keeper is not None:
            await server.keeper.ensure()
        await server.start()
        yield server
    finally:
        try:
            await server.close()
        finally:
            if server.keeper is not None:
                await server.keeper.stop()


def _shown(host: str) -> str:
    """Return the name to put in an address: a server on all interfaces is reached by `localhost` too."""
    name = host.strip("[]")
    if name in ("", "0.0.0.0", "::"):  # noqa: S104
        return "localhost"
    return f"[{name}]" if ":" in name else name


def _host_of(origin: str) -> str:
    return origin.partition("://")[2].rpartition(":")[0] or origin.partition("://")[2]
