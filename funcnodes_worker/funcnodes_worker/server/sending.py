"""What waits for a client, written to its socket in as few writes as there are turns.

Owns the head of a frame, how much goes into one write, and when a client that does not read is given up.
aiohttp's own `send_frame` writes each frame by itself: one system call per answer costs a worker a third of
what it can answer.
"""

from __future__ import annotations

import asyncio
from asyncio import WriteTransport
from collections.abc import Iterable
from struct import pack

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import WSMsgType

from funcnodes_worker.rpc.outbox import Frame, Outbox

WRITE_BYTES = 64 * 1024
"""How much is joined into one write; a larger frame goes by itself."""


LET_WAIT_BYTES = 64 * 1024
"""What may wait in the connection before the next frames are taken from the outbox."""
STALL_S = 20.0
"""How long a client may read nothing of what was sent before it is given up."""
GRACE_S = 5.0
"""How long a client that is given up may take to read why."""


async def send_until_closed(writer: AbstractStreamWriter, outbox: Outbox) -> None:
    """Return when the outbox is closed and all that waited is sent. Slows down with the client."""
    while (frames := await outbox.get_some(WRITE_BYTES)) is not None:
        if (transport := writer.transport) is None or transport.is_closing():
            return
        if len(frames) == 1 and len(frames[0].body) > WRITE_BYTES:
            # A large one is not copied to stand behind its head.
            transport.write(head_of(len(frames[0].body), frames[0].is_text))
            transport.write(frames[0].body)
        else:
            transport.write(b"".join(_parts(frames)))
        if transport.get_write_buffer_size() > LET_WAIT_BYTES:
            await _wait_read(writer, transport, outbox)


async def _wait_read(writer: AbstractStreamWriter, transport: WriteTransport, outbox: Outbox) -> None:
    """Return when the client has read what was sent, or is given up: what comes stays in the outbox."""
    drained = asyncio.ensure_future(writer.drain())
    closed = asyncio.ensure_future(outbox.wait_closed())
    try:
        while not drained.done() and not outbox.is_behind:
            left = transport.get_write_buffer_size()
            waits = {drained} if closed.done() else {drained, closed}
            done, _ = await asyncio.wait(waits, timeout=STALL_S, return_when=asyncio.FIRST_COMPLETED)
            if not done and transport.get_write_buffer_size() >= left:
                outbox.fall_behind(f"it has read nothing for {STALL_S:g} s")
        if drained.done():
            drained.result()
        else:
            # aiohttp has one future for all who wait for a connection: cancelled here, it would end the
            # goodbye as well. It ends with the connection.
            drained.add_done_callback(_pass_over)
    except asyncio.CancelledError:
        drained.cancel()
        raise
    finally:
        closed.cancel()


def _pass_over(ended: asyncio.Future[None]) -> None:
    if not ended.cancelled():
        ended.exception()


async def say_goodbye(
    socket: web.WebSocketResponse, transport: WriteTransport | None, code: int, why: str
) -> None:
    """Close a connection with a code and a reason; without the other side where it does not read them."""
    closing = asyncio.ensure_future(socket.close(code=code, message=why.encode()[:123]))
    try:
        left = _waiting(transport)
        while not closing.done():
            await asyncio.wait((closing,), timeout=GRACE_S)
            if _waiting(transport) >= left:
                break
            left = _waiting(transport)
    finally:
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        # What it has not read until now it would hold for as long as its machine is up.
        if transport is not None and _waiting(transport):
            transport.abort()


def _waiting(transport: WriteTransport | None) -> int:
    return 0 if transport is None else transport.get_write_buffer_size()


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
