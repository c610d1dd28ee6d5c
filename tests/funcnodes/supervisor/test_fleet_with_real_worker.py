"""The real worker in the fleet: crashed, deaf, adopted, each time with its graph."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from pathlib import Path

import pytest
from funcnodes.server.client import ManagerClient, connect
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.crashy import ask_for_crashy, install_into, program_with
from tests.support.fleet import (
    base_in,
    fleet_of,
    manager_of,
    nearly_all_below,
    new_worker,
    start_manager_process,
    status_of,
    wait_for_status,
)
from tests.support.processes import kill_all_of
from tests.support.worker_client import WorkerClient, worker_at

pytestmark = pytest.mark.timeout(90)


async def crashy_worker(base: Base, client: ManagerClient, name: str) -> str:
    uuid = await new_worker(client, name, start=False)
    ask_for_crashy(WorkerHome(base, uuid))
    await client.call("start_worker", workerid=uuid)
    return uuid


@pytest.mark.alone
@pytest.mark.parametrize(("kind", "limit_s"), [("abort", 1.0), ("block", 5.0)])
async def test_a_node_that_ends_or_blocks_its_worker(tmp_path: Path, kind: str, limit_s: float) -> None:
    """Told with cause and node in time; others untouched; the worker comes back with its graph."""
    base = base_in(tmp_path)
    program = program_with(install_into(tmp_path / "modules"))
    async with fleet_of(base, program=program) as client:
        victim, other = await crashy_worker(base, client, "victim"), await new_worker(client, "other")
        before = await status_of(client, victim)
        async with worker_at(base, client, other) as bystander:
            pings: list[float] = []
            watching = asyncio.create_task(_ping_forever(bystander, pings))
            async with worker_at(base, client, victim) as doomed:
                node, title = (
                    (await doomed.call("add_node", id=f"crashy.{kind}"))["id"],
                    f"{kind} once".capitalize(),
                )
                flag = str(tmp_path / "flag")
                start = time.perf_counter()
                await doomed.send("set_io_value", nid=node, ioid="flag", value=flag, set_default=True)
                told = await wait_for_status(
                    client, victim, lambda s: f"node `{title}`" in str(s["reason"]), 20
                )
                took_s = time.perf_counter() - start
            if kind == "abort":
                assert re.search(r'it crashed in ".*", line \d+ in ', str(told["reason"])), told
            if kind == "block":
                assert told["deaf"] is True
                await client.call("kill_worker", workerid=victim)
            await wait_for_status(
                client, victim, lambda s: s["phase"] == "running" and s["pid"] != before["pid"]
            )
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        async with worker_at(base, client, victim) as back:
            nodes = await back.call("get_nodes")

    assert took_s < limit_s, told
    assert nearly_all_below(pings, 0.1)
    assert [found["id"] for found in nodes] == [node]


@pytest.mark.usefixtures("hurried")
async def test_a_graph_that_blocks_as_it_is_opened_does_not_keep_its_worker_from_starting(
    tmp_path: Path,
) -> None:
    """The value that blocks native code is kept and blocks again: the start is answered, the node named."""
    base = base_in(tmp_path)
    async with fleet_of(base, program=program_with(install_into(tmp_path / "modules"))) as client:
        uuid = await crashy_worker(base, client, "blocking")
        async with worker_at(base, client, uuid) as worker:
            node = (await worker.call("add_node", id="crashy.block_always"))["id"]
            await worker.send("set_io_value", nid=node, ioid="text", value="a" * 40 + "b")
            await wait_for_status(client, uuid, lambda s: s["deaf"])
        async with asyncio.timeout(30):
            await client.call("kill_worker", workerid=uuid)
        again = await wait_for_status(client, uuid, lambda s: s["deaf"])
        await client.call("stop_worker", workerid=uuid)

    assert again["phase"] == "running"
    assert isinstance(again["running_node"], dict)
    assert again["running_node"]["node"] == node
    assert again["running_node"]["name"] == "Block always"


async def test_a_node_that_ended_its_worker_twice_is_held_until_it_is_changed(tmp_path: Path) -> None:
    """The graph opens without running it, and runs the rest; the next manager knows it too."""
    base = base_in(tmp_path)
    program = program_with(install_into(tmp_path / "modules"))
    async with fleet_of(base, program=program) as client:
        uuid = await crashy_worker(base, client, "fragile")
        async with worker_at(base, client, uuid) as worker:
            node = (await worker.call("add_node", id="crashy.abort_if"))["id"]
            other = (await worker.call("add_node", id="crashy.abort_if"))["id"]
            await worker.call("set_io_value", nid=other, ioid="text", value="fine")
            # A value alone is computed with while it is written, and a worker that dies of it forgets it:
            # nobody was told. What comes with a new name is on disk before it runs, and so comes back.
            value = {"kind": "set_value", "node": node, "port": "text", "value": "abort"}
            await worker.send("edit", edits=[value, {"kind": "rename_node", "node": node, "name": "Fragile"}])
            held = await wait_for_status(client, uuid, lambda s: s["held"] and s["phase"] == "running", 30)
        ends = (await client.call("ends", workerid=uuid))["ends"]

    async with manager_of(base, program=program), connect(base) as client:
        await client.call("start_worker", workerid=uuid)
        known = await status_of(client, uuid)
        async with worker_at(base, client, uuid) as worker:
            assert await _output_of(worker, other, "FINE")
            state = await _failure_of(worker, node)
            assert (await worker.call("get_io_value", nid=node, ioid="text")) == "abort"
            await worker.call("set_io_value", nid=node, ioid="text", value="good")
            assert await _output_of(worker, node, "GOOD")
        free = await wait_for_status(client, uuid, lambda s: not s["held"])
        await client.call("restart_worker", workerid=uuid)
        again = await status_of(client, uuid)

    assert held["held"] == known["held"] == [node]
    assert [(end["node"], end["name"]) for end in ends] == [(node, "Fragile")] * 2
    assert "while node `Fragile` ran" in ends[0]["sentence"]
    assert "without running `Fragile`" in str(held["reason"])
    assert "ran 2 times when its worker ended" in state
    assert "let it go" in state
    assert (free["phase"], again["phase"], again["held"]) == ("running", "running", [])


async def test_a_safe_start_runs_nothing_until_it_is_asked(tmp_path: Path) -> None:
    """All values are there; one node asked to run is one node let go."""
    base = base_in(tmp_path)
    program = program_with(install_into(tmp_path / "modules"))
    async with fleet_of(base, program=program) as client:
        uuid = await crashy_worker(base, client, "careful")
        async with worker_at(base, client, uuid) as worker:
            nodes = [(await worker.call("add_node", id="crashy.abort_if"))["id"] for _ in "ab"]
            for node in nodes:
                await worker.call("set_io_value", nid=node, ioid="text", value="x")
                assert await _output_of(worker, node, "X")
        await client.call("restart_worker", workerid=uuid, safe=True)
        status = await status_of(client, uuid)
        async with worker_at(base, client, uuid) as worker:
            told = [await _failure_of(worker, node) for node in nodes]
            await worker.call("trigger_node", nid=nodes[0])
            assert await _output_of(worker, nodes[0], "X")
            assert (await worker.call("get_io_value", nid=nodes[1], ioid="out")) == "<NoValue>"
        await client.call("restart_worker", workerid=uuid)
        async with worker_at(base, client, uuid) as worker:
            assert await _output_of(worker, nodes[1], "X")

    assert status["safe"]
    assert all("safe mode" in message for message in told)


async def _failure_of(worker: WorkerClient, node: str) -> str:
    """Wait until a node is shown as failed; return its message."""
    async with asyncio.timeout(10):
        while True:
            states = (await worker.call("subscribe"))["feed"]["states"]
            if states.get(node, {}).get("error"):
                return str(states[node]["error"]["message"])
            await asyncio.sleep(0.02)  # A poll with a limit: the graph may not be built yet.


async def _output_of(worker: WorkerClient, node: str, wanted: str) -> bool:
    """Wait until a node's output has this value."""
    async with asyncio.timeout(10):
        # A poll with a limit; that values are pushed has tests of its own.
        while (await worker.call("get_io_value", nid=node, ioid="out")) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return True


