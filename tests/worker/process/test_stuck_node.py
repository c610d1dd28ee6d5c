"""A node that never returns: the worker answers, keeps edits, and ends the node when asked."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.support.worker_process import WorkerClient, WorkerProcess, document_on_disk, running_worker

QUICK_S = 0.1


async def spin(client: WorkerClient) -> None:
    """Make the node `stuck` spin and return when it is known to."""
    await client.call("add_node", id="lab.spin", uuid="stuck")
    await client.call("set_io_value", nid="stuck", ioid="go", value=True)
    await client.wait_for(lambda c: c.state("stuck").get("status") == "running")


async def timed(worker: WorkerProcess, message: dict[str, object]) -> float:
    """Return how long a fresh client waits for this answer."""
    async with worker.connect() as client:
        begun = time.perf_counter()
        await client.ask(message)
        return time.perf_counter() - begun


async def ping(client: WorkerClient) -> float:
    begun = time.perf_counter()
    before = client.pushed.count({"type": "pong"})
    await client.socket.send_str('{"type":"ping"}')
    await client.wait_for(lambda c: c.pushed.count({"type": "pong"}) > before)
    return time.perf_counter() - begun


def all_but_one(waits: list[float]) -> float:
    """Return the longest wait but for one: the machine itself now and then holds a process back."""
    return sorted(waits)[-2]


@pytest.mark.alone
async def test_a_spinning_node_leaves_the_worker_answering(tmp_path: Path) -> None:
    """Ping, status and logs answer within 100 ms; an edit is on disk; an answer names the node."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await spin(client)
        waits = [await ping(client) for _ in range(20)]
        assert all_but_one(waits) < QUICK_S, waits
        for question in (
            {"jsonrpc": "2.0", "method": "get_node_status", "params": {"nid": "stuck"}},
            {"jsonrpc": "2.0", "method": "logs"},
        ):
            waits = [await timed(worker, dict(question)) for _ in range(10)]
            assert all_but_one(waits) < QUICK_S, (question, waits)

        await client.call("add_node", id="lab.add", uuid="meanwhile")
        assert "meanwhile" in document_on_disk(worker.home).nodes

        answer = await client.ask(
            {"jsonrpc": "2.0", "method": "get_io_full_value", "params": {"nid": "stuck", "ioid": "out"}}
        )
        assert answer["error"]["code"] == -32003
        assert "'stuck'" in answer["error"]["message"]
        await client.call("interrupt")
        await client.wait_for(lambda c: c.state("stuck").get("status") == "failed")


@pytest.mark.alone
async def test_interrupt_ends_the_node_and_the_graph_goes_on(tmp_path: Path) -> None:
    """Within a second the node has failed with KeyboardInterrupt, and what was edited meanwhile runs."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await spin(client)
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=41)
        begun = time.perf_counter()
        said = await client.call("interrupt", node="stuck")
        assert "KeyboardInterrupt" in said["message"]
        await client.wait_for(lambda c: c.state("stuck").get("status") == "failed", 1.0)
        assert time.perf_counter() - begun < 1.0
        assert client.state("stuck")["error"]["kind"] == "KeyboardInterrupt"
        await client.wait_for(lambda c: c.value("a", "sum") == 42)
        # And once more: the second interrupt works like the first.
        await client.call("set_io_value", nid="stuck", ioid="go", value=True)
        await client.wait_for(lambda c: c.state("stuck").get("status") == "running")
        await client.call("interrupt")
        await client.wait_for(lambda c: c.state("stuck").get("status") == "failed", 1.0)


async def test_interrupt_of_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=1)
        await client.wait_for(lambda c: c.value("a", "sum") == 2)
        assert (await client.call("interrupt"))["message"] == "nothing runs"
        await client.call("set_io_value", nid="a", ioid="left", value=2)
        await client.wait_for(lambda c: c.value("a", "sum") == 3)


@pytest.mark.alone
async def test_stop_answers_at_once_and_ends_the_process(tmp_path: Path) -> None:
    """With a spinning node: the answer within 100 ms, then a clean end with everything on disk."""
    async with running_worker(tmp_path) as worker:
        async with worker.connect(subscribe=True) as client:
            await spin(client)
            await client.call("add_node", id="lab.add", uuid="kept")
            waited = await timed(worker, {"type": "cmd", "cmd": "stop_worker"})
            assert waited < QUICK_S
            await client.wait_for(lambda c: c.socket.closed)
            assert client.socket.close_code == 1001
        assert await worker.process.wait() == 0
        saved = json.loads(worker.home.nodespace_file.read_text())
        assert [node["id"] for node in saved["backend"]["nodes"]] == ["stuck", "kept"]
        assert not worker.home.pid_file.exists()
        assert not worker.home.runstate_file.exists()


async def test_sigterm_ends_a_spinning_worker(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        async with worker.connect(subscribe=True) as client:
            await spin(client)
        assert await worker.end() == 0
        assert set(document_on_disk(worker.home).nodes) == {"stuck"}
