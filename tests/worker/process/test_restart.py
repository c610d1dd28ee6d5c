"""What a worker was, it is again: after a stop, after `kill -9`, with a spinning node, with a large value."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
from funcnodes_core.document.model import Document
from funcnodes_worker.home.worker_config import change_worker_config, read_worker_config
from msgspec import convert

from tests.support.follower import Follower
from tests.support.processes import program_environment
from tests.support.worker_process import (
    WorkerClient,
    WorkerProcess,
    assert_disk_is_the_graph,
    make_worker,
    put_nodespace,
    running_worker,
    spawn,
)


async def end(worker: WorkerProcess) -> None:
    await assert_disk_is_the_graph(worker)
    assert await worker.end() == 0, worker.log()


async def a_window_that_leaves(worker: WorkerProcess) -> Follower:
    follower = Follower()
    async with worker.connect() as client:
        follower.begin(await client.call("subscribe"))
    return follower


async def hears_what_it_missed(away: Follower, client: WorkerClient, revisions: list[int]) -> None:
    """Also what was before this process: step by step, and the document as it was opened anew beside it."""
    told = await client.call("subscribe", **away.since)
    assert [one["revision"] for one in told["edits"]] == revisions
    before = len(away.authors)
    away.begin(told)
    assert away.authors[before:] == [one["author"] for one in told["edits"]]
    shown = await client.call("subscribe")
    assert away.document == convert(shown["document"], Document)
    # Told from the journal, it is no other than told from memory.
    later = {"epoch": shown["epoch"], "revision": revisions[0]}
    assert (await client.call("subscribe", since=later))["edits"] == told["edits"][1:]


async def test_kill_9_loses_nothing_and_all_is_computed_again(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    port = worker.port
    away = await a_window_that_leaves(worker)
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("add_node", id="lab.add", uuid="b")
        await client.call("add_edge", src_nid="a", src_ioid="sum", trg_nid="b", trg_ioid="left")
        await client.call("set_io_value", nid="a", ioid="left", value=40)
        worker.process.send_signal(signal.SIGKILL)
    await worker.process.wait()
    home.runstate_file.unlink()
    worker = await spawn(home)
    assert worker.port == port
    async with worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.value("b", "sum") == 42)
        shown = await client.call("subscribe")
        assert shown["feed"]["values"]["b"]["sum"]["value"] == 42
        assert shown["revision"] == 4
        await hears_what_it_missed(away, client, revisions=[1, 2, 3, 4])
    await end(worker)


async def test_a_graph_that_spins_from_its_first_moment_can_be_saved_from_itself(tmp_path: Path) -> None:
    """The server is there before the graph is: look, interrupt, edit, go on."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    away = await a_window_that_leaves(worker)
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.spin", uuid="s")
        await client.call("set_io_value", nid="s", ioid="go", value=True)
        await client.wait_for(lambda c: c.state("s").get("status") == "running")
    assert await worker.end() == 0
    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.state("s").get("status") == "running")
        await client.call("set_io_value", nid="s", ioid="go", value=False)
        await client.call("interrupt")
        await client.wait_for(lambda c: c.value("s", "out") == 1)
        # Two before the stop, one after it.
        await hears_what_it_missed(away, client, revisions=[1, 2, 3])
    await end(worker)


async def test_a_large_value_is_kept_by_content_and_computed_with(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    large = "x" * 500_000
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.say", uuid="s")
        # Above 64 KiB the answer shows the value as a preview does: nobody needs half a megabyte back.
        shown = await client.call("set_io_value", nid="s", ioid="text", value=large)
        assert shown == "x" * 1000 + "..."
        await client.wait_for(lambda c: c.value("s", "out") == 500_000)
    await end(worker)
    assert "$stored" in home.nodespace_file.read_text()
    assert len(home.nodespace_file.read_text()) < 10_000
    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.value("s", "out") == 500_000)
    await end(worker)


async def test_the_published_files_tell_what_it_does(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        assert worker.home.pid_file.read_text() == str(worker.process.pid)
        assert worker.home.runstate_file.read_text() == "running"
        config = read_worker_config(worker.home)
        assert (config.host, config.port, config.pid) == ("localhost", worker.port, worker.process.pid)
        assert (worker.home.config_file.stat().st_mode & 0o777) == 0o600


async def test_a_second_process_for_the_same_worker_is_refused(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        second = await spawn_and_wait(worker)
        assert second == 1
        async with worker.connect() as client:
            assert await client.cmd("uuid") == worker.uuid


async def spawn_and_wait(worker: WorkerProcess) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "funcnodes_worker.process.main",
        "--base", str(worker.base.folder), "--uuid", worker.uuid, "--no-supervisor",
        env=program_environment(), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    assert "is locked by process" in said.decode()
    assert "Traceback" not in said.decode()
    return process.returncode or 0


async def test_a_nodespace_of_another_program_opens_and_is_saved_back_equal(tmp_path: Path) -> None:
    """Placeholders keep ids, ports, edges and values."""
    home = make_worker(tmp_path)
    saved = {
        "backend": {
            "nodes": [
                {"name": "P", "id": "p", "node_id": "gone.away", "node_name": "Gone",
                 "io": {"x": {"is_input": True, "default": 4.5, "odd": [1, {"k": None}]},
                        "y": {"is_input": False}},
                 "properties": {"frontend:pos": [10, 20]}},
                {"name": "Add(a)", "id": "a", "node_id": "lab.add", "node_name": "Add", "io": {}},
            ],
            "edges": [["p", "y", "a", "left"]], "prop": {}, "groups": {},
        },
        "view": {"renderoptions": {"typemap": {}, "inputconverter": {}}},
        "meta": {"id": "0" * 32, "version": "2.4.0"},
    }  # fmt: skip
    put_nodespace(home, saved)
    worker = await spawn(home)
    async with worker.connect() as client:
        shown = await client.cmd("save")
        assert shown["backend"]["nodes"][0] == saved["backend"]["nodes"][0]  # type: ignore[index]
        assert shown["backend"]["edges"] == [["p", "y", "a", "left"]]
        assert (await client.cmd("get_meta"))["id"] == "0" * 32
    await end(worker)


async def test_a_worker_without_the_basic_nodes_starts_without_them(tmp_path: Path) -> None:
    """Removed by its user: their files stay, since our own packages need them, their shelves do not."""
    home = make_worker(tmp_path)
    change_worker_config(home, lambda config: msgspec.structs.replace(config, left_out=("funcnodes-basic",)))
    worker = await spawn(home)
    async with worker.connect() as client:
        assert "add_node" not in str(await client.call("get_library"))
    assert read_worker_config(home).left_out == ("funcnodes-basic",), (
        "it is kept with the worker's own fields"
    )
    assert await worker.end() == 0
