"""The worker's line to its supervisor: dialled for as long as the worker lives.

Owns the connection, the hello, and wishes under way. What the supervisor asks for is done by the room that
was handed in (`Orders`). A lost line is dialled again, at the address that stands in `supervisor.json` then:
the next supervisor finds its workers so. Belongs to the server's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Literal, Protocol, assert_never

import aiohttp

from funcnodes_worker.home.base import Base, BaseProblem
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.tls import trust_ours
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.rpc.errors import InstallationFailed
from funcnodes_worker.wire import control

_log = logging.getLogger("funcnodes.worker")
FIRST_PAUSE_S = 0.05
LAST_PAUSE_S = 2.0
HEARTBEAT_S = 20.0
INTRODUCTION_S = 2.0
"""A manager on this machine answers a hello within milliseconds; a graph waits no longer than this for it."""


class Orders(Protocol):
    """What a supervisor may ask of a worker. Called in the server's thread."""

    def set_access(self, access: control.Access) -> None:
        """Take over who may speak. Called at the welcome and on every change."""
        ...

    def request_stop(self) -> None:
        """Begin to stop in good order."""
        ...

    def hold_nodes(self, held: Mapping[str, str], *, is_safe: bool) -> None:
        """Keep nodes from running, each for a reason, or all. Called at each welcome."""
        ...

    def interrupt(self, node: str | None) -> None:
        """End the run of a node."""
        ...

    async def load_modules(self, packages: Sequence[str]) -> dict[str, str]:
        """Return what could not be loaded, by package."""
        ...

    def wish_progress(self, progress: control.WishProgress) -> None:
        """Hear how far a wish has come."""
        ...


class SupervisorLink:
    """The line, and who waits for what on it."""

    def __init__(self, base: Base, hello: Callable[[], control.Hello], orders: Orders) -> None:
        self._base, self._hello, self._orders = base, hello, orders
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._wishes: dict[str, asyncio.Future[str | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._introduced = asyncio.Event()

    async def wait_introduced(self) -> None:
        """Return when a supervisor knows this worker, or none was there to be told, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INTRODUCTION_S):
                await self._introduced.wait()

    @property
    def is_up(self) -> bool:
        """Whether a supervisor listens now."""
        return self._socket is not None

    async def run(self) -> None:
        """Dial, talk, dial again; until cancelled."""
        pause = FIRST_PAUSE_S
        try:
            async with aiohttp.ClientSession() as session:
                while True:
                    has_talked = await self._talk(session)
                    self._introduced.set()
                    if has_talked:
                        pause = FIRST_PAUSE_S
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LAST_PAUSE_S)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _talk(self, session: aiohttp.ClientSession) -> bool:
        """Return whether a conversation took place; it is over now."""
        try:
            address = read_supervisor_file(self._base)
        except OSError:
            address = None
        if address is None:
            return False
        url = address.url("/control")
        try:
            headers = {"Authorization": f"Bearer {read_or_make_token(self._base)}"}
            async with session.ws_connect(
                url, headers=headers, heartbeat=HEARTBEAT_S, max_msg_size=0, ssl=trust_ours(self._base)
            ) as socket:
                await socket.send_str(control.encode(self._hello()))
                return await self._converse(socket)
        # A base folder that cannot be read for a moment must not end the dialling for good.
        except (aiohttp.ClientError, OSError, TimeoutError, BaseProblem) as problem:
            _log.debug("no supervisor at %s: %s", url, problem)
            return False
        finally:
            self._socket = None
            self._fail_wishes("the manager went away before it was done; ask again")

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        welcomed = False
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                message = control.read_from_supervisor(frame.data)
            except control.NotAControlMessage as problem:
                _log.warning("%s", problem)
                continue
            if isinstance(message, control.Welcome):
                welcomed = True
                self._orders.hold_nodes(message.held, is_safe=message.safe)
                self._socket = socket
                self._introduced.set()
            self._take(message)
        return welcomed

    def _take(self, message: control.FromSupervisor) -> None:
        match message:
            case control.Welcome():
                self._orders.set_access(message.access)
            case control.Access():
                self._orders.set_access(message)
            case control.Refused():
                _log.warning("the manager refused this worker (%s): %s", message.reason, message.message)
                if message.reason in ("stopped", "unknown_worker"):
                    self._orders.request_stop()
            case control.Stop():
                self._orders.request_stop()
            case control.Interrupt():
                self._orders.interrupt(message.node)
            case control.Ping():
                self._say(control.Pong(id=message.id))
            case control.LoadModules():
                self._start(message)
            case control.WishProgress():
                self._orders.wish_progress(message)
            case control.WishDone():
                waiting = self._wishes.pop(message.id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message.error)
            case control.Exchanged():
                pass  # Said to UI servers only.
            case _:
                assert_never(message)

    def _start(self, order: control.LoadModules) -> None:
        async def load() -> None:
            problems = await self._orders.load_modules(order.packages)
            self._say(control.ModulesLoaded(id=order.id, problems=problems))

        task = asyncio.create_task(load(), name="load-modules")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, message: control.FromDialler) -> None:
        socket = self._socket
        if socket is None or socket.closed:
            return

        async def send() -> None:
            try:
                await socket.send_str(control.encode(message))
            except (aiohttp.ClientError, ConnectionError) as problem:
                _log.debug("the line to the manager broke: %s", problem)

        task = asyncio.create_task(send(), name="say-to-supervisor")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def changed(self, changed: control.Changed) -> None:
        """Tell the supervisor that the worker's own settings were rewritten."""
        self._say(changed)

    def let_go(self, node: str) -> None:
        """Tell the supervisor that a node it held may run again."""
        self._say(control.NodeLetGo(node=node))

    def trusted(self) -> None:
        """Tell the supervisor that the flow was trusted, so that it starts in its own environment."""
        self._say(control.Trusted())

    async def say_stopping(self) -> None:
        """Tell the supervisor that this end is no crash."""
        if self._socket is not None and not self._socket.closed:
            try:
                await self._socket.send_str(control.encode(control.Stopping()))
            except (aiohttp.ClientError, ConnectionError) as problem:
                _log.debug("the line to the manager broke: %s", problem)

    async def wish(
        self, action: Literal["install", "remove"], package: str, version: str | None = None
    ) -> None:
        """Return when the supervisor has done it; raise `InstallationFailed` with what it says."""
        if self._socket is None:
            raise InstallationFailed(
                "no manager is running, and only it installs; start one with 'funcnodes startworkermanager'"
            )
        wish = token_hex(8)
        waiting: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._wishes[wish] = waiting
        self._say(control.Wish(id=wish, action=action, package=package, version=version))
        try:
            error = await waiting
        finally:
            self._wishes.pop(wish, None)
        if error is not None:
            raise InstallationFailed(error)

    def _fail_wishes(self, sentence: str) -> None:
        for waiting in self._wishes.values():
            if not waiting.done():
                waiting.set_result(sentence)
        self._wishes.clear()
