"""Strangers at the doors of a real manager, worker and UI server; the doors come from the routers themselves.

Rules R1, R2, R3, R7 and R9 of the security floor.
"""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from funcnodes.server.client import ManagerRefused, connect
from funcnodes.server.hub import Hub
from funcnodes.server.manager import app as manager_app
from funcnodes.server.manager.methods import TABLE
from funcnodes.server.relay import Relay
from funcnodes.server.ui import app as ui_app
from funcnodes.server.ui.files import EditorFiles
from funcnodes.server.ui.session import Sessions
from funcnodes_worker.home.links import list_sessions
from funcnodes_worker.rpc.gate import Gate, Right
from funcnodes_worker.rpc.guarded import door_of
from funcnodes_worker.server.app import WorkerServer
from funcnodes_worker.server.methods.table import make_table

from tests.support.closing import closing_code
from tests.support.running_system import System, funcnodes, running_system

pytestmark = pytest.mark.timeout(120)
NOBODY: Any = None
"""Stands behind doors that are only counted here, never opened."""


@dataclass(frozen=True)
class Route:
    """One door: of which server, where, and whether it is open to all."""

    server: str
    method: str
    pattern: str
    is_open: bool

    def path(self, system: System) -> str:
        """Return a real path."""
        filled = {"uuid": system.uuid, "path": "index.html", "id": "0" * 32, "message": "0" * 32}
        filled |= {"node": "n", "port": "p", "upload": "0" * 32}
        return system.address(self.server) + self.pattern.format(**filled)

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in ("GET", "HEAD")


def routes() -> list[Route]:
    """Return every route of the three applications, as they build them."""
    gate = Gate("only to look at routes")
    rooms = ui_app.Rooms(
        gate,
        EditorFiles(lambda: None, ""),
        Sessions(gate, NOBODY, 0),
        Relay({}),
        Hub(Relay({}), NOBODY),
        cast("Any", object()),
    )
    apps = {
        "manager": manager_app.build(manager_app.Doors(NOBODY, NOBODY, NOBODY), Hub(Relay({}), NOBODY), gate),
        "worker": WorkerServer(NOBODY, make_table(), gate).make_app(),
        "ui": ui_app.build(rooms),
    }
    found: list[Route] = []
    for server, app in apps.items():
        for route in app.router.routes():
            door = door_of(route.handler)
            assert door is not None, f"{server}: {route} has no door"
            assert route.resource is not None
            if route.method != "HEAD":
                found.append(Route(server, route.method, route.resource.canonical, door.right is None))
    return found


ROUTES = routes()
OPEN = {
    ("worker", "GET", "/message/{message}"),
    ("ui", "GET", "/"),
    ("ui", "GET", "/favicon.ico"),
    ("ui", "GET", "/static/{path}"),
    ("ui", "GET", "/session"),
    ("ui", "GET", "/session.js"),
    ("ui", "POST", "/session"),
    ("ui", "GET", "/worker/{uuid}/message/{message}"),
    ("manager", "GET", "/worker/{uuid}/message/{message}"),
}
at_each_server = pytest.mark.parametrize("server", ["manager", "worker", "ui"])


def routes_of(server: str) -> list[Route]:
    """Return the doors of one server."""
    return [route for route in ROUTES if route.server == server]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """One running system for all strangers."""
    with running_system(tmp_path_factory.mktemp("strangers")) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without credentials that keeps cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def knock(
    http: aiohttp.ClientSession, system: System, route: Route, headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    """Return status and headers of an ordinary request and, for a GET, of a WebSocket's handshake as well."""
    json_body = {} if route.changes else None
    async with http.request(route.method, route.path(system), headers=headers, json=json_body) as answer:
        status, answered = answer.status, dict(answer.headers)
    if not route.changes:
        asks = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        async with http.get(route.path(system), headers=headers | asks | key) as answer:
            assert answer.status == status, "the handshake is judged like any request"
    return status, answered


def test_the_open_doors_are_these() -> None:
    """A door is opened to all by a decision that is written down here."""
    assert {(r.server, r.method, r.pattern) for r in ROUTES if r.is_open} == OPEN
    assert {r.server for r in ROUTES} == {"manager", "worker", "ui"}


def test_every_method_names_the_right_it_needs() -> None:
    """R4, on the pages of manager and worker."""
    for table in (TABLE, make_table()):
        methods = list(table)
        assert len(methods) > 5
        assert all(isinstance(method.right, Right) for method in methods)


@at_each_server
async def test_without_a_token_401(system: System, http: aiohttp.ClientSession, server: str) -> None:
    """R1, also with a wrong token, an empty one, and one in the wrong place."""
    token = system.base.token_file.read_text()
    for route in routes_of(server):
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer "},
            {"Authorization": f"Basic {token}"},
            {"Cookie": f"fn_{system.ui_port}={token}"},
        ):
            status, _ = await knock(http, system, route, headers)
            assert (status == 401) != route.is_open, (route, headers, status)
        query = {"token": token, "access_token": token}
        async with http.request(route.method, route.path(system), params=query) as answer:
            assert (answer.status == 401) != route.is_open, route


