"""The UI server's line to its supervisor: our origins, who may come in, codes exchanged for sessions.

Owns one connection to `/control` that is dialled again for as long as we live. Does not decide who may
(`rpc/gate`) nor start a supervisor: its builder hands in what happens before each dialling (`keeper`).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable

import aiohttp
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.tls import trust_ours
from funcnodes_worker.wire import control

from funcnodes.server.client import OPEN_TIMEOUT_S, bearer, is_alive

LOGGER = logging.getLogger(__name__)
EXCHANGE_TIMEOUT_S = 10.0
_BACKOFF_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0)


class SupervisorAway(Exception):
    """Raised when something needs the supervisor and no connection stands."""

    def __str__(self) -> str:
        return "the manager is away at the moment; it is being started again, try once more in a few seconds"


class ControlLine:
    """The connection to `/control`; `run` keeps it standing."""

    def __init__(
        self,
        base: Base,
        hello: control.Hello,
        on_access: Callable[[control.Access], None],
        before_dialling: Callable[[], Awaitable[None]],
    ) -> None:
        self._base = base
        self._hello = hello
        self._on_access = on_access
        self._before_dialling = before_dialling
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._exchanges: dict[str, asyncio.Future[str | None]] = {}
        self._ids = itertools.count(1)
        self.welcomed = asyncio.Event()
        """Set while the supervisor knows us."""

    async def run(self) -> None:
        """Dial, listen, dial again; ends only by cancellation."""
        failures = 0
        while True:
            await self._before_dialling()
            try:
                await self._hold()
                failures = 0
            except (OSError, aiohttp.ClientError, TimeoutError, control.NotAControlMessage) as problem:
                LOGGER.info("no line to the supervisor: %s", problem or type(problem).__name__)
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1

    async def exchange(self, code: str, port: int) -> str | None:
        """Return the id of a new session for this code, or None when the code is worth nothing."""
        exchange_id = str(next(self._ids))
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._exchanges[exchange_id] = answer
        try:
            await self._say(control.Exchange(id=exchange_id, code=code, port=port))
            async with asyncio.timeout(EXCHANGE_TIMEOUT_S):
                return await answer
        except TimeoutError as problem:
            raise SupervisorAway from problem
        finally:
            self._exchanges.pop(exchange_id, None)

    async def revoke(self, session_hash: str) -> None:
        """End a session; the supervisor tells everybody."""
        await self._say(control.Revoke(session_hash=session_hash))

    async def _say(self, message: control.FromUi) -> None:
        if self._socket is None or not self.welcomed.is_set():
            raise SupervisorAway
        try:
            await self._socket.send_str(control.encode(message))
        except (ConnectionError, aiohttp.ClientError) as problem:
            raise SupervisorAway from problem

    async def _hold(self) -> None:
        """Stand one connection from hello to its end."""
        address = read_supervisor_file(self._base)
        if address is None:
            return
        async with aiohttp.ClientSession(headers=bearer(self._base)) as http:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await http.ws_connect(address.url("/control"), ssl=trust_ours(self._base))
            self._socket = socket
            try:
                await socket.send_str(control.encode(self._hello))
                async for frame in socket:
                    if frame.type == aiohttp.WSMsgType.TEXT:
                        self._take(control.read_from_supervisor(frame.data))
            finally:
                self._lost()
                await socket.close()

    def _take(self, message: control.FromSupervisor) -> None:
        match message:
            case control.Welcome(access=access):
                self._on_access(access)
                self.welcomed.set()
            case control.Access():
                self._on_access(message)
            case control.Exchanged(id=exchange_id, session=session):
                answer = self._exchanges.get(exchange_id)
                if answer is not None and not answer.done():
                    answer.set_result(session)
            case control.Refused(reason=reason, message=text):
                LOGGER.error("the supervisor refused this UI server (%s): %s", reason, text)
            case _:
                pass  # The rest of the union is said to workers; a newer supervisor may say more to us.

    def _lost(self) -> None:
        self._socket = None
        self.welcomed.clear()
        for answer in self._exchanges.values():
            if not answer.done():
                answer.set_exception(SupervisorAway())


@contextlib.asynccontextmanager
async def _visit(base: Base) -> AsyncGenerator[tuple[aiohttp.ClientWebSocketResponse, control.Access]]:
    """Give a short connection to the supervisor and who may come in now, or raise `SupervisorAway`."""
    address = read_supervisor_file(base)
    if address is None or not is_alive(address):
        raise SupervisorAway
    hello = control.Hello(protocol=control.PROTOCOL, role="ui")
    try:
        async with (
            asyncio.timeout(EXCHANGE_TIMEOUT_S),
            aiohttp.ClientSession(headers=bearer(base)) as http,
            http.ws_connect(address.url("/control"), ssl=trust_ours(base)) as socket,
        ):
            await socket.send_str(control.encode(hello))
            answer = control.read_from_supervisor(await socket.receive_str())
            if not isinstance(answer, control.Welcome):
                raise SupervisorAway
            yield socket, answer.access
    except (OSError, aiohttp.ClientError, TimeoutError, TypeError) as problem:
        raise SupervisorAway from problem


async def revoke_sessions(base: Base, session_hashes: set[str]) -> None:
    """Return once the supervisor has told everybody that these sessions ended. For `funcnodes session`."""
    async with _visit(base) as (socket, access):
        for one in session_hashes:
            await socket.send_str(control.encode(control.Revoke(session_hash=one)))
        while session_hashes & {one for hashes in access.sessions.values() for one in hashes}:
            message = control.read_from_supervisor(await socket.receive_str())
            access = message if isinstance(message, control.Access) else access


async def read_origins(base: Base) -> list[str]:
    """Return the origins whose pages may speak now: those of all running UI servers. For `funcnodes link`."""
    async with _visit(base) as (_, access):
        return access.origins
