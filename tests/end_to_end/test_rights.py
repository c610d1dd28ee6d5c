"""Tokens with less than all rights at a real manager and worker, method by method (R4)."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Generator
from typing import Any

import aiohttp
import pytest
from funcnodes.server.manager.methods import TABLE as MANAGER_TABLE
from funcnodes_worker.rpc.errors import NO_RIGHT
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.methods.table import make_table

from tests.support.closing import closing_code
from tests.support.running_system import System, funcnodes, running_system

pytestmark = pytest.mark.timeout(120)
ORDER = list(Right)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """One running system for all tokens."""
    with running_system(tmp_path_factory.mktemp("rights")) as running:
        yield running


def new_token(system: System, *options: str) -> str:
    """Return a token as the command line prints it."""
    return funcnodes(system.base.folder, "token", "new", *options).strip()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextlib.asynccontextmanager
async def socket_at(address: str, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as http, http.ws_connect(address, headers=bearer(token)) as socket:
        yield socket


async def call(socket: aiohttp.ClientWebSocketResponse, method: str, **params: Any) -> dict[str, Any]:
    """Return the answer to one call; what else is said is passed over."""
    await socket.send_json({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
    async with asyncio.timeout(20):
        while True:
            answer = await socket.receive_json()
            if answer.get("id") == method:
                return answer


@pytest.mark.parametrize("right", ORDER[:-1])
@pytest.mark.parametrize("server", ["manager", "worker"])
async def test_every_method_refuses_a_right_that_is_too_small(
    system: System, server: str, right: Right
) -> None:
    """By the table itself: a method that is added tomorrow is tried too. Nothing of it is done."""
    table = MANAGER_TABLE if server == "manager" else make_table()
    too_much = [method.name for method in table if ORDER.index(method.right) > ORDER.index(right)]
    async with socket_at(system.address(server), new_token(system, "--right", right.value)) as socket:
        refused = {name: (await call(socket, name)).get("error", {}).get("code") for name in too_much}

    assert refused
    assert refused == dict.fromkeys(too_much, NO_RIGHT)


@pytest.mark.parametrize(
    ("right", "may", "may_not"),
    [("view", "get_nodes", "clear"), ("edit", "add_node", "stop_worker")],
)
async def test_a_right_opens_what_it_names_and_all_before_it(
    system: System, right: str, may: str, may_not: str
) -> None:
    """Who may edit may look; who may look may not clear."""
    params = {"id": "add_node"} if may == "add_node" else {}
    async with socket_at(system.worker, new_token(system, "--right", right)) as socket:
        assert "result" in await call(socket, "uuid")
        assert "error" not in await call(socket, may, **params)
        assert (await call(socket, may_not))["error"]["code"] == NO_RIGHT


async def test_a_token_for_one_worker_opens_no_other_and_not_the_manager(system: System) -> None:
    """Made for a worker that is not there: at this one, and at the manager, it is refused with the reason."""
    theirs = new_token(system, "--right", "admin", "--worker", system.uuid)
    async with socket_at(system.worker, theirs) as socket:
        assert (await call(socket, "uuid"))["result"] == system.uuid
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(system.manager, headers=bearer(theirs))
        assert refused.value.status == 403
        for door in (system.manager, system.ui):
            async with http.ws_connect(f"{door}/worker/{system.uuid}/", headers=bearer(theirs)) as socket:
                assert (await call(socket, "uuid"))["result"] == system.uuid
            with pytest.raises(aiohttp.WSServerHandshakeError) as at_another:
                await http.ws_connect(f"{door}/worker/another/", headers=bearer(theirs))
            assert at_another.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as at_ui:
            await http.ws_connect(f"{system.ui}/manager", headers=bearer(theirs))
        assert at_ui.value.status == 403


@pytest.mark.parametrize("door", ["manager", "ui"])
async def test_who_comes_through_the_hub_may_no_more_than_at_the_worker_itself(
    system: System, door: str
) -> None:
    """By the worker's own table and routes: the hub lends nobody its own token."""
    too_much = [method.name for method in make_table() if method.right is not Right.VIEW]
    address = f"{system.address(door)}/worker/{system.uuid}"
    lasting = new_token(system, "--right", "view", "--name", f"through {door}")
    async with socket_at(f"{address}/", lasting) as socket:
        refused = {name: (await call(socket, name)).get("error", {}).get("code") for name in too_much}
        assert refused == dict.fromkeys(too_much, NO_RIGHT)
        async with aiohttp.ClientSession(headers=bearer(lasting)) as http:
            async with http.get(f"{address}/files/") as answer:
                assert answer.status == 200
            for path in ("/export", "/files/../worker.log"):
                async with http.get(f"{address}{path}") as answer:
                    assert answer.status in (403, 404), path
            request = {"jsonrpc": "2.0", "id": 1, "method": "clear", "params": {}}
            async with http.post(f"{address}/message/", json=request) as answer:
                assert (await answer.json())["error"]["code"] == NO_RIGHT
            form = aiohttp.FormData()
            form.add_field("file", b"planted", filename="planted.txt")
            async with http.post(f"{address}/upload/", data=form) as answer:
                assert answer.status == 403
        grants = {line.split("\t")[4]: line.split("\t")[0] for line in listed(system)}
        funcnodes(system.base.folder, "token", "revoke", grants[f"through {door}"])
        assert await closing_code(socket) == 4401


async def test_a_token_ends_when_it_is_revoked_and_when_its_time_is_over(system: System) -> None:
    """At once, for open connections too, at the worker as at the manager."""
    lasting = new_token(system, "--right", "view", "--name", "screen")
    short = new_token(system, "--right", "view", "--expires", "12s")
    grants = {line.split("\t")[4]: line.split("\t")[0] for line in listed(system)}
    async with (
        socket_at(system.worker, lasting) as at_worker,
        socket_at(system.manager, lasting) as at_manager,
        socket_at(system.worker, short) as for_a_moment,
    ):
        funcnodes(system.base.folder, "token", "revoke", grants["screen"])
        for socket in (at_worker, at_manager, for_a_moment):
            assert await closing_code(socket, 40) == 4401
    async with aiohttp.ClientSession() as http:
        for token in (lasting, short):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(system.worker, headers=bearer(token))
            assert refused.value.status == 401
    assert "screen" not in "".join(listed(system))


def listed(system: System) -> list[str]:
    return funcnodes(system.base.folder, "token", "list").splitlines()


def test_only_hashes_are_kept(system: System) -> None:
    """In a file that nobody else may read."""
    token = new_token(system, "--right", "run")
    kept = system.base.grants_file

    assert token not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert all(
        token not in file.read_text(errors="replace") for file in system.base.logs.glob("*") if file.is_file()
    )
