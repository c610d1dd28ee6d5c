"""How the other side closed a socket, by its own word.

`close_code` of aiohttp is 1006 where the reply to a close came too late for the other side to hear it, as it
does when a test was busy meanwhile; the frame itself says what was meant.
"""

from __future__ import annotations

import asyncio

import aiohttp


async def closing_code(socket: aiohttp.ClientWebSocketResponse, limit_s: float = 20) -> int | None:
    """Return the code that the other side closes with, past whatever else it says before."""
    async with asyncio.timeout(limit_s):
        while True:
            frame = await socket.receive()
            if frame.type is aiohttp.WSMsgType.CLOSE:
                return frame.data
            if frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
                return socket.close_code
