"""A client of the manager's socket: JSON-RPC calls, their answers, and what the manager says in between.

Owns one connection. Does not start a manager (`ui/keeper`, `cli/reach`) nor know what the methods mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, cast

import aiohttp
import msgspec
import psutil
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import SupervisorAddress, read_supervisor_file
from funcnodes_worker.home.tls import trust_ours, why_not
from funcnodes_worker.home.token import read_or_make_token

from funcnodes.client.sockets import Sockets

Notification = Callable[[str, dict[str, Any]], None]
"""Called with the method and the parameters of each notification."""

_CLOCK_JITTER_S = 2.0
OPEN_TIMEOUT_S = 5.0
"""A manager on this machine answers within milliseconds; five seconds is one that is stuck."""


class ManagerUnreachable(Exception):
    """Raised when no manager answers at its address."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__()
        self.url, self.problem = url, problem

    def __str__(self) -> str:
        return f"the manager of {self.url} does not answer ({self.problem})"


class ManagerRefused(Exception):
    """Raised when the manager answers a call with an error."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any]) -> None:
        super().__init__()
        self.code, self.message, self.data = code, message, data

    def __str__(self) -> str:
        return self.message


class ManagerGone(Exception):
    """Raised in every waiting call when the connection to the manager is lost."""

    def __str__(self) -> str:
        return "the connection to the manager was lost before it answered"


class ManagerClient:
    """One connection to a manager; `connect` makes it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, on_notification: Notification | None) -> None:
        self._socket = socket
        self._on_notification = on_notification
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read(), name="manager-client")

    async def call(self, method: str, **params: Any) -> Any:
        """Return the manager's answer. It may take minutes: an installation is answered when it is done."""
        call_id = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = answer
        if self._reader.done():
            raise ManagerGone
        try:
            request = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}
            await self._socket.send_str(msgspec.json.encode(request).decode())
            return await answer
        except (ConnectionError, aiohttp.ClientError) as problem:
            raise ManagerGone from problem
        finally:
            self._waiting.pop(call_id, None)

    async def wait_closed(self) -> None:
        """Return when the connection has ended, from either side."""
        await asyncio.wait([self._reader])

    async def close(self) -> None:
        """End the connection and its task."""
        await self._socket.close()
        self._reader.cancel()
        await asyncio.wait([self._reader])

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                if frame.type == aiohttp.WSMsgType.TEXT:
                    self._take(cast("str", frame.data))
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ManagerGone())

    def _take(self, text: str) -> None:
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return  # The published bare words, `pong` say: nobody here asked for one.
        answer = self._waiting.get(message.get("id") or 0)
        if answer is None:
            if "method" in message and self._on_notification is not None:
                self._on_notification(message["method"], message.get("params") or {})
        elif not answer.done():
            _settle(answer, message)


def _settle(answer: asyncio.Future[Any], message: dict[str, Any]) -> None:
    error = message.get("error")
    if error is None:
        answer.set_result(message.get("result"))
    else:
        answer.set_exception(
            ManagerRefused(error.get("code", 0), error.get("message", ""), error.get("data") or {})
        )


def is_alive(address: SupervisorAddress) -> bool:
    """Tell whether the process that wrote this address still lives; its pid alone may be another's by now."""
    try:
        process = psutil.Process(address.pid)
        return (
            abs(process.create_time() - address.started) < _CLOCK_JITTER_S
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


def bearer(base: Base) -> dict[str, str]:
    """Return the header that every internal connection of this base folder carries."""
    return {"Authorization": f"Bearer {read_or_make_token(base)}"}


@contextlib.asynccontextmanager
async def connect(
    base: Base, on_notification: Notification | None = None
) -> AsyncGenerator[ManagerClient, None]:
    """Give a client of the manager of this base folder; raise `ManagerUnreachable` where none answers."""
    address = read_supervisor_file(base)
    # Our token goes to the process that wrote the file, not to whoever listens on its port by now.
    if address is None or not is_alive(address):
        raise ManagerUnreachable(str(base.folder), "none is running")
    async with (
        Sockets() as sockets,
        aiohttp.ClientSession(headers=bearer(base), connector=sockets.connector()) as http,
    ):
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await http.ws_connect(address.url(), max_msg_size=0, ssl=trust_ours(base))
        except (OSError, aiohttp.ClientError, TimeoutError) as problem:
            raise ManagerUnreachable(address.url(), why_not(problem)) from problem
        client = ManagerClient(socket, on_notification)
        try:
            yield client
        finally:
            await client.close()
