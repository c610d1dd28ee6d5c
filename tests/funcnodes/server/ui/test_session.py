"""How a browser comes in and goes: link, code, cookie, revocation; with a manager and without one."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from funcnodes.cli.link import make_link
from funcnodes.server.manager.service import open_manager
from funcnodes.server.ui.control import revoke_sessions
from funcnodes.server.ui.keeper import ManagerWish
from funcnodes.server.ui.service import UiServer, UiSettings, open_ui
from funcnodes.server.ui.workers import WorkerAddress
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.links import list_sessions

from tests.funcnodes.server.ui.echo_worker import EchoWorker
from tests.support.closing import closing_code


@pytest.fixture(params=["with a manager", "without a manager"])
async def ui(request: pytest.FixtureRequest, base: Base, worker: EchoWorker) -> AsyncIterator[UiServer]:
    """A UI server whose sessions are kept by a real manager, and one that keeps them itself."""
    direct = WorkerAddress("127.0.0.1", worker.port)
    if request.param == "without a manager":
        async with open_ui(UiSettings(base=base, port=0, worker=direct), pytest.fail) as server:
            yield server
        return
    async with open_manager(base, host="127.0.0.1", port=0):
        settings = UiSettings(base=base, port=0, manager=ManagerWish(), worker=direct)
        async with open_ui(settings, pytest.fail) as server:
            await server.wait_registered()
            yield server


def code_of(ui: UiServer) -> str:
    return make_link(ui.settings.base, ui.url).partition("?code=")[2]


async def enter(ui: UiServer, http: aiohttp.ClientSession, code: str) -> aiohttp.ClientResponse:
    """Do what the link's page does."""
    return await http.post("/session", json={"code": code}, headers={"Origin": ui.url})


async def test_the_links_page_changes_nothing_and_its_script_hands_the_code_in(
    ui: UiServer, http: aiohttp.ClientSession
) -> None:
    """A GET by a previewer or a prefetching browser must not use the code up."""
    code = code_of(ui)
    for _ in range(3):
        async with http.get("/session", params={"code": code}) as page:
            text = await page.text()
            assert page.status == 200
            assert code not in text
            assert "Set-Cookie" not in page.headers
    script = re.search(r'src="([^"]+)"', text)
    assert script is not None
    async with http.get(script.group(1)) as answer:
        assert "history.replaceState" in await answer.text()
    async with await enter(ui, http, code) as answer:
        assert answer.status == 200


async def test_a_code_becomes_a_session_once(ui: UiServer, http: aiohttp.ClientSession) -> None:
    """The cookie cannot be read by scripts, goes to no other site, and is not the token."""
    code = code_of(ui)
    async with await enter(ui, http, code) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"fn_{ui.port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    async with aiohttp.ClientSession(ui.url) as other, await enter(ui, other, code) as answer:
        assert answer.status == 403
        assert "funcnodes link" in (await answer.json())["message"]
    async with await enter(ui, http, "guessed") as answer:
        assert answer.status == 403


@pytest.mark.parametrize("body", ["{}", "[1]", "not json", '{"code": 5}', ""])
async def test_a_malformed_exchange_is_answered_clearly(
    ui: UiServer, http: aiohttp.ClientSession, body: str
) -> None:
    """400 with what to send."""
    headers = {"Origin": ui.url, "Content-Type": "application/json"}
    async with http.post("/session", data=body, headers=headers) as answer:
        assert (answer.status, "JSON" in (await answer.json())["message"]) == (400, True)


