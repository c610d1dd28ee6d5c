"""Who gets in and who does not: a matrix made from the worker's own router and method table."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from funcnodes_worker.rpc.dispatch import MethodTable
from funcnodes_worker.rpc.errors import NoRight
from funcnodes_worker.rpc.gate import Caller, Gate, Right
from funcnodes_worker.rpc.guarded import door_of
from funcnodes_worker.server.app import WorkerServer
from funcnodes_worker.server.methods.table import make_table

from tests.support.worker_process import WorkerProcess, running_worker

JSON = {"Content-Type": "application/json"}
FOREIGN = ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"})


def routes() -> list[tuple[str, str, bool]]:
    """Every route of the worker's application: method, path, open to all."""
    server = WorkerServer(services=None, table=MethodTable(), gate=Gate("t"))  # type: ignore[arg-type]
    found = []
    for route in server.make_app().router.routes():
        if route.method != "HEAD":
            door = door_of(route.handler)
            assert door is not None
            path = str(route.resource.canonical)  # type: ignore[union-attr]
            path = re.sub(r"\{\w+\}", "0" * 32, path)
            found.append((route.method, path, door.right is None))
    return found


async def status(
    worker: WorkerProcess, method: str, path: str, headers: dict[str, str], body: str = ""
) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method,
            f"{worker.address}{path}",
            headers=headers,
            data=io.BytesIO(body.encode()) if body else None,
        ) as answer,
    ):
        return answer.status


async def test_every_route_refuses_strangers(worker: WorkerProcess) -> None:
    """No token 401, foreign or null Origin 403, wrong Host 403, simple POST 415; and nothing has changed."""
    add = json.dumps({"type": "cmd", "cmd": "add_node", "kwargs": {"id": "lab.add"}})
    async with worker.connect() as client:
        assert len(routes()) >= 5
        for method, path, is_open in routes():
            named = (method, path)
            if not is_open:
                assert await status(worker, method, path, JSON, add) == 401, named
                wrong = {**JSON, "Authorization": "Bearer wrong"}
                assert await status(worker, method, path, wrong, add) == 401, named
                cookie = {**JSON, "Cookie": "fn_8000=stolen"}
                assert await status(worker, method, path, cookie, add) == 401, named
            for origin in FOREIGN:
                foreign = {**JSON, **worker.bearer, **origin}
                assert await status(worker, method, path, foreign, add) == 403, named
            host = {**JSON, **worker.bearer, "Host": "evil.example"}
            assert await status(worker, method, path, host, add) == 403, named
            if method == "POST":
                for simple in ("text/plain", "application/x-www-form-urlencoded"):
                    sent = {**worker.bearer, "Content-Type": simple}
                    assert await status(worker, method, path, sent, add) == 415, named
        assert await client.cmd("get_nodes") == []
        assert await status(worker, "POST", "/message/", {**JSON, **worker.bearer}, add) == 200
        assert len(await client.cmd("get_nodes")) == 1


async def test_the_socket_refuses_strangers(worker: WorkerProcess) -> None:
    async with aiohttp.ClientSession() as http:
        for headers, code in (({}, 401), ({**worker.bearer, "Origin": "null"}, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{worker.address}/", headers=headers)
            assert refused.value.status == code


@pytest.mark.parametrize("right", list(Right))
def test_every_method_needs_its_right(right: Right) -> None:
    """Without exactly this right the table gives out no method that needs it."""
    lacking = Caller(frozenset(Right) - {right}, "token")
    for method in make_table():
        if method.right is right:
            with pytest.raises(NoRight):
                make_table().find(method.name, lacking)
        else:
            assert make_table().find(method.name, lacking) is not None


def test_what_changes_the_graph_needs_more_than_to_look() -> None:
    for method in make_table():
        looks = method.name.startswith(("get_", "view_", "full_")) or method.name in (
            "rpc.discover", "uuid", "name", "heartbeat", "subscribe",
            "list_files", "list_trash", "history", "wait_idle",
        )  # fmt: skip
        assert (method.right is Right.VIEW) == looks, method.name


async def test_a_message_by_http_is_answered_on_the_senders_socket(worker: WorkerProcess) -> None:
    """A request too large for a frame works, and so does an answer that is."""
    big = "x" * 2_000_000
    async with worker.connect() as client:
        await client.cmd("add_node", id="lab.echo", uuid="a")
        message = {"type": "cmd", "cmd": "set_io_value", "id": "big"}
        message["kwargs"] = {"nid": "a", "ioid": "value", "value": big}  # type: ignore[assignment]
        assert (
            await status(worker, "POST", "/message/", {**JSON, **worker.bearer}, json.dumps(message)) == 200
        )
        answer = await client.wait_for(lambda c: next((m for m in c.pushed if m.get("id") == "big"), None))
        assert answer["result"] == big[:1000] + "..."
        message = {"type": "cmd", "cmd": "get_io_full_value", "id": "whole"}
        message["kwargs"] = {"nid": "a", "ioid": "value"}  # type: ignore[assignment]
        await client.socket.send_str(json.dumps(message))
        parked = await client.wait_for(
            lambda c: next((m for m in c.pushed if m.get("type") == "large_message"), None)
        )
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{worker.address}/message/{parked['msg_id']}") as answer:
                assert base64.b64decode((await answer.json())["result"]["data"]) == big.encode()
            async with http.get(f"{worker.address}/message/{parked['msg_id']}") as again:
                assert again.status == 404
        assert await status(worker, "POST", "/message/", {**JSON, **worker.bearer}, "{broken") == 400


async def upload(worker: WorkerProcess, name: str, content: bytes) -> tuple[int, Any]:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", content, filename=name)
    async with (
        aiohttp.ClientSession(headers=worker.bearer) as http,
        http.post(f"{worker.address}/upload/", data=form) as answer,
    ):
        return answer.status, await answer.json()


async def test_uploads_stay_inside_the_files_folder(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        code, said = await upload(worker, "data/one.txt", b"1")
        assert (code, said["file"]) == (200, "data/one.txt")
        assert (worker.home.files / "data" / "one.txt").read_bytes() == b"1"
        (worker.home.files / "out").symlink_to(tmp_path)
        for name in ("../escape.txt", "/etc/escape", "a/../../escape", "out/escape.txt"):
            code, said = await upload(worker, name, b"x")
            assert (code, "refused" in said["error"]) == (400, True), name
        assert not [p for p in tmp_path.rglob("*") if "escape" in p.name]
        assert not list((worker.home.folder / "uploads").iterdir())


async def test_no_auth_lets_this_machine_in_and_nobody_else(tmp_path: Path) -> None:
    async with running_worker(tmp_path, ("funcnodes-lab",), "--no-auth") as worker:
        add = json.dumps({"type": "cmd", "cmd": "uuid"})
        assert await status(worker, "POST", "/message/", JSON, add) == 200
        assert (
            await status(worker, "POST", "/message/", {**JSON, "Origin": "http://evil.example"}, add) == 403
        )
        assert await status(worker, "POST", "/message/", {**JSON, "Host": "evil.example"}, add) == 403


async def test_stopping_closes_and_frees_the_port(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        port = worker.port
        assert await worker.end() == 0
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", port)
        server.close()
        await server.wait_closed()
