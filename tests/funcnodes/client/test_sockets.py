"""A session's sockets are gone when it is closed, also where the other side of TLS says no goodbye."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import psutil
from funcnodes.client.sockets import Sockets

from tests.support.certificates import make_certificate

HANDSHAKE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


async def test_the_sockets_of_a_closed_session_are_gone_though_the_other_side_stays(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, hosts=["localhost"])
    protected = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    protected.load_cert_chain(certificate, key)
    over = asyncio.Event()

    async def answer_and_stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HANDSHAKE.encode())
        await over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(answer_and_stay, "localhost", 0, ssl=protected)
    port = server.sockets[0].getsockname()[1]

    def dialled() -> list[object]:
        found = psutil.Process().net_connections(kind="tcp")
        return [one for one in found if one.raddr and one.raddr.port == port]

    trust = ssl.create_default_context(cafile=str(certificate))
    async with (
        asyncio.timeout(10),
        Sockets() as sockets,
        aiohttp.ClientSession(connector=sockets.connector(ssl=trust)) as http,
    ):
        async with http.get(f"https://localhost:{port}/") as answer:
            assert await answer.text() == "hello"
        # The connection was given back to be closed; its socket still waits for the other's goodbye.
        assert dialled()
    assert not dialled()
    over.set()
    server.close()