@at_each_server
@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "https://localhost", "http://localhost:1", ""]
)
async def test_a_foreign_origin_403(
    system: System, http: aiohttp.ClientSession, server: str, origin: str
) -> None:
    """R2, with the right token or none; and the browser is not told that it may read the answer."""
    for route in routes_of(server):
        for headers in ({}, system.bearer):
            status, answered = await knock(http, system, route, {"Origin": origin, **headers})
            assert status == 403, route
            assert "Access-Control-Allow-Origin" not in answered


@at_each_server
async def test_a_wrong_host_403(system: System, http: aiohttp.ClientSession, server: str) -> None:
    """R2: a name that was made to point here would make its page same-origin with us."""
    for route in routes_of(server):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "169.254.169.254"):
            status, _ = await knock(http, system, route, {"Host": host, **system.bearer})
            assert status == 403, (route, host)


async def state_of(system: System) -> tuple[object, object]:
    """Return what a request could have changed: the fleet, the graph, the sessions."""
    async with connect(system.base) as manager:
        fleet = await manager.call("status")
    headers = system.bearer
    async with aiohttp.ClientSession() as http, http.ws_connect(system.worker, headers=headers) as socket:
        await socket.send_json({"type": "cmd", "cmd": "get_nodes", "id": "1", "kwargs": {}})
        nodes = await wait_for_answer(socket, "1")
    for worker in fleet["workers"]:
        worker.pop("pid", None)
    return (fleet, nodes["result"]), list_sessions(system.base)


async def wait_for_answer(socket: aiohttp.ClientWebSocketResponse, answer_id: str) -> dict[str, Any]:
    """Return the answer with this id, whatever is pushed before it."""
    while True:
        message = json.loads(await socket.receive_str(timeout=10))
        if message.get("id") == answer_id:
            return message


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_simple_post_changes_nothing(system: System, http: aiohttp.ClientSession, kind: str) -> None:
    """R3: the kinds of body any page may send, with every credential it might have got to be sent along."""
    before = await state_of(system)
    code = system.link.partition("?code=")[2]
    bodies = [
        json.dumps({"type": "cmd", "cmd": "add_node", "kwargs": {"id": "add_node"}}).encode(),
        json.dumps({"code": code}).encode(),
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="planted.txt"\r\n\r\nx\r\n--x--\r\n',
    ]
    suffix = "; boundary=x" if kind.startswith("multipart") else ""
    for route in ROUTES:
        if not route.changes:
            continue
        for body in bodies:
            for headers in ({}, {"Origin": "http://evil.example", **system.bearer}, {"Origin": "null"}):
                sent = {"Content-Type": kind + suffix, **headers}
                async with http.request(route.method, route.path(system), headers=sent, data=body) as answer:
                    assert answer.status in (401, 403, 415), (route, headers, await answer.text())
            if "upload" not in route.pattern:
                sent = {"Content-Type": kind + suffix, **system.bearer}
                async with http.request(route.method, route.path(system), headers=sent, data=body) as answer:
                    assert answer.status == 415
    assert await state_of(system) == before
    assert not list(system.base.workers.rglob("planted.txt"))


async def test_a_get_changes_nothing(system: System, http: aiohttp.ClientSession) -> None:
    """R3: whatever stands in the address."""
    code = system.link.partition("?code=")[2]
    before = await state_of(system)
    query = {"code": code, "cmd": "add_node", "id": "add_node", "type": "cmd"}
    for route in ROUTES:
        for headers in ({}, system.bearer):
            if not route.changes:
                async with http.get(route.path(system), params=query, headers=headers) as answer:
                    assert "Set-Cookie" not in answer.headers
    assert await state_of(system) == before


OUTSIDE = (
    "../planted.txt",
    "a/../../planted.txt",
    "/tmp/funcnodes-planted.txt",
    "..\\planted.txt",
    "C:\\planted.txt",
    "link/planted.txt",
    "a/link/planted.txt",
    ".",
)


