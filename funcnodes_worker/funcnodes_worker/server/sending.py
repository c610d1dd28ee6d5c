"""What waits for a client, written to its socket in as few writes as there are turns.

Owns the head of a frame and how much goes into one write. aiohttp's own `send_frame` writes each frame by
itself: one system call per answer costs a worker a third of what it can answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack

from aiohttp import WSMsgType
from aiohttp.abc import AbstractStreamWriter

from funcnodes_worker.rpc.outbox import Frame, Outbox

WRITE_BYTES = 64 * 1024
"""How much is joined into one write; a larger frame goes by itself."""


async def send_until_closed(writer: AbstractStreamWriter, outbox: Outbox) -> None:
    """Return when the outbox is closed and all that waited is sent. Slows down with the client."""
    while (frames := await outbox.get_some(WRITE_BYTES)) is not None:
        # The writer waits here while the client does not read: what comes meanwhile stays in the outbox,
        # which is bounded.
        await writer.write(b"".join(_parts(frames)))


def _parts(frames: Iterable[Frame]) -> Iterable[bytes]:
    for body, is_text in frames:
        yield head_of(len(body), is_text)
        yield body


def head_of(size: int, is_text: bool) -> bytes:
    """Return the head of a whole frame of a server, which is never masked (RFC 6455, 5.2)."""
    first = 0x80 | (WSMsgType.TEXT if is_text else WSMsgType.BINARY)
    if size < 126:
        return bytes((first, size))
    if size < 1 << 16:
        return pack("!BBH", first, 126, size)
    return pack("!BBQ", first, 127, size)
