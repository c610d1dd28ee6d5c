"""`rpc/lean_start`: who uses the client gets all of aiohttp, and still checks who it talks to."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import threading
from pathlib import Path

import pytest
from aiohttp import web
from funcnodes_worker.rpc.lean_start import LateContext, certificates_read_late

from tests.support.certificates import make_certificate

CLIENT = """
import asyncio, ssl, sys
import funcnodes_worker.rpc.lean_start as lean_start
import aiohttp

assert "aiohttp.connector" not in sys.modules
assert aiohttp.ClientSession.__module__ == "aiohttp.client"
import aiohttp.connector

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
from funcnodes_worker.rpc.lean_start import Begun

assert type(sys.modules["aiohttp"]) is Begun
assert not {"aiohttp.connector", "html.entities"} & set(sys.modules)
"""


async def test_the_manager_imports_aiohttp_the_lean_way() -> None:
    """It is a server like its workers."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MANAGER)
    async with asyncio.timeout(60):
        assert await process.wait() == 0


BEGIN = """
import importlib.metadata, sys, types
import funcnodes_worker.rpc.lean_start
import aiohttp

assert (aiohttp.hdrs.ACCEPT, aiohttp.web.Application.__name__) == ("Accept", "Application")
assert aiohttp.__version__ == importlib.metadata.version("aiohttp")
assert not {"aiohttp.connector", "aiohttp.tracing"} & set(sys.modules)
"""
END = """
assert type(aiohttp) is types.ModuleType
assert set(aiohttp.__all__) - {"GunicornWebWorker", "GunicornUVLoopWebWorker"} <= set(vars(aiohttp))
assert aiohttp.ClientSession is sys.modules["aiohttp.client"].ClientSession
assert aiohttp.WSMsgType is aiohttp.web.WSMsgType
assert not hasattr(aiohttp, "no_such_name")
"""
WAYS = {
    "a name imported": "from aiohttp import ClientSession, resolver; assert resolver is aiohttp.resolver",
    "all names": "from aiohttp import *; assert ClientSession is aiohttp.ClientSession",
    "its directory": "assert set(dir(aiohttp)) >= set(aiohttp.__all__)",
    "once more": "import importlib; assert importlib.reload(aiohttp) is aiohttp; hasattr(aiohttp, 'no')",
    "threads at the same moment": """
import threading
together, found = threading.Barrier(8), []
def ask(name):
    together.wait()
    found.append(getattr(aiohttp, name))
names = ["ClientSession", "TraceConfig", "CookieJar", "FormData"] * 2
threads = [threading.Thread(target=ask, args=(name,)) for name in names]
for one in threads: one.start()
for one in threads: one.join()
assert sorted(one.__name__ for one in found) == sorted(names), found
""",
}


async def test_whoever_asks_for_more_than_a_server_gets_all_of_aiohttp() -> None:
    """However they ask: what they have then is what importing it would have given them."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        ends = {way: group.create_task(ended(BEGIN + lines + END)) for way, lines in WAYS.items()}
    assert {way: end.result() for way, end in ends.items()} == dict.fromkeys(WAYS, (0, ""))


async def ended(program: str, **environment: str) -> tuple[int | None, str]:
    """Return how a program of Python ended, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=os.environ | environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_another_aiohttp_whose_server_needs_more_of_it_is_imported_as_usual(tmp_path: Path) -> None:
    """Ours is a saving that must never be the reason why nothing starts."""
    (tmp_path / "aiohttp").mkdir()
    for file, text in {
        "__init__": "from .client import ClientSession\n__version__ = '99'",
        "client": "class ClientSession: pass",
        "web": "from . import __version__, client\nassert client.ClientSession",
    }.items():
        (tmp_path / "aiohttp" / f"{file}.py").write_text(text)
    program = """
import funcnodes_worker.rpc.lean_start, aiohttp
assert (aiohttp.__version__, aiohttp.web.__version__) == ("99", "99")
"""
    async with asyncio.timeout(60):
        assert await ended(program, PYTHONPATH=str(tmp_path)) == (0, "")


def test_another_threads_certificates_are_read_at_once_meanwhile() -> None:
    """The client may be imported while a node talks to somebody: what that trusts is complete."""
    made: list[ssl.SSLContext] = []
    with certificates_read_late():
        thread = threading.Thread(target=lambda: made.append(ssl.create_default_context()))
        thread.start()
        thread.join()
        ours = ssl.create_default_context()
    assert (type(made[0]), type(ours)) == (ssl.SSLContext, LateContext)
    assert made[0].cert_store_stats() == ssl.create_default_context().cert_store_stats()