async def test_a_session_opens_the_relay_with_the_exact_origin_only(
    ui: UiServer, http: aiohttp.ClientSession
) -> None:
    """The cookie alone, or with another origin, is worth nothing."""
    async with http.get("/session") as answer:
        said = await answer.json()
        assert (answer.status, said["session"], "funcnodes link" in said["how"]) == (200, False, True)
    await enter(ui, http, code_of(ui))
    async with http.get("/session") as answer:
        assert (await answer.json())["session"] is True
    async with http.ws_connect("/worker/w_1/", headers={"Origin": ui.url}) as socket:
        await socket.send_str("in")
        assert await socket.receive_str() == "in"
    for headers, status in (({}, 401), ({"Origin": "http://localhost:1"}, 403), ({"Origin": "null"}, 403)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/worker/w_1/", headers=headers)
        assert refused.value.status == status


async def test_a_revoked_session_closes_its_sockets_and_counts_no_more(
    ui: UiServer, http: aiohttp.ClientSession
) -> None:
    """4401 tells the page that a new link is needed; the other browser goes on."""
    await enter(ui, http, code_of(ui))
    async with aiohttp.ClientSession(ui.url) as other:
        await enter(ui, other, code_of(ui))
        origin = {"Origin": ui.url}
        async with (
            http.ws_connect("/worker/w_1/", headers=origin) as mine,
            other.ws_connect("/worker/w_1/", headers=origin) as theirs,
        ):
            headers = {**origin, "Content-Type": "application/json"}
            async with http.delete("/session", headers=headers) as answer:
                assert answer.status == 200
            assert await closing_code(mine, 5) == 4401
            await theirs.send_str("still here")
            assert await theirs.receive_str() == "still here"
        assert len(list_sessions(ui.settings.base)) == 1
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/worker/w_1/", headers=origin)
        assert refused.value.status == 401


@pytest.mark.alone
async def test_a_session_ended_from_the_command_line_is_out_at_once(base: Base, worker: EchoWorker) -> None:
    """`funcnodes session revoke` goes through the manager, which tells this server."""
    direct = WorkerAddress("127.0.0.1", worker.port)
    async with open_manager(base, host="127.0.0.1", port=0):
        settings = UiSettings(base=base, port=0, manager=ManagerWish(), worker=direct)
        async with open_ui(settings, pytest.fail) as server, aiohttp.ClientSession(server.url) as http:
            await server.wait_registered()
            await enter(server, http, code_of(server))
            async with http.ws_connect("/worker/w_1/", headers={"Origin": server.url}) as socket:
                started = time.monotonic()
                await revoke_sessions(base, {s.hash for s in list_sessions(base)})
                assert await closing_code(socket, 5) == 4401
                assert time.monotonic() - started < 2


async def test_behind_a_proxy_the_cookie_is_that_of_the_proxys_address(
    base: Base, worker: EchoWorker
) -> None:
    """TLS ends there: the browser's origin is https, its port another, its cookie Secure."""
    direct = WorkerAddress("127.0.0.1", worker.port)
    settings = UiSettings(base=base, port=0, worker=direct, origins=("https://lab.example",))
    async with (
        open_ui(settings, pytest.fail) as server,
        aiohttp.ClientSession(server.url, headers={"Host": "lab.example"}) as http,
    ):
        origin = {"Origin": "https://lab.example"}
        async with http.post("/session", json={"code": code_of(server)}, headers=origin) as answer:
            name, _, rest = answer.headers["Set-Cookie"].partition("=")
            assert (answer.status, name, "Secure" in rest) == (200, "fn_443", True)
        cookie = {"Cookie": f"fn_443={rest.partition(';')[0]}"}
        async with http.get("/session", headers=cookie) as answer:
            assert (await answer.json())["session"] is True
        async with http.ws_connect("/worker/w_1/", headers={**origin, **cookie}) as socket:
            await socket.send_str("in")
            assert await socket.receive_str() == "in"


async def test_the_page_of_our_own_origin_may_read_without_an_origin_header(
    ui: UiServer, http: aiohttp.ClientSession
) -> None:
    """Browsers send none on a page's own GETs but vouch for it; a page of another port gets nothing."""
    await enter(ui, http, code_of(ui))
    path = "/worker_manager" if ui.keeper is not None else "/worker"
    for site, status in (("same-origin", 200), ("same-site", 401), ("cross-site", 401), ("none", 401)):
        async with http.get(path, headers={"Sec-Fetch-Site": site}) as answer:
            assert (site, answer.status) == (site, status)
