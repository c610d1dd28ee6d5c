"""A raw client of a worker's socket, found through the manager, where `funcnodes.connect` does not fit.

Those say something without waiting for its answer, read what `subscribe` answers, or must see a lost line at
once.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from funcnodes.server.client import ManagerClient
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.token import read_or_make_token

from tests.support.fleet import status_of

_GOODBYE = aiohttp.ClientWSTimeout(ws_close=0.5)


class WorkerClient:
    """A client of a worker's socket, in JSON-RPC."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0
        self.patience_s = 10.0
        """How long a silence may last before the test fails."""

    async def call(self, method: str, **params: Any) -> Any:
        """Return the answer; what else is said meanwhile is passed over."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        await self._socket.send_json(request)
        while True:
            frame = await self._socket.receive(timeout=self.patience_s)
            if frame.type is aiohttp.WSMsgType.BINARY:
                continue
            assert frame.type is aiohttp.WSMsgType.TEXT, frame
            message = frame.json()
            if message.get("id") == self._id and "jsonrpc" in message:
                assert "error" not in message, message
                return message["result"]

    async def send(self, method: str, **params: Any) -> None:
        """Say something without waiting for the answer."""
        await self._socket.send_json({"jsonrpc": "2.0", "method": method, "params": params})

    async def ping(self) -> float:
        """Return the seconds one answer took."""
        start = time.perf_counter()
        await self.call("uuid")
        return time.perf_counter() - start


@asynccontextmanager
async def worker_at(base: Base, client: ManagerClient, uuid: str) -> AsyncGenerator[WorkerClient]:
    """Give a client of a running worker."""
    status = await status_of(client, uuid)
    async with worker_on(base, int(str(status["port"]))) as worker:
        yield worker


@asynccontextmanager
async def worker_on(base: Base, port: int) -> AsyncGenerator[WorkerClient]:
    """Give a client of the worker that listens on this port."""
    headers = {"Authorization": f"Bearer {read_or_make_token(base)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        # A deaf worker does not answer the goodbye either.
        http.ws_connect(f"http://127.0.0.1:{port}/", timeout=_GOODBYE) as socket,
    ):
        yield WorkerClient(socket)
