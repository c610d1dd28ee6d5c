"""The manager's doors: who gets in, what a UI server and a browser's session may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from funcnodes.server.manager.methods import TABLE
from funcnodes.server.manager.service import Manager
from funcnodes_worker.home import links
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.rpc.errors import NoRight
from funcnodes_worker.rpc.gate import Caller
from funcnodes_worker.wire import control

from tests.support.fleet import base_in, manager_of

ORIGIN = "http://localhost:8123"


@asynccontextmanager
async def opened(
    manager: Manager, path: str = "/", *, token: bool = False, **headers: str
) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    if token:
        headers["Authorization"] = f"Bearer {read_or_make_token(manager.base)}"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{manager.port}{path}", headers=headers) as socket,
    ):
        yield socket


@pytest.mark.parametrize("path", ["/", "/control"])
@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        ({}, False, 401),
        ({"Authorization": "Bearer wrong"}, False, 401),
        ({"Origin": "https://evil.example"}, True, 403),
        ({"Origin": "null"}, True, 403),
        ({"Host": "evil.example"}, True, 403),
        ({"Cookie": "fn_8123=guess", "Origin": ORIGIN}, False, 403),
    ],
)
async def test_strangers_do_not_get_in(
    tmp_path: Path, path: str, headers: dict[str, str], token: bool, status: int
) -> None:
    """No token, a foreign or null Origin, a foreign Host, a guessed session."""
    async with manager_of(base_in(tmp_path)) as manager:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with opened(manager, path, token=token, **headers):
                pass

    assert refused.value.status == status


async def test_a_plain_request_opens_nothing(tmp_path: Path) -> None:
    """GET without an upgrade says what this is; POST has no route."""
    async with manager_of(base_in(tmp_path)) as manager, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {read_or_make_token(manager.base)}"}
        url = f"http://127.0.0.1:{manager.port}/"
        async with (
            http.get(url, headers=headers) as got,
            http.post(url, headers=headers, data="stop") as posted,
        ):
            statuses = (got.status, posted.status)

    assert statuses == (426, 405)


async def test_a_code_becomes_a_session_that_counts_until_it_is_revoked(tmp_path: Path) -> None:
    """Exchanged once by a UI server, good at once at the manager, closed with 4401 when it is revoked."""
    base = base_in(tmp_path)
    async with manager_of(base) as manager, ui_server(manager) as ui:
        code = links.make_code(base, time.time())
        session = await exchange(ui, code)
        used_again = await exchange(ui, code)
        assert session is not None
        cookie = f"fn_8123={session}"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with opened(manager, Cookie=cookie, Origin="http://localhost:8124"):
                pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with opened(manager, "/control", Cookie=cookie, Origin=ORIGIN):
                pass
        async with opened(manager, Cookie=cookie, Origin=ORIGIN) as page:
            await page.send_str("ping")
            pong = await page.receive_str()
            await ui.send_str(control.encode(control.Revoke(session_hash=links.hash_of(session))))
            closed = await page.receive(timeout=5)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with opened(manager, Cookie=cookie, Origin=ORIGIN):
                pass

    assert (pong, used_again) == ("pong", None)
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)
    assert session not in base.sessions_file.read_text(), "only the hash is kept"
    assert links.list_sessions(base) == []


async def test_origins_of_a_ui_server_count_while_it_is_connected(tmp_path: Path) -> None:
    """Its pages get in with the token; once it has gone they do not."""
    async with manager_of(base_in(tmp_path)) as manager:
        async with ui_server(manager), opened(manager, token=True, Origin=ORIGIN) as socket:
            await socket.send_str("ping")
            assert await socket.receive_str() == "pong"
        await _wait_until_gone(manager)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with opened(manager, token=True, Origin=ORIGIN):
                pass

    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (control.Hello(protocol=2, role="worker", uuid="a"), "protocol"),
        (control.Hello(protocol=1, role="worker", uuid="nobody", pid=1), "unknown_worker"),
        (control.Hello(protocol=1, role="worker", uuid="../../etc", pid=1), "unknown_worker"),
    ],
)
async def test_a_hello_that_fits_nothing_is_refused(
    tmp_path: Path, hello: control.Hello, reason: str
) -> None:
    """With the reason, and the end of the connection."""
    async with manager_of(base_in(tmp_path)) as manager, opened(manager, "/control", token=True) as socket:
        await socket.send_str(control.encode(hello))
        answer = control.read_from_supervisor(await socket.receive_str())
        end = await socket.receive(timeout=5)

    assert isinstance(answer, control.Refused)
    assert answer.reason == reason
    assert end.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_nonsense_on_control_ends_only_that_connection(tmp_path: Path) -> None:
    """The manager stays."""
    async with manager_of(base_in(tmp_path)) as manager:
        async with opened(manager, "/control", token=True) as socket:
            await socket.send_str('{"type": "rm -rf"}')
            end = await socket.receive(timeout=5)
        async with opened(manager, token=True) as socket:
            await socket.send_str("ping")
            pong = await socket.receive_str()

    assert end.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert pong == "pong"


@pytest.mark.parametrize("method", sorted(method.name for method in TABLE))
def test_every_method_needs_a_right(method: str) -> None:
    """Nobody with no rights calls anything; a new method is guarded the day it appears."""
    with pytest.raises(NoRight):
        TABLE.find(method, Caller(frozenset(), "session"))


@asynccontextmanager
async def ui_server(manager: Manager) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    async with opened(manager, "/control", token=True) as socket:
        hello = control.Hello(protocol=1, role="ui", origins=[ORIGIN], port=8123)
        await socket.send_str(control.encode(hello))
        welcome = control.read_from_supervisor(await socket.receive_str())
        assert isinstance(welcome, control.Welcome)
        assert welcome.access.origins == [ORIGIN]
        yield socket


async def exchange(ui: aiohttp.ClientWebSocketResponse, code: str) -> str | None:
    await ui.send_str(control.encode(control.Exchange(id="1", code=code, port=8123)))
    while True:
        message: Any = control.read_from_supervisor(await ui.receive_str(timeout=5))
        if isinstance(message, control.Exchanged):
            return message.session


async def _wait_until_gone(manager: Manager) -> None:
    changed = asyncio.Event()
    manager.supervisor.access.on_change(changed.set)
    if manager.supervisor.access.current.origins:
        async with asyncio.timeout(5):
            await changed.wait()
