"""The UI server as a whole: bound, registered with its supervisor, serving until it is told to end.

Owns the order in which its rooms are opened and closed. Does not print nor read a command line (`cli`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable

import msgspec
from aiohttp import web
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.tls import Tls, server_context, trust_ours
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.rpc.gate import Gate
from funcnodes_worker.rpc.hosts import is_every_interface
from funcnodes_worker.wire import control
from funcnodes_worker.wire.control import granted_by

from funcnodes.server.client import bearer, is_alive
from funcnodes.server.hub import Hub, WorkerAddress
from funcnodes.server.relay import Relay
from funcnodes.server.ui.app import Rooms, build
from funcnodes.server.ui.control import ControlLine
from funcnodes.server.ui.files import EditorFiles
from funcnodes.server.ui.keeper import ManagerKeeper, ManagerWish
from funcnodes.server.ui.listen import bind
from funcnodes.server.ui.public import PublicAddress
from funcnodes.server.ui.session import OwnBook, Sessions
from funcnodes.server.ui.workers import KeptAddresses, OneWorker, WatchedWorkers
from funcnodes_react_flow import BUILD_COMMAND, static_folder


class UiSettings(msgspec.Struct, frozen=True):
    """What a UI server is told when it is started."""

    base: Base
    host: str = "localhost"
    port: int = 8000
    no_auth: bool = False
    origins: tuple[str, ...] = ()
    """Further addresses by which browsers reach us: behind a proxy or a forwarded port."""
    public: PublicAddress | None = None
    """The one to print: where a proxy in front shows us."""
    tls: Tls | None = None
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
        self._scheme = "http" if settings.tls is None else "https"
        self.url = f"{self._scheme}://{_shown(settings.host)}:{self.port}"
        self._sockets = sockets
        self._tls = server_context(settings.tls)
        self._tasks: list[asyncio.Task[None]] = []
        self.keeper = (
            ManagerKeeper(settings.base, settings.manager, say) if settings.manager is not None else None
        )
        self._gate = Gate(
            read_or_make_token(settings.base),
            host=settings.host,
            fixed_origins=self.origins(),
            no_auth=settings.no_auth,
        )
        self._relay = Relay(bearer(settings.base), lambda: trust_ours(settings.base))
        hello = control.Hello(protocol=control.PROTOCOL, role="ui", origins=self.origins(), port=self.port)
        self._line = ControlLine(settings.base, hello, self._let_in, self._before_dialling)
        self._workers: KeptAddresses = (
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
        public = [] if self.settings.public is None else [self.settings.public.origin]
        own = (f"{self._scheme}://{name}:{self.port}" for name in names)
        return list(dict.fromkeys([*own, *public, *self.settings.origins]))

    @property
    def shown_url(self) -> str:
        """The address for people: that of the proxy in front, else our own; without a slash at its end."""
        return self.url if self.settings.public is None else self.settings.public.url

    async def start(self) -> None:
        """Serve, register, watch."""
        await self._runner.setup()
        for opened in self._sockets:
            await web.SockSite(self._runner, opened, ssl_context=self._tls).start()
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

    def _rooms(self) -> Rooms:
        return Rooms(
            gate=self._gate,
            files=EditorFiles(static_folder, BUILD_COMMAND),
            sessions=Sessions(self._gate, self._book, self.port, self.settings.public),
            relay=self._relay,
            hub=Hub(self._relay, self._workers),
            manager_url=self._manager_url if self.keeper is not None else None,
            direct_worker=self.settings.worker,
            prefix="" if self.settings.public is None else self.settings.public.path.rstrip("/"),
        )

    async def _before_dialling(self) -> None:
        if self.keeper is not None:
            await self.keeper.heal()

    async def _manager_url(self) -> str | None:
        address = read_supervisor_file(self.settings.base)
        return None if address is None or not is_alive(address) else address.url()

    def _let_in(self, access: control.Access) -> None:
        self._gate.set_access(access.origins, access.sessions, granted_by(access))
        self._relay.drop_revoked(self._gate.session_counts)


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
    if is_every_interface(host):
        return "localhost"
    name = host.strip("[]")
    return f"[{name}]" if ":" in name else name
