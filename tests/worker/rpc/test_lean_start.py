"""`rpc/lean_start`: a node that is a client of the web still checks who it talks to."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.certificates import make_certificate

CLIENT = """
import asyncio, ssl, sys
import funcnodes_worker.rpc.lean_start as lean_start
import aiohttp, aiohttp.connector

def contexts():
    return [one for one in vars(aiohttp.connector).values() if isinstance(one, ssl.SSLContext)]

assert {type(one) for one in contexts()} == {lean_start.LateContext}, contexts()
assert type(ssl.create_default_context()) is ssl.SSLContext

async def ask():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as answer:
        return await answer.text()

try:
    print(asyncio.run(ask()))
except aiohttp.ClientConnectorCertificateError:
    print("not trusted")
assert ssl.SSLContext in {type(one) for one in contexts()}, "what was used is a plain context now"
"""


@pytest.mark.parametrize(("is_trusted", "said"), [(True, "hello"), (False, "not trusted")])
async def test_certificates_that_are_read_late_count_as_they_did(
    tmp_path: Path, is_trusted: bool, said: str
) -> None:
    """Whom the machine trusts is answered, and nobody else."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        trusted = {"SSL_CERT_FILE": str(certificate)} if is_trusted else {}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, f"https://localhost:{port}/",
            env=os.environ | trusted, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            printed, _ = await process.communicate()
    finally:
        await runner.cleanup()

    assert (process.returncode, printed.decode().strip()) == (0, said)


LATE = """
import sys
before = set(sys.modules)
import funcnodes_worker.rpc.lean_start as lean_start
import aiohttp.helpers, aiohttp.web
from yarl import URL

late = {"urllib.request", "http.client", "html", "html.entities"}
assert not late & (set(sys.modules) - before), late & set(sys.modules)
proxy, _ = aiohttp.helpers.get_env_proxy_for_url(URL("http://example.org/"))
assert str(proxy) == "http://proxy.example:8080", proxy
assert aiohttp.web_urldispatcher.html_escape('<"a"') == "&lt;&quot;a&quot;"
import html, urllib.request
assert html.unescape("&auml;") == "\u00e4"
assert urllib.request.Request("http://example.org/").host == "example.org"
"""


async def test_modules_that_are_imported_late_do_what_they_did() -> None:
    """For aiohttp, and for nodes that import them themselves."""
    environment = os.environ | {"http_proxy": "http://proxy.example:8080", "no_proxy": ""}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LATE, env=environment)
    async with asyncio.timeout(60):
        assert await process.wait() == 0


async def hello(request: web.Request) -> web.Response:
    """Answer."""
    return web.Response(text="hello")


MANAGER = """
import sys
import funcnodes.server.manager.service
import aiohttp.connector
from funcnodes_worker.rpc.lean_start import LateContext

assert LateContext in {type(one) for one in vars(aiohttp.connector).values()}
assert "html.entities" not in sys.modules
"""


async def test_the_manager_imports_aiohttp_the_lean_way() -> None:
    """It is a server like its workers."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MANAGER)
    async with asyncio.timeout(60):
        assert await process.wait() == 0
