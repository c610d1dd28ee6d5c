"""Node code that tries to end more than itself: the graph goes on, or the whole process ends and says so."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.support.worker_process import document_on_disk, make_worker, running_worker, spawn


async def test_a_node_that_raises_keyboard_interrupt_fails_alone(tmp_path: Path) -> None:
    """Ctrl+C never raises in a worker, so this one is the node's own: the graph goes on."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.give_up", uuid="g")
        await client.call("set_io_value", nid="g", ioid="go", value=True)
        await client.wait_for(lambda c: c.state("g").get("status") == "failed")
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=4)
        await client.wait_for(lambda c: c.value("a", "sum") == 5)


async def test_a_node_whose_making_ends_the_program_leaves_the_graph_running(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.stillborn", uuid="s")
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=4)
        await client.wait_for(lambda c: c.value("a", "sum") == 5)


async def test_a_graph_that_was_ended_takes_the_worker_with_it_and_keeps_every_edit(tmp_path: Path) -> None:
    """No worker that answers, refuses every edit and blames the disk for it: the process ends, badly."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.end_loop", uuid="e")
        await client.call("set_io_value", nid="e", ioid="go", value=True)
        await client.wait_for(lambda c: c.socket.closed)
    assert await asyncio.wait_for(worker.process.wait(), 10) != 0
    assert document_on_disk(home).nodes["e"].ports["go"].value is True
    assert "the server ended badly" not in worker.log()


async def test_a_value_that_kills_its_worker_is_there_after_the_start(tmp_path: Path) -> None:
    """Nobody was told that it was taken; but who typed it wants to see what it was."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.abort", uuid="a")
        await client.call("add_node", id="lab.add", uuid="b")
        for value in range(5):
            await client.call("set_io_value", nid="b", ioid="left", value=value)
        await client.call("wait_idle")
        client.begin(deadly := {"jsonrpc": "2.0", "method": "set_io_value"})
        deadly["params"] = {"nid": "a", "ioid": "go", "value": True}
        await client.socket.send_json(deadly)
        await client.wait_for(lambda c: c.socket.closed)
    assert await asyncio.wait_for(worker.process.wait(), 10) == -signal.SIGABRT
    on_disk = document_on_disk(home).nodes
    assert on_disk["a"].ports["go"].value is True
    assert on_disk["b"].ports["left"].value == 4