@pytest.mark.parametrize("through", ["worker", "relay"])
async def test_an_upload_stays_in_the_files_folder(
    system: System, http: aiohttp.ClientSession, through: str, tmp_path: Path
) -> None:
    """R7: `..`, absolute paths and links that lead out, at the worker's door and through the relay."""
    files = system.base.workers / f"worker_{system.uuid}" / "files"
    (files / "a").mkdir(parents=True, exist_ok=True)
    for link in (files / "link", files / "a" / "link"):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path)
    address = system.worker if through == "worker" else f"{system.ui}/worker/{system.uuid}"
    for name in OUTSIDE:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", b"planted", filename=name)
        async with http.post(f"{address}/upload/", data=form, headers=system.bearer) as answer:
            assert answer.status >= 400, (name, await answer.text())
    assert not list(system.base.folder.rglob("*planted.txt"))
    assert list(tmp_path.iterdir()) == []
    assert not Path("/tmp/funcnodes-planted.txt").exists()


async def test_an_honest_upload_arrives(system: System, http: aiohttp.ClientSession) -> None:
    """So that the refusals above are not those of a door that never opens."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", b"hello", filename="folder/ours.txt")
    address = f"{system.ui}/worker/{system.uuid}/upload/"
    async with http.post(address, data=form, headers=system.bearer) as answer:
        assert (answer.status, (await answer.json())["file"]) == (200, "folder/ours.txt")
    files = system.base.workers / f"worker_{system.uuid}" / "files"
    assert (files / "folder" / "ours.txt").read_bytes() == b"hello"


async def test_a_workers_id_stays_in_the_workers_folder(system: System) -> None:
    """R7, in our own call and in the published one, which also names a data path."""
    inside = system.base.folder.parent
    before = sorted(str(path) for path in inside.rglob("*escape*"))
    async with (
        connect(system.base) as manager,
        aiohttp.ClientSession() as http,
        http.ws_connect(system.manager, headers=system.bearer) as socket,
    ):
        workers = await manager.call("status")
        for name in ("../../escape", "/tmp/escape", "a/b", "..", "a\\b", "/", "x" * 300, "a\0b"):
            with pytest.raises(ManagerRefused, match="id"):
                await manager.call("new_worker", name="x", uuid=name, in_venv=False)
            kwargs = {"uuid": name, "data_path": "/tmp/escape", "in_venv": False}
            await socket.send_json({"type": "new_worker", "kwargs": kwargs})
            while json.loads(await socket.receive_str(timeout=10)).get("type") != "error":
                pass
        assert await manager.call("status") == workers
    assert sorted(str(path) for path in inside.rglob("*escape*")) == before
    assert not Path("/tmp/escape").exists()


async def test_a_link_lets_one_browser_into_all_three_until_it_is_revoked(
    system: System, http: aiohttp.ClientSession
) -> None:
    """Link, cookie, exact Origin, revocation by a command; also where a published page goes directly."""
    link = funcnodes(system.base.folder, "link").strip()
    code = link.partition("?code=")[2]
    origin = {"Origin": system.ui}
    async with http.post(f"{system.ui}/session", json={"code": code}, headers=origin) as answer:
        assert answer.status == 200
        assert system.base.token_file.read_text() not in answer.headers["Set-Cookie"]
    # The cookie of one port is sent to all ports of a host name; the library's jar does the same here.
    addresses = [f"{system.ui}/manager", f"{system.ui}/worker/{system.uuid}/", system.manager, system.worker]
    sockets = [await http.ws_connect(address, headers=origin) for address in addresses]
    for socket in (sockets[0], sockets[2]):
        await socket.send_str("ping")
        assert await socket.receive_str(timeout=10) == "pong"
    for socket in (sockets[1], sockets[3]):
        await socket.send_json({"type": "cmd", "cmd": "uuid", "id": "1"})
        assert (await wait_for_answer(socket, "1"))["result"] == system.uuid
    for address in addresses:
        for headers, status in (({}, 401), ({"Origin": "http://localhost:1"}, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(address, headers=headers)
            assert refused.value.status == status
    funcnodes(system.base.folder, "session", "revoke", "--all")
    for socket in sockets:
        assert await closing_code(socket, 5) == 4401
    for address in addresses:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(address, headers=origin)
        assert refused.value.status == 401


def test_secrets_are_for_their_owner_and_stand_in_no_log(system: System) -> None:
    """R9, and the modes of the files that open doors."""
    token = system.base.token_file.read_text()
    for file in (system.base.token_file, system.base.sessions_file, system.base.codes_file):
        if file.exists():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    code = system.link.partition("?code=")[2]
    logs = [*system.base.logs.rglob("*"), *system.base.workers.rglob("*.log"), system.base.supervisor_file]
    assert logs
    for log in logs:
        if log.is_file():
            text = log.read_text(errors="replace")
            assert token not in text, log
            assert code not in text, log
