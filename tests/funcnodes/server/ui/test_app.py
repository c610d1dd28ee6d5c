"""Every door of the UI server, from its router: who passes, who does not, and what the answers carry."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from funcnodes.server.ui.service import UiServer
from funcnodes_worker.rpc.guarded import door_of

from tests.funcnodes.server.ui.echo_worker import EchoWorker

FILLED = {"path": "x.js", "uuid": "w_1", "message": "0" * 32, "node": "n", "port": "p", "upload": "0" * 32}
OPEN = {
    ("GET", "/"),
    ("GET", "/favicon.ico"),
    ("GET", "/static/{path}"),
    ("GET", "/session"),
    ("GET", "/session.js"),
    ("POST", "/session"),
    ("GET", "/worker/{uuid}/message/{message}"),
}


def doors(ui: UiServer) -> list[tuple[str, str, str]]:
    """Return method, pattern and a real path of each route."""
    found: list[tuple[str, str, str]] = []
    for route in ui.application.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            path = route.resource.canonical
            found.append((route.method, path, path.format(**FILLED)))
    return found


async def test_without_a_token_only_the_open_doors_answer(ui: UiServer, http: aiohttp.ClientSession) -> None:
    """A new route is in this test the day it appears."""
    passed: set[tuple[str, str]] = set()
    for method, pattern, path in doors(ui):
        async with http.request(method, path, json={} if method != "GET" else None) as answer:
            if answer.status != 401:
                passed.add((method, pattern))
    assert passed == OPEN


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://localhost", "http://localhost:1"])
async def test_a_foreign_origin_passes_no_door(
    ui: UiServer, http: aiohttp.ClientSession, bearer: dict[str, str], origin: str
) -> None:
    """Not even with the token: a page that got hold of it is still foreign."""
    for method, _, path in doors(ui):
        for headers in ({"Origin": origin}, {"Origin": origin, **bearer}):
            async with http.request(
                method, path, headers=headers, json={} if method != "GET" else None
            ) as answer:
                assert (path, answer.status) == (path, 403)
                assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_foreign_host_passes_no_door(
    ui: UiServer, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    """A name that was made to point here (DNS rebinding) is not ours."""
    for method, _, path in doors(ui):
        headers = {"Host": f"rebound.example:{ui.port}", **bearer}
        async with http.request(
            method, path, headers=headers, json={} if method != "GET" else None
        ) as answer:
            assert (path, answer.status) == (path, 403)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_simple_post_changes_nothing(
    ui: UiServer, http: aiohttp.ClientSession, bearer: dict[str, str], worker: EchoWorker, content_type: str
) -> None:
    """What any page may send without being asked first is refused, whoever sends it."""
    for method, _, path in doors(ui):
        if method in ("POST", "DELETE"):
            headers = {"Content-Type": content_type, **bearer}
            async with http.request(method, path, headers=headers, data=b'{"code": "x"}') as answer:
                assert (path, answer.status) == (path, 415)
    assert worker.bodies == []


async def test_every_route_has_a_door_and_every_answer_its_headers(
    ui: UiServer, http: aiohttp.ClientSession
) -> None:
    """The page may speak to its own server only, in refusals too."""
    assert all(door_of(route.handler) for route in ui.application.router.routes())
    for method, _, path in [*doors(ui), ("GET", "", "/nothing/here")]:
        async with http.request(method, path) as answer:
            assert "connect-src 'self'" in answer.headers["Content-Security-Policy"], path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/static//etc/hostname",
        "/static/../../../../etc/hostname",
        "/static/%2fetc%2fhostname",
        "/static/..%2f..%2f..%2f..%2fetc%2fhostname",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/hostname",
        "/static/assets/..%5c..%5csecret",
        "/static/C:/secret",
        "/worker/w_1/message/..%2f..%2fupload",
        "/worker/w_1/../../session",
        "/worker/w_1/files/secret",
    ],
)
async def test_a_path_that_leads_out_is_not_found(ui: UiServer, bearer: dict[str, str], path: str) -> None:
    """The path is sent as it stands: a client library would tidy it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ui.port)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: localhost:{ui.port}",
        f"Authorization: {bearer['Authorization']}",
    ]
    writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    await writer.wait_closed()
    assert answer.split()[1] in ("404", "405"), answer
    assert "root:" not in answer


async def test_the_published_address_of_the_worker_is_said_to_our_own_page_only(
    ui: UiServer, http: aiohttp.ClientSession, bearer: dict[str, str], worker: EchoWorker
) -> None:
    """There is `/worker` without a manager, and no `/worker_manager`."""
    async with http.get("/worker", headers=bearer) as answer:
        assert await answer.json() == {"host": "127.0.0.1", "port": worker.port, "ssl": False}
    async with http.get("/worker_manager", headers=bearer) as answer:
        assert answer.status == 404
