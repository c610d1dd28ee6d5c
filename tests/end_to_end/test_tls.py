"""A whole system with a self-made certificate: every server speaks TLS, every client of ours believes it."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from funcnodes.client.errors import WorkerUnreachable
from funcnodes.client.sockets import Sockets
from playwright.async_api import expect

import funcnodes
from tests.support.browser import open_page_by_tls, require_chromium
from tests.support.certificates import make_certificate
from tests.support.processes import make_base, program_environment
from tests.support.running_system import System, running_system
from tests.support.running_system import funcnodes as command

# Python 3.11 drops the transport below a TLS handshake that was refused without closing it.
pytestmark = [pytest.mark.timeout(120), pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@dataclass(frozen=True)
class Protected:
    """A running system and its certificate."""

    system: System
    certificate: Path


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Generator[Protected, None, None]:
    """Manager, worker and UI server with one certificate. That they came up says that they speak."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = make_certificate(folder)
    with running_system(folder, more={"tls": {"certificate": str(certificate), "key": str(key)}}) as system:
        yield Protected(system, certificate)


@pytest.fixture(autouse=True)
def refused_handshakes_are_swept_up() -> Iterator[None]:
    """Collect here what asyncio leaves of refused handshakes, where its warnings are expected."""
    yield
    gc.collect()


async def test_all_three_servers_speak_tls_and_nothing_else(protected: Protected) -> None:
    system = protected.system
    believed = ssl.create_default_context(cafile=str(protected.certificate))
    ways = ["/manager", f"/worker/{system.uuid}/"]
    addresses = [*(f"{system.ui}{way}" for way in ways), f"{system.manager}{ways[1]}", system.worker]
    async with (
        Sockets() as sockets,
        aiohttp.ClientSession(headers=system.bearer, connector=sockets.connector()) as http,
    ):
        for address in (*addresses, system.manager):
            async with http.ws_connect(address, ssl=believed) as socket:
                await socket.send_json({"type": "cmd", "cmd": "uuid", "id": "1"})
        for address in (system.ui, system.manager, system.worker):
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await http.get(address)
            with pytest.raises(aiohttp.ClientError):
                await http.get(address.replace("https:", "http:"))
        async with http.get(f"{system.ui}/worker_manager", ssl=believed) as answer:
            assert await answer.text() == system.manager.replace("https:", "wss:")
    settings = json.loads((system.base.workers / f"worker_{system.uuid}.json").read_text())
    assert settings["ssl"] is True
    listed = json.loads(command(system.base.folder, "worker", "list", "--full", "--json"))
    assert [(worker["uuid"], worker["tls"]) for worker in listed] == [(system.uuid, True)]


async def test_a_script_reaches_a_worker_by_name_here_and_by_certificate_from_elsewhere(
    protected: Protected, tmp_path: Path
) -> None:
    system = protected.system
    async with funcnodes.connect("victim", base=system.base.folder) as worker:
        node = await worker.add_node("input.str")
        await worker.set(node, "input", "x" * 2_000_000)
        assert await worker.get(node, "input") == "x" * 2_000_000
    token = system.bearer["Authorization"].partition(" ")[2]
    # Another machine has no settings of ours.
    elsewhere: dict[str, Any] = {"base": tmp_path / "none", "token": token, "patience_s": 1.0}
    connecting = funcnodes.connect(system.worker, trusted=protected.certificate, **elsewhere)
    async with connecting as worker:
        await worker.remove_node(node)
    with pytest.raises(WorkerUnreachable, match=r"not believed.*trusted="):
        async with funcnodes.connect(system.worker, **elsewhere):
            pass


@pytest.mark.browser
async def test_the_page_speaks_https_and_wss_and_its_cookie_is_secure(protected: Protected) -> None:
    require_chromium()
    system = protected.system
    link = command(system.base.folder, "link").strip()
    assert link.startswith(f"{system.ui}/session?code=")
    async with open_page_by_tls() as watched:
        page = watched.page
        await page.goto(link)
        await page.wait_for_url(f"{system.ui}/")
        await expect(page.get_by_test_id("canvas")).to_be_visible(timeout=20_000)
        cookies = [one for one in await page.context.cookies() if one.get("name", "").startswith("fn_")]
    assert [(one.get("secure"), one.get("httpOnly"), one.get("sameSite")) for one in cookies] == [
        (True, True, "Strict")
    ]
    assert len(watched.sockets) >= 2
    assert all(socket.startswith(system.ui.replace("https:", "wss:")) for socket in watched.sockets)


async def test_a_certificate_of_no_use_is_said_in_one_sentence_and_nothing_is_opened(tmp_path: Path) -> None:
    """By the manager as by the UI server, which would start one."""
    base = make_base(tmp_path / "base")
    settings = json.loads((base / "config.json").read_text())
    certificate, _ = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "other")
    settings["tls"] = {"certificate": str(certificate), "key": str(other)}
    (base / "config.json").write_text(json.dumps(settings))

    def said_by(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "funcnodes", "--dir", str(base), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=program_environment(),
        )
        return done.returncode, done.stderr

    programs = [["startworkermanager", "--host", "0.0.0.0"], ["runserver", "--no-browser"]]
    for status, said in await asyncio.gather(*(asyncio.to_thread(said_by, *one) for one in programs)):
        assert (status, "it is not the key of" in said, "Traceback" in said) == (1, True, False), said
        assert len(said.strip().splitlines()) == 1
    assert not (base / "supervisor.json").exists()