async def test_a_worker_outlives_its_manager_with_its_graph(tmp_path: Path) -> None:
    """`kill -9` of the manager: the same process goes on, its clients too, and the next manager has it."""
    base = base_in(tmp_path)
    first = await start_manager_process(base, program=())
    try:
        async with contextlib.AsyncExitStack() as later:
            async with connect(base) as client:
                uuid = await new_worker(client, "survivor")
                before = await status_of(client, uuid)
                async with worker_at(base, client, uuid) as worker:
                    first.kill()
                    await first.wait()
                    made = [(await worker.call("add_node", id="input.float"))["id"]]
                    await later.enter_async_context(manager_of(base, program=None))
                    second = await later.enter_async_context(connect(base))
                    found = await wait_for_status(second, uuid, lambda s: s["phase"] == "running")
                    made.append((await worker.call("add_node", id="input.float"))["id"])
            await second.call("restart_worker", workerid=uuid)
            async with worker_at(base, second, uuid) as worker:
                nodes = await worker.call("get_nodes")
    finally:
        kill_all_of(base.folder)

    assert found["pid"] == before["pid"]
    assert [one["id"] for one in nodes] == made


async def _ping_forever(worker: WorkerClient, pings: list[float]) -> None:
    with contextlib.suppress(AssertionError, ConnectionError, TypeError):
        while True:
            pings.append(await worker.ping())
            await asyncio.sleep(0.01)
