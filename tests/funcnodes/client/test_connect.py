"""`funcnodes.connect`: a worker driven from a script, with and without an event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from funcnodes.client.address import finder
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.errors import (
    BadCall,
    ConnectionLost,
    EditRefused,
    GraphBusy,
    InstallationFailed,
    NotFound,
    WorkerNotFound,
    WorkerUnreachable,
)
from funcnodes.client.happenings import Changed, Connection, Edited, Preview, Progress, Resynced
from funcnodes.client.opening import Connecting
from funcnodes_core.document.edits import RenameNode, SetValue
from funcnodes_core.document.model import Document
from funcnodes_worker.home.base import resolve_base
from funcnodes_worker.home.token import read_or_make_token
from msgspec import convert

import funcnodes
from tests.support.worker_process import WorkerProcess, make_worker, running_worker, spawn


def connect(worker: WorkerProcess, target: str = "lab", patience_s: float = 20.0) -> Connecting:
    return funcnodes.connect(target, base=worker.base.folder, patience_s=patience_s)


async def in_a_script(script: Callable[[], None]) -> None:
    """Run what a script without an event loop would run."""
    await asyncio.to_thread(script)


async def test_a_script_builds_a_graph_and_reads_what_comes_out(tmp_path: Path) -> None:
    def script() -> None:
        with connect(worker) as lab:
            first = lab.add_node("lab.add", uuid="first", name="First")
            second = lab.add_node("lab.add", uuid="second")
            lab.add_edge(first, "sum", second, "left")
            first.inputs["left"] = 5
            lab.wait_idle()
            assert second.outputs["sum"].value == 7
            assert (list(first.inputs), list(first.outputs), len(lab.nodes)) == (
                ["left", "right"],
                ["sum"],
                2,
            )
            assert (lab["First"].id, lab["second"].name) == ("first", "Add(second)")
            assert lab.call("uuid") == worker.uuid
            lab.wait_for(
                lambda lab: lab.preview("second", "sum") == Preview("application/json", 7, type="int")
            )
            assert lab.edit(RenameNode("first", "Other"), SetValue("first", "right", 2)) == lab.revision
            assert lab["Other"].id == "first"
            second.remove()
            assert list(lab.nodes) == ["first"]

    async with running_worker(tmp_path) as worker:
        await in_a_script(script)


async def test_what_the_worker_refuses_is_raised_with_its_sentence(tmp_path: Path) -> None:
    def script() -> None:
        with connect(worker) as lab:
            a, b = lab.add_node("lab.add", uuid="a"), lab.add_node("lab.add", uuid="b")
            lab.add_edge(a, "sum", b, "left")
            with pytest.raises(EditRefused, match="fed by") as refused:
                b.inputs["left"] = 3
            assert refused.value.kind == "InputIsConnected"
            with pytest.raises(NotFound, match=r"no node class 'lab\.nothing'"):
                lab.add_node("lab.nothing")
            with pytest.raises(BadCall, match="does not take 'loudly'"):
                lab.call("uuid", loudly=True)
            with pytest.raises(NotFound, match="no node is called 'c'"):
                lab["c"]
            with pytest.raises(KeyError):
                a.inputs["sum"]
            lab.add_node("lab.wait", uuid="slow").inputs["seconds"] = 30
            with pytest.raises(GraphBusy, match=r"'slow'|the graph"):
                lab.wait_idle(limit_s=0.2)
            lab.call("interrupt", node="slow")
            lab.wait_idle()
            progress: list[Progress] = []
            with pytest.raises(InstallationFailed, match="no manager is running"):
                lab.install("funcnodes-nothing", on_progress=progress.append)
            assert [told.message for told in progress][:1] == ["install funcnodes-nothing"]

    async with running_worker(tmp_path) as worker:
        await in_a_script(script)


async def test_a_failing_node_says_why(tmp_path: Path) -> None:
    def script() -> None:
        with connect(worker) as lab:
            node = lab.add_node("lab.fail")
            node.inputs["message"] = "too hot"
            lab.wait_for(lambda lab: node.state.status == "failed")
            assert "too hot" in (node.state.error or "")
            assert any("ValueError" in line for line in node.state.traceback)

    async with running_worker(tmp_path) as worker:
        await in_a_script(script)


async def test_events_tell_what_others_do(tmp_path: Path) -> None:
    def script() -> None:
        with connect(worker) as mine, connect(worker) as other, other.listening() as next_event:
            node = mine.add_node("lab.echo", uuid="a")
            node.inputs["value"] = [1, 2]
            heard = [next_event(10)]
            while not (isinstance(heard[-1], Changed) and ("a", "out") in heard[-1].values):
                heard.append(next_event(10))
            edits = [event for event in heard if isinstance(event, Edited)]
            assert [event.author for event in edits] == [mine.author] * 2
            with pytest.raises(TimeoutError):
                next_event(0.05)
            assert list(other.events(limit_s=0.05)) == []

    async with running_worker(tmp_path) as worker:
        await in_a_script(script)


async def test_large_values_go_both_ways(tmp_path: Path) -> None:
    """Above what a frame may hold: by HTTP there, whole back."""
    large = [float(number) for number in range(300_000)]
    async with running_worker(tmp_path) as worker, connect(worker) as lab:
        await lab.add_node("lab.echo", uuid="a")
        await lab.set("a", "value", large)
        await lab.wait_idle()
        assert await lab.get("a", "out") == large


async def test_a_worker_is_found_by_name_id_beginning_and_address(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        for target in ("lab", worker.uuid, worker.uuid[:8], worker.address):
            async with connect(worker, target) as lab:
                assert await lab.call("uuid") == worker.uuid
        for target in ("nobody", "la"):
            with pytest.raises(WorkerNotFound, match="known are: lab"):
                await connect(worker, target).__aenter__()
        wrong = funcnodes.connect("lab", base=worker.base.folder, token="wrong")
        with pytest.raises(WorkerUnreachable, match="refused the token given as token="):
            await wrong.__aenter__()
    with pytest.raises(WorkerUnreachable):
        await connect(worker).__aenter__()


async def test_a_connection_comes_back_with_all_that_was_missed(tmp_path: Path) -> None:
    """The worker is killed and starts again, on whatever port; calls wait meanwhile, the graph is whole."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    try:
        async with connect(worker) as lab, lab.listening() as heard:
            await lab.add_node("lab.add", uuid="a")
            worker.process.send_signal(signal.SIGKILL)
            await worker.process.wait()
            while not isinstance(event := await heard.get(), Connection):
                pass
            assert not event.is_up
            waiting = asyncio.create_task(lab.add_node("lab.add", uuid="b"))
            worker = await spawn(home)
            async with asyncio.timeout(20):
                assert await waiting == "b"
                await lab.wait_for(lambda lab: set(lab.document.nodes) == {"a", "b"})
            told = [heard.get_nowait() for _ in range(heard.qsize())]
            assert [event.is_up for event in told if isinstance(event, Connection)] == [True]
            assert not any(isinstance(event, Resynced) for event in told)
            shown = await lab.call("subscribe")
            assert convert(shown["document"], Document) == lab.document
        assert await worker.end() == 0, worker.log()
    finally:
        if worker.process.returncode is None:
            os.kill(worker.process.pid, signal.SIGKILL)
            await worker.process.wait()


