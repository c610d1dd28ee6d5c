"""The worker's line to its supervisor, against a small real one: a socket server in the test."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import SupervisorAddress, write_supervisor_file
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.wire import control

from tests.support.worker_process import Answer, WorkerClient, make_worker, put_nodespace, spawn

ORIGIN = "http://localhost:8000"
SESSION = "a-session"


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class SmallSupervisor:
    """Welcomes whoever dials, keeps what is said, says what the test wants."""

    heard: asyncio.Queue[control.FromDialler] = field(default_factory=lambda: asyncio.Queue())
    sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    may_welcome: asyncio.Event = field(default_factory=_set)

    async def talk(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"].startswith("Bearer ")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for frame in socket:
            message = control.read_from_dialler(frame.data)
            self.heard.put_nowait(message)
            if isinstance(message, control.Hello):
                await self.may_welcome.wait()
                await self.say(control.Welcome(access=control.Access(origins=[ORIGIN])))
        return socket

    async def say(self, message: control.FromSupervisor) -> None:
        await self.sockets[-1].send_str(control.encode(message))


async def next_of(supervisor: SmallSupervisor, kind: type) -> object:
    async with asyncio.timeout(10):
        while not isinstance(message := await supervisor.heard.get(), kind):
            pass
        return message


@contextlib.asynccontextmanager
async def supervisor_of(base: Base) -> AsyncGenerator[SmallSupervisor]:
    supervisor = SmallSupervisor()
    app = web.Application()
    app.router.add_get("/control", supervisor.talk)
    async with TestServer(app) as server:
        assert isinstance(server.port, int)
        write_supervisor_file(base, SupervisorAddress("127.0.0.1", server.port, 1, 0.0))
        yield supervisor


async def test_the_whole_conversation(tmp_path: Path) -> None:
    """Hello, access, ping, wishes that fail and are done, modules loaded live, a lost line, a stop."""
    home = make_worker(tmp_path, packages=())
    async with supervisor_of(home.base) as supervisor:
        worker = await spawn(home, supervised=True)
        hello = await next_of(supervisor, control.Hello)
        assert isinstance(hello, control.Hello)
        assert (hello.role, hello.uuid, hello.pid, hello.port) == (
            "worker",
            worker.uuid,
            worker.process.pid,
            worker.port,
        )

        await supervisor.say(control.Ping(id="p1"))
        assert await next_of(supervisor, control.Pong) == control.Pong(id="p1")

        await _sessions_come_and_go(supervisor, worker.address)
        async with worker.connect(subscribe=True) as client:
            await client.call(
                "load_data", data={"nodes": [{"id": "n", "node_id": "lab.add", "io": {"left": {"value": 4}}}]}
            )
            await client.call("update_worker_config", name="renamed")
            assert await next_of(supervisor, control.Changed) == control.Changed(name="renamed")
            await _a_wish_that_fails(supervisor, client)
            await _a_wish_that_is_done(supervisor, client)
            # The node that waited for its class lives now, and has computed.
            await client.wait_for(lambda c: c.value("n", "sum") == 5)
            assert client.notifications("library") == [{}]
            await client.wait_for(_knows_all_ports_of_n)

            await supervisor.sockets[-1].close()
            again = await next_of(supervisor, control.Hello)
            assert again == hello

            await supervisor.say(control.Interrupt())
            await supervisor.say(control.Stop())
            await next_of(supervisor, control.Stopping)
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0


async def test_an_edit_while_the_graph_is_not_built_yet_is_in_it(tmp_path: Path) -> None:
    """The server is open before the supervisor knows the worker, and the graph begins after that."""
    home = make_worker(tmp_path)
    inputs = {"left": {"is_input": True, "value": 4}, "right": {"is_input": True, "value": 1}}
    node = {"id": "n", "node_id": "lab.add", "name": "N", "io": inputs}
    put_nodespace(home, {"backend": {"nodes": [node], "edges": [], "prop": {}, "groups": {}}})
    async with supervisor_of(home.base) as supervisor:
        supervisor.may_welcome.clear()
        worker = await spawn(home, supervised=True)
        async with worker.connect() as client:
            edit = {"kind": "set_value", "node": "n", "port": "left", "value": 40}
            await client.call("edit", edits=[edit])
            supervisor.may_welcome.set()
            await client.call("wait_idle")
            assert await client.call("get_io_value", nid="n", ioid="sum") == 41
            assert await client.call("get_io_value", nid="n", ioid="left") == 40
        assert await worker.end() == 0


def _knows_all_ports_of_n(client: WorkerClient) -> bool:
    """Whether it was told, after it heard of the library, what its placeholder turned out to be."""
    names = [one.get("method") for one in client.pushed]
    later = client.pushed[names.index("library") :]
    feeds = [one["params"] for one in later if one.get("method") == "feed"]
    told = [{port["id"]: port for port in feed["ports"]["n"]} for feed in feeds if "n" in feed["ports"]]
    return bool(told) and list(told[-1]) == ["left", "right", "sum"] and told[-1]["left"]["value"] == 4


async def _sessions_come_and_go(supervisor: SmallSupervisor, address: str) -> None:
    hashed = hashlib.sha256(SESSION.encode()).hexdigest()
    await supervisor.say(control.Access(origins=[ORIGIN], sessions={"fn_8000": [hashed]}))
    await supervisor.say(control.Ping(id="told"))
    await next_of(supervisor, control.Pong)
    headers = {"Origin": ORIGIN, "Cookie": f"fn_8000={SESSION}"}
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{address}/", headers=headers) as socket:
        await socket.send_str('{"type":"ping"}')
        assert (await socket.receive()).data == '{"type":"pong"}'
        await supervisor.say(control.Access(origins=[ORIGIN], sessions={}))
        closed = await socket.receive()
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)


async def _a_wish_that_fails(supervisor: SmallSupervisor, client: WorkerClient) -> None:
    asking = asyncio.create_task(
        client.call("add_package_dependency", name="funcnodes-nope", version=">=latest")
    )
    wish = await next_of(supervisor, control.Wish)
    assert isinstance(wish, control.Wish)
    assert (wish.action, wish.package, wish.version) == ("install", "funcnodes-nope", None)
    await supervisor.say(control.WishDone(id=wish.id, error="no such package; nothing was changed"))
    with pytest.raises(Answer, match="no such package") as answer:
        await asking
    assert answer.value.code == -32004
    assert client.notifications("progress")[-1] == {
        "message": "", "status": "info", "progress": 1.0, "blocking": False,
    }  # fmt: skip


async def _a_wish_that_is_done(supervisor: SmallSupervisor, client: WorkerClient) -> None:
    asking = asyncio.create_task(client.call("add_package_dependency", name="funcnodes-lab"))
    wish = await next_of(supervisor, control.Wish)
    assert isinstance(wish, control.Wish)
    await supervisor.say(control.WishProgress(id=wish.id, message="building", fraction=0.5))
    await supervisor.say(control.LoadModules(id="l1", packages=["funcnodes-lab", "funcnodes-broken"]))
    loaded = await next_of(supervisor, control.ModulesLoaded)
    assert isinstance(loaded, control.ModulesLoaded)
    assert list(loaded.problems) == ["funcnodes-broken"]
    await supervisor.say(control.WishDone(id=wish.id))
    assert await asking is None
    assert any(p["message"] == "building" for p in client.notifications("progress"))


async def test_a_token_that_cannot_be_read_for_a_while_does_not_end_the_dialling(tmp_path: Path) -> None:
    home = make_worker(tmp_path, packages=())
    async with supervisor_of(home.base) as supervisor:
        worker = await spawn(home, supervised=True)
        await next_of(supervisor, control.Hello)
        token = home.base.token_file.read_text()
        home.base.token_file.unlink()
        home.base.token_file.mkdir()
        await supervisor.sockets[-1].close()
        # Attempts that fail leave nothing to wait for; they come after 0.05, 0.1 and 0.2 s.
        await asyncio.sleep(0.5)
        home.base.token_file.rmdir()
        home.base.token_file.write_text(token)
        await next_of(supervisor, control.Hello)
        await supervisor.say(control.Stop())
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0


async def test_a_package_added_while_a_node_computes_is_loaded_when_it_is_done(tmp_path: Path) -> None:
    """A run of some seconds is what nodes are for: it is no reason to ask for a restart."""
    home = make_worker(tmp_path)
    async with supervisor_of(home.base) as supervisor:
        worker = await spawn(home, supervised=True)
        await next_of(supervisor, control.Hello)
        async with worker.connect(subscribe=True) as client:
            await client.call("add_node", id="lab.sleep", uuid="s")
            await client.call("set_io_value", nid="s", ioid="seconds", value=2)
            await client.wait_for(lambda c: c.state("s").get("status") == "running")
            await supervisor.say(control.LoadModules(id="l1", packages=["funcnodes-basic"]))
            loaded = await next_of(supervisor, control.ModulesLoaded)
            assert loaded == control.ModulesLoaded(id="l1", problems={})
            told = await client.wait_for(
                lambda c: [one for one in c.notifications("worker") if one["event"] == "repos_update"]
            )
            assert {"funcnodes-basic", "funcnodes-lab"} <= told[-1]["repos"].keys()
            await client.wait_for(lambda c: c.value("s", "out") == 2)
        await supervisor.say(control.Stop())
        await next_of(supervisor, control.Stopping)
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0


@pytest.mark.parametrize("reason", ["stopped", "unknown_worker"])
async def test_a_worker_nobody_wants_ends(tmp_path: Path, reason: str) -> None:
    home: WorkerHome = make_worker(tmp_path)
    async with supervisor_of(home.base) as supervisor:
        worker = await spawn(home, supervised=True)
        await next_of(supervisor, control.Hello)
        await supervisor.say(control.Refused(reason=reason, message="not now"))  # type: ignore[arg-type]
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0


async def test_an_import_goes_on_with_its_packages_after_a_restart(tmp_path: Path) -> None:
    """A package may need one; each is asked for once, also if it ends the worker."""
    home = make_worker(tmp_path, packages=())
    archive = io.BytesIO()
    config = {"package_dependencies": {name: {"package": name} for name in ("one", "two", "three")}}
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("config", json.dumps(config))
        made.writestr("state", "{}")
    data = base64.b64encode(archive.getvalue()).decode()
    async with supervisor_of(home.base) as supervisor:
        worker = await spawn(home, supervised=True)
        await next_of(supervisor, control.Hello)
        async with worker.connect() as client:
            asking = asyncio.create_task(client.call("update_from_export", data=data))
            first = await next_of(supervisor, control.Wish)
            assert isinstance(first, control.Wish)
            assert first.package == "one"
            worker.process.kill()
            await worker.process.wait()
            await asyncio.gather(asking, return_exceptions=True)
        home.runstate_file.unlink()
        worker = await spawn(home, supervised=True)
        for package in ("two", "three"):
            wish = await next_of(supervisor, control.Wish)
            assert isinstance(wish, control.Wish)
            assert wish.package == package
            await supervisor.say(control.WishDone(id=wish.id, error="not here"))
        async with worker.connect() as client:
            await client.call("uuid")
        assert await worker.end() == 0, worker.log()
        assert not (home.folder / "import.json").exists()
