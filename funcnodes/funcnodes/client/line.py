"""The line to a worker: one socket, dialled again when it breaks, and the calls under way on it.

Owns ids, answers, reconnecting. Hands every notification on (`hears`). Belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import aiohttp
import msgspec
from funcnodes_worker.home.tls import why_not

from funcnodes.client.address import Find
from funcnodes.client.errors import (
    CLOSED_HERE,
    ClientError,
    ConnectionLost,
    TokenRefused,
    WorkerUnreachable,
    error_of,
)
from funcnodes.client.sockets import Sockets
from funcnodes.client.writing import request

OPEN_TIMEOUT_S = 10.0
FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 2.0
HEARTBEAT_S = 20.0
MAX_FRAME = 1024 * 1024 * 9 // 10
"""What is larger goes by HTTP: a worker takes no longer frame."""


MAX_HEAD = 2000
"""Bytes of a binary frame among which its head ends."""
_GREETING = "greeting"


class Answer(NamedTuple):
    """What a call came to."""

    result: Any
    revision: int | None
    """Of the edit that the call made, if it made one."""


class Hearer(Protocol):
    """Who a line belongs to."""

    @property
    def author(self) -> str:
        """Whose socket an answer to a post belongs on."""
        ...

    def heard(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification. Called in the order in which they came."""
        ...

    def greeting(self) -> tuple[str, Mapping[str, Any]]:
        """Return the call that gets up to date. Called each time the line is there (again)."""
        ...

    def greeted(self, result: Any) -> None:
        """Take its answer. Called before anything that the worker tells after it."""
        ...

    def disconnected(self, reason: str) -> None:
        """Hear that the line broke; it is dialled again."""
        ...

    def gave_up(self) -> None:
        """Hear that the line is gone for good; `failure` says why."""
        ...


