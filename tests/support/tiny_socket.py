"""As much of a WebSocket client as a tiny worker needs: text both ways, pings answered, an end."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncGenerator

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class TinySocket:
    """A connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, text: str) -> None:
        """Send a text."""
        await self._send(_TEXT, text.encode())

    async def __aiter__(self) -> AsyncGenerator[str]:
        """Give each text that comes, until the connection ends."""
        while True:
            try:
                kind, content = await self._receive()
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if kind == _TEXT:
                yield content.decode()
            elif kind == _PING:
                await self._send(_PONG, content)
            elif kind == _CLOSE:
                await self._send(_CLOSE, content[:2])
                return

    async def _send(self, kind: int, content: bytes) -> None:
        size = len(content)
        length = bytes([128 | size]) if size < 126 else bytes([128 | 126]) + size.to_bytes(2)
        # A mask of nothing but zeros: there is no proxy between that could be led astray.
        self._writer.write(bytes([128 | kind]) + length + bytes(4) + content)
        await self._writer.drain()

    async def _receive(self) -> tuple[int, bytes]:
        first, size = await self._reader.readexactly(2)
        assert first & 128, "what comes in parts is no message for a tiny worker"
        if size >= 126:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8))
        return first & 15, await self._reader.readexactly(size)


@contextlib.asynccontextmanager
async def open_socket(host: str, port: int, path: str, bearer: str) -> AsyncGenerator[TinySocket]:
    """Give a connection; OSError when there is none to be had."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {bearer}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as problem:
            raise ConnectionError("hung up") from problem
        if b" 101 " not in answer.splitlines()[0]:
            raise ConnectionError(answer.decode())
        yield TinySocket(reader, writer)
    finally:
        writer.close()
