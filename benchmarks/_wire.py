"""The measuring client: a websocket by hand on a blocking socket, so that what is measured is the worker.

Owns frames and counting, nothing else. A user's client costs more: `worker.py` measures `funcnodes.connect`
beside it and says so.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_NO_MASK = b"\0\0\0\0"
"""A mask of zeros is a mask: the frame is legal, and the client need not go over each byte."""


class Wire:
    """One connection to a worker, token shown."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        self._rest = bytearray()
        while b"\r\n\r\n" not in self._rest:
            self._more()
        answer, _, rest = bytes(self._rest).partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        self._rest = bytearray(rest)
        self._read = 0

    def close(self) -> None:
        """Leave without a goodbye."""
        self._socket.close()

    def _more(self) -> None:
        part = self._socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the worker closed the connection")
        self._rest += part

    def send(self, frames: bytes) -> None:
        """Send frames that `frame` made."""
        self._socket.sendall(frames)

    def receive(self) -> bytes:
        """Return the next text or binary message."""
        while True:
            for kind, body in self._whole():
                if kind in (_TEXT, _BINARY):
                    return body
                if kind == _PING:
                    self.send(_frame(_PONG, body))
                if kind == _CLOSE:
                    raise ConnectionError(f"closed: {body!r}")
            self._more()

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        rest = self._rest
        while len(rest) - self._read >= 2:
            at = self._read
            length, head = rest[at + 1] & 127, 2
            if length >= 126:
                head = 4 if length == 126 else 10
                if len(rest) - at < head:
                    break
                length = struct.unpack_from("!H" if head == 4 else "!Q", rest, at + 2)[0]
            if len(rest) - at < head + length:
                break
            self._read = at + head + length
            yield rest[at] & 15, bytes(memoryview(rest)[at + head : self._read])
        if self._read == len(rest) or self._read > 1 << 20:
            del rest[: self._read]
            self._read = 0

    def receive_until(self, found: Callable[[bytes], bool]) -> bytes:
        """Return the first message this is true for; what comes before it is passed over."""
        while not found(message := self.receive()):
            pass
        return message

    def call(self, method: str, **params: Any) -> Any:
        """Return the result of a JSON-RPC call."""
        answer = json.loads(self.call_raw(method, **params))
        if "error" in answer:
            raise AssertionError(answer)
        return answer["result"]

    def call_raw(self, method: str, **params: Any) -> bytes:
        """Return the whole answer to a JSON-RPC call, as text."""
        self.send(frame({"jsonrpc": "2.0", "id": "c", "method": method, "params": params}))
        return self.receive_until(
            lambda message: message.startswith(b'{"jsonrpc"') and b'"id":"c"' in message[-60:]
        )


def frame(message: Any) -> bytes:
    """Return a message as a masked text frame."""
    return _frame(_TEXT, json.dumps(message).encode())


def frames(messages: Iterable[Any]) -> bytes:
    """Return messages as frames in a row, as a client that pipelines sends them."""
    return b"".join(map(frame, messages))


def _frame(kind: int, body: bytes) -> bytes:
    size = len(body)
    if size < 126:
        head = struct.pack("!BB", 128 | kind, 128 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 128 | kind, 128 | 126, size)
    else:
        head = struct.pack("!BBQ", 128 | kind, 128 | 127, size)
    return head + _NO_MASK + body