async def test_who_waits_too_long_for_a_worker_hears_why(tmp_path: Path) -> None:
    worker = await spawn(make_worker(tmp_path))
    async with connect(worker, patience_s=0.3) as lab:
        slow = asyncio.create_task(lab.call("wait_idle"))
        await slow
        await worker.end()
        async with asyncio.timeout(10):
            with pytest.raises(ConnectionLost, match=r"not there again within 0\.3 s"):
                await lab.wait_for(lambda lab: lab.state("never").status == "running")
            with pytest.raises(ConnectionLost, match=r"not there again within 0\.3 s"):
                await lab.call("uuid")
            assert not lab.is_up


async def a_worker_of_another_release(request: web.Request) -> web.WebSocketResponse:
    """Greet, and then tell of an edit that nobody here knows."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    feed: dict[str, object] = {"states": {}, "values": {}, "ports": {}}
    document: dict[str, object] = {
        "epoch": "e",
        "revision": 0,
        "document": {},
        "edits": [],
        "feed": feed,
        "author": "me",
    }
    await socket.send_json({"jsonrpc": "2.0", "id": "greeting", "result": document})
    told = {"revision": 1, "author": "other", "edits": [{"kind": "fold_space"}]}
    await socket.receive()
    await socket.send_json({"jsonrpc": "2.0", "method": "edit", "params": told})
    await socket.receive()
    return socket


async def test_what_cannot_be_understood_ends_the_waiting_and_says_so() -> None:
    """The connection's task died alone, and every call waited for ever."""
    app = web.Application()
    app.router.add_get("/", a_worker_of_another_release)
    async with (
        asyncio.timeout(10),
        TestServer(app) as server,
        funcnodes.connect(str(server.make_url("/")), token="any") as worker,
    ):
        with pytest.raises(ConnectionLost, match=r"not understood.*fold_space"):
            await worker.call("uuid")
        with pytest.raises(ConnectionLost, match="not understood"):
            await worker.wait_for(lambda worker: worker.revision == 1)


async def test_closing_that_is_called_off_leaves_nothing_open() -> None:
    """A second Ctrl+C while a command ends, at a worker that says no goodbye: a session stayed unclosed."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told["message"]))
    deaf = asyncio.Event()

    async def a_deaf_worker(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        result: dict[str, object] = {"epoch": "e", "revision": 0, "document": {}, "edits": [], "author": "me"}
        result["feed"] = {"states": {}, "values": {}, "ports": {}}
        await socket.send_json({"jsonrpc": "2.0", "id": "greeting", "result": result})
        await deaf.wait()
        return socket

    async def stay(connected: asyncio.Future[AsyncWorker], url: str) -> None:
        async with funcnodes.connect(url, token="any") as worker:
            connected.set_result(worker)
            await asyncio.Event().wait()

    app = web.Application()
    app.router.add_get("/", a_deaf_worker)
    async with asyncio.timeout(10), TestServer(app) as server:
        connected: asyncio.Future[AsyncWorker] = asyncio.get_running_loop().create_future()
        staying = asyncio.create_task(stay(connected, str(server.make_url("/"))))
        worker = await connected
        staying.cancel()
        # The closing has begun at the latest when the line is down; nobody tells of it.
        while worker.is_up:  # noqa: ASYNC110
            await asyncio.sleep(0)
        staying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await staying
        deaf.set()
    del worker, staying, connected
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("host", ["lab.example", "127.0.0.1.example", "[2001:db8::1]"])
def test_the_token_is_shown_to_another_machine_only_by_who_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("FUNCNODES_CONFIG_DIR", str(tmp_path))
    ours = read_or_make_token(resolve_base(tmp_path))
    assert finder(f"http://{host}:9382", None, None)().headers == {}
    assert finder(f"http://{host}:9382", None, "theirs")().token == "theirs"
    assert finder(f"http://{host}:9382", tmp_path, None)().token == ours
    for here in ("localhost", "127.0.0.1", "[::1]"):
        assert finder(f"http://{here}:9382", None, None)().token == ours