class Line:
    """A connection that comes back."""

    def __init__(self, find: Find, hearer: Hearer, patience_s: float) -> None:
        self._find, self._hearer, self._patience_s = find, hearer, patience_s
        self._ids = (f"{prefix}-{n}" for prefix in (secrets.token_hex(4),) for n in itertools.count(1))
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._up = asyncio.Event()
        self._failed: ClientError | None = None
        self._http: aiohttp.ClientSession | None = None
        self._sockets = Sockets()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Return when the line is there; raise `WorkerUnreachable` when nobody answers."""
        self._http = aiohttp.ClientSession(connector=self._sockets.connector())
        try:
            await self._dial()
            self._task = asyncio.create_task(self._keep(), name="funcnodes-client")
            await self._wait_up()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End it; calls under way hear `ConnectionLost`."""
        self._fail(ConnectionLost(CLOSED_HERE))
        # Who closes may be called off meanwhile (a second Ctrl+C): what it holds is let go all the same.
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])
            if self._socket is not None:
                await self._socket.close()
        finally:
            if self._http is not None:
                await self._http.close()
                await self._sockets.let_go()

    @property
    def is_up(self) -> bool:
        """Whether the line stands now."""
        return self._up.is_set() and self._failed is None

    @property
    def failure(self) -> ClientError | None:
        """Why the line is gone for good, if it is."""
        return self._failed

    async def call(self, method: str, params: Mapping[str, Any]) -> Answer:
        """Return the answer, or raise what the worker said; waits for a line that is being dialled again."""
        return await self._ask(method, params, as_bytes=False)

    async def call_for_bytes(self, method: str, params: Mapping[str, Any]) -> tuple[str, memoryview]:
        """Return the answer as mime and bytes, which come as they are: not as text within a text."""
        mime, data = (await self._ask(method, params, as_bytes=True)).result
        return mime, data

    async def _ask(self, method: str, params: Mapping[str, Any], *, as_bytes: bool) -> Answer:
        await self._wait_up()
        call_id = next(self._ids)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[call_id] = answer
        try:
            await self._send(request(call_id, method, params, as_bytes=as_bytes))
            return await answer
        finally:
            self._answers.pop(call_id, None)

    async def _wait_up(self) -> None:
        await self._up.wait()
        if self._failed is not None:
            raise self._failed

    async def _send(self, text: bytes) -> None:
        assert self._socket is not None
        assert self._http is not None
        try:
            if len(text) <= MAX_FRAME:
                await self._socket.send_frame(text, aiohttp.WSMsgType.TEXT)
                return
            address = await asyncio.to_thread(self._find)
            headers = {**address.headers, "Content-Type": "application/json"}
            url, author = f"{address.url}message/", {"client": self._hearer.author}
            async with self._http.post(
                url, params=author, data=io.BytesIO(text), headers=headers, ssl=address.trust
            ) as response:
                answer = await response.text()
                if response.status != 200:
                    raise ConnectionLost(f"it answered {response.status}: {answer[:200]}")
                self._take(answer)
        except (ConnectionError, aiohttp.ClientError) as problem:
            raise ConnectionLost(str(problem)) from problem

    async def _dial(self) -> None:
        assert self._http is not None
        address = await asyncio.to_thread(self._find)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                self._socket = await self._http.ws_connect(
                    address.url,
                    headers=address.headers,
                    max_msg_size=0,
                    heartbeat=HEARTBEAT_S,
                    ssl=address.trust,
                )
                await self._socket.send_str(request(_GREETING, *self._hearer.greeting()).decode())
        except aiohttp.WSServerHandshakeError as problem:
            if problem.status != 401:
                raise WorkerUnreachable(address.url, why_not(problem)) from problem
            raise TokenRefused(address.url, address.shown, address.hint) from problem
        except (OSError, aiohttp.ClientError, TimeoutError) as problem:
            raise WorkerUnreachable(address.url, why_not(problem)) from problem

    async def _keep(self) -> None:
        try:
            while True:
                reason = await self._listen()
                self._up.clear()
                self._lose(ConnectionLost(reason))
                self._hearer.disconnected(reason)
                await self._dial_again(reason)
        except ClientError as problem:
            self._fail(problem)
        # What a worker of another release says may mean nothing here. Nobody reads on then: who waits must
        # hear it.
        except Exception as problem:  # noqa: BLE001
            said = f"what it said was not understood: {type(problem).__name__}: {problem}"
            lost = ConnectionLost(f"{said}; where it runs another release of funcnodes, update one of both")
            lost.__cause__ = problem
            self._fail(lost)

    async def _dial_again(self, reason: str) -> None:
        pause = FIRST_PAUSE_S
        try:
            async with asyncio.timeout(self._patience_s):
                while True:
                    try:
                        await self._dial()
                        break
                    except ClientError:
                        await asyncio.sleep(pause)
                        pause = min(pause * 2, LAST_PAUSE_S)
        except TimeoutError:
            raise ConnectionLost(f"{reason}; it was not there again within {self._patience_s:g} s") from None

    async def _listen(self) -> str:
        """Return why the line broke."""
        socket = self._socket
        assert socket is not None
        reason = ""
        while True:
            frame = await socket.receive()
            if frame.type is aiohttp.WSMsgType.TEXT:
                self._take(frame.data)
            elif frame.type is aiohttp.WSMsgType.CLOSE:
                reason = str(frame.extra or "")
            elif frame.type is aiohttp.WSMsgType.BINARY:
                self._take_bytes(frame.data)
            else:
                return reason or f"closed with {socket.close_code}"

    def _take(self, text: str) -> None:
        message = msgspec.json.decode(text)
        if "method" in message:
            self._hearer.heard(message["method"], message.get("params") or {})
            return
        if message.get("id") == _GREETING:
            # Here and now: what is told behind it builds on it.
            if "error" in message:
                raise error_of(message["error"])
            self._hearer.greeted(message["result"])
            self._up.set()
            return
        answer = self._answers.pop(str(message.get("id")), None)
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(error_of(message["error"]))
        else:
            answer.set_result(Answer(message["result"], message.get("revision")))

    def _take_bytes(self, frame: bytes) -> None:
        # `chunk=1/1;msgid=…;id=…; mime=…; type=result`, an empty line, and what it is about.
        end = frame.find(b"\r\n\r\n", 0, MAX_HEAD)
        parts = (part.strip().partition("=") for part in frame[: max(end, 0)].decode().split(";"))
        said = {key: value for key, _, value in parts}
        answer = self._answers.pop(said.get("id", ""), None)
        if said.get("type") == "result" and answer is not None and not answer.done():
            answer.set_result(Answer((said.get("mime", ""), memoryview(frame)[end + 4 :]), None))

    def _lose(self, problem: ClientError) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(problem)

    def _fail(self, problem: ClientError) -> None:
        if self._failed is None:
            self._failed = problem
        self._lose(problem)
        self._up.set()
        self._hearer.gave_up()
