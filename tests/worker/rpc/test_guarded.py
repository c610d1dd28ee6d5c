"""The gate before every route: no route without a door, none passed without its right."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from funcnodes_worker.rpc.gate import Gate, Right
from funcnodes_worker.rpc.guarded import caller_of, door, guard, open_door

TOKEN = "t" * 43
ORIGIN = "http://localhost:8000"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Notes:
    """A small server with one door of each kind."""

    def __init__(self) -> None:
        self.written: list[str] = []

    @door(Right.VIEW)
    async def read(self, request: web.Request) -> web.Response:
        return web.json_response({"by": caller_of(request).by})

    @door(Right.EDIT)
    async def write(self, request: web.Request) -> web.Response:
        self.written.append(await request.text())
        return web.json_response({})

    @open_door("a picture for everybody")
    async def picture(self, request: web.Request) -> web.Response:
        return web.Response(text="picture")

    async def forgotten(self, request: web.Request) -> web.Response:
        self.written.append("forgotten")
        return web.Response()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def address(notes: Notes) -> AsyncIterator[str]:
    app = web.Application()
    gate = Gate(TOKEN)
    gate.set_access([ORIGIN], {})
    guard(app, gate)
    app.router.add_get("/notes", notes.read)
    app.router.add_post("/notes", notes.write)
    app.router.add_get("/picture", notes.picture)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def status(
    method: str, url: str, headers: dict[str, str] | None = None, data: str | None = None
) -> int:
    async with ClientSession() as session, session.request(method, url, headers=headers, data=data) as answer:
        return answer.status


async def test_the_matrix_of_a_router(address: str, notes: Notes) -> None:
    """Each cell of token, Origin, Host and content type, against each kind of door."""
    json = {"Content-Type": "application/json"}
    cells = {
        ("GET", "/notes", "nothing"): await status("GET", f"{address}/notes"),
        ("GET", "/notes", "token"): await status("GET", f"{address}/notes", BEARER),
        ("GET", "/notes", "null"): await status("GET", f"{address}/notes", {**BEARER, "Origin": "null"}),
        ("GET", "/notes", "host"): await status(
            "GET", f"{address}/notes", {**BEARER, "Host": "evil.example"}
        ),
        ("POST", "/notes", "nothing"): await status("POST", f"{address}/notes", json, "{}"),
        ("POST", "/notes", "text"): await status(
            "POST", f"{address}/notes", {**BEARER, "Content-Type": "text/plain"}, "x"
        ),
        ("POST", "/notes", "foreign"): await status(
            "POST", f"{address}/notes", {**BEARER, **json, "Origin": "http://x.example"}, "{}"
        ),
        ("GET", "/picture", "nothing"): await status("GET", f"{address}/picture"),
        ("GET", "/picture", "host"): await status("GET", f"{address}/picture", {"Host": "evil.example"}),
        ("GET", "/picture", "foreign"): await status(
            "GET", f"{address}/picture", {"Origin": "http://x.example"}
        ),
        ("GET", "/nowhere", "nothing"): await status("GET", f"{address}/nowhere"),
        ("GET", "/nowhere", "token"): await status("GET", f"{address}/nowhere", BEARER),
        ("PUT", "/notes", "token"): await status("PUT", f"{address}/notes", {**BEARER, **json}, "{}"),
    }
    assert cells == {
        ("GET", "/notes", "nothing"): 401,
        ("GET", "/notes", "token"): 200,
        ("GET", "/notes", "null"): 403,
        ("GET", "/notes", "host"): 403,
        ("POST", "/notes", "nothing"): 401,
        ("POST", "/notes", "text"): 415,
        ("POST", "/notes", "foreign"): 403,
        ("GET", "/picture", "nothing"): 200,
        ("GET", "/picture", "host"): 403,
        ("GET", "/picture", "foreign"): 403,
        ("GET", "/nowhere", "nothing"): 401,
        ("GET", "/nowhere", "token"): 404,
        ("PUT", "/notes", "token"): 405,
    }
    assert notes.written == []


async def test_a_post_with_the_right_passes(address: str, notes: Notes) -> None:
    assert (
        await status("POST", f"{address}/notes", {**BEARER, "Content-Type": "application/json"}, "[1]") == 200
    )
    assert notes.written == ["[1]"]


async def test_preflight_answers_allowed_pages_only(address: str) -> None:
    async with ClientSession() as session:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        async with session.options(f"{address}/notes", headers=asked) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            allowed = answer.headers["Access-Control-Allow-Headers"]
            assert {"content-type", "access-control-allow-origin"} <= set(allowed.split(", "))
        async with session.options(f"{address}/notes", headers={"Origin": "http://x.example"}) as answer:
            assert answer.status == 403
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_route_without_a_door_keeps_the_server_from_starting(notes: Notes) -> None:
    app = web.Application()
    guard(app, Gate(TOKEN))
    app.router.add_get("/forgotten", notes.forgotten)
    runner = web.AppRunner(app)
    with pytest.raises(AssertionError, match="no door"):
        await runner.setup()
    await runner.cleanup()
    assert notes.written == []
