"""Manager, UI server and worker behind one path of a real nginx, with the configuration of our own guide."""

from __future__ import annotations

import asyncio
import base64
import io
import ssl
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from funcnodes.client.sockets import Sockets
from playwright.async_api import expect
from yarl import URL

import funcnodes
from tests.support.browser import open_page_by_tls, require_chromium
from tests.support.certificates import make_certificate
from tests.support.closing import closing_code
from tests.support.nginx import guides_configuration, nginx_with, require_nginx
from tests.support.processes import free_port
from tests.support.running_system import System, running_system
from tests.support.running_system import funcnodes as command

pytestmark = pytest.mark.timeout(120)
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Behind:
    """A running system and where nginx shows it."""

    system: System
    url: str
    certificate: Path

    @property
    def worker(self) -> str:
        """The worker's address, without a slash at its end."""
        return f"{self.url}worker/{self.system.uuid}"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Generator[Behind, None, None]:
    """One system behind one nginx for all tests."""
    require_nginx()
    folder = tmp_path_factory.mktemp("nginx")
    certificate, key = make_certificate(folder, hosts=["localhost"])
    port = free_port()
    url = f"https://localhost:{port}/funcnodes/"
    with running_system(folder, more={"frontend": {"url": url}}) as system:
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "server_name lab.example": "server_name localhost",
            "/etc/ssl/certs/lab.example.pem": str(certificate),
            "/etc/ssl/private/lab.example.key": str(key),
            "127.0.0.1:8000": f"127.0.0.1:{system.ui_port}",
        }
        with nginx_with(folder / "front", guides_configuration(changes), port):
            yield Behind(system, url, certificate)


@pytest.fixture
async def http(behind: Behind) -> AsyncIterator[aiohttp.ClientSession]:
    """A program on another machine: it has the token and believes nginx' certificate."""
    trust = ssl.create_default_context(cafile=str(behind.certificate))
    async with (
        Sockets() as sockets,
        aiohttp.ClientSession(headers=behind.system.bearer, connector=sockets.connector(ssl=trust)) as http,
    ):
        yield http


async def call(socket: aiohttp.ClientWebSocketResponse, method: str, **params: Any) -> Any:
    """Return the result of one call; what else is said is passed over."""
    await socket.send_json({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
    async with asyncio.timeout(20):
        while True:
            frame = await socket.receive()
            assert frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), frame
            if frame.type is aiohttp.WSMsgType.TEXT and (message := frame.json()).get("id") == method:
                return message["result"]


async def test_a_script_edits_computes_and_moves_much_data(behind: Behind) -> None:
    """`funcnodes.connect` by the address behind the proxy; a value far above what a frame may hold."""
    connecting = funcnodes.connect(
        f"{behind.worker}/", base=behind.system.base.folder, trusted=behind.certificate
    )
    async with connecting as worker:
        node = await worker.add_node("input.str")
        text = "0123456789" * 300_000
        await worker.set(node, "input", text)
        await worker.wait_idle()
        assert await worker.get(node, "string") == text


async def test_manager_and_worker_answer_below_one_path(behind: Behind, http: aiohttp.ClientSession) -> None:
    """Sockets of both, close codes as they were said."""
    async with http.ws_connect(f"{behind.url}manager") as manager:
        workers = (await call(manager, "status"))["workers"]
        assert [worker["uuid"] for worker in workers] == [behind.system.uuid]
    async with http.ws_connect(f"{behind.worker}/") as worker:
        assert await call(worker, "uuid") == behind.system.uuid
        await worker.send_str("x" * 1_100_000)
        assert await closing_code(worker) == 1009


async def test_files_and_values_pass_in_parts_and_under_any_name(
    behind: Behind, http: aiohttp.ClientSession
) -> None:
    """An upload in pieces at the address that its begin named; a range of it; a quoted slash in a name."""
    content = bytes(range(256)) * 20_000
    metadata = f"path {base64.b64encode(b'far/away.bin').decode()}"
    begin = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    async with http.post(f"{behind.worker}/uploads/", headers=begin) as answer:
        assert answer.status == 201
        upload = answer.url.join(URL(answer.headers["Location"]))
    assert str(upload).startswith(f"{behind.worker}/uploads/")
    for at in range(0, len(content), 3_000_000):
        piece = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        body = io.BytesIO(content[at : at + 3_000_000])
        async with http.patch(upload, headers=piece, data=body) as answer:
            assert answer.status == 204
    headers = {"Range": "bytes=256-258"}
    async with http.get(f"{behind.worker}/files/far/away.bin", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (206, b"\0\1\2")
    async with http.ws_connect(f"{behind.worker}/") as socket:
        await call(socket, "add_node", id="input.str", uuid="a/b é")
        await call(socket, "set_io_value", nid="a/b é", ioid="input", value="quoted")
        await call(socket, "wait_idle")
    address = URL(f"{behind.worker}/values/a%2Fb%20%C3%A9/string", encoded=True)
    async with http.get(address) as answer:
        assert (answer.status, "quoted" in await answer.text()) == (200, True)


async def test_strangers_stay_out_there_too(behind: Behind, http: aiohttp.ClientSession) -> None:
    """No credential, a foreign origin, and the UI server's own origin where the cookie is not for it."""
    for path in ("manager", f"worker/{behind.system.uuid}/"):
        async with http.get(f"{behind.url}{path}", headers={"Authorization": "Bearer guessed"}) as answer:
            assert answer.status == 401
        async with http.get(f"{behind.url}{path}", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with http.get(f"{behind.url}{path}", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403


@pytest.mark.browser
async def test_the_editor_opens_a_worker_and_edits_it(behind: Behind) -> None:
    """From the link to a node on the canvas: all below the path, by https and wss, without a complaint."""
    require_chromium()
    system = behind.system
    link = command(system.base.folder, "link").strip()
    assert link.startswith(f"{behind.url}session?code=")
    async with open_page_by_tls() as watched:
        page = watched.page
        await page.goto(link)
        await page.wait_for_url(behind.url)
        cookie = next(one for one in await page.context.cookies() if one.get("name", "").startswith("fn_"))
        assert (cookie.get("path"), cookie.get("secure"), cookie.get("httpOnly")) == (
            "/funcnodes/",
            True,
            True,
        )
        await page.get_by_text("victim").first.click()
        connecting = funcnodes.connect(
            f"{behind.worker}/", base=system.base.folder, trusted=behind.certificate
        )
        async with connecting as worker:
            await worker.add_node("input.str", uuid="seen")
        await expect(page.get_by_test_id("node-seen")).to_be_visible(timeout=20_000)
    asked = watched.requests + [socket.replace("wss:", "https:") for socket in watched.sockets]
    assert f"{behind.worker}/" in asked
    outside = [url for url in asked if not url.startswith((behind.url, "data:", "blob:"))]
    assert (outside, watched.complaints) == ([], [])
