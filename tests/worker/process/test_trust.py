"""A flow that came from elsewhere is shown and not run, until a user says so; a word given is kept."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.home.worker_config import (
    WorkerConfig,
    read_worker_config,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import FLOW_HELD
from funcnodes_worker.server.methods.table import make_table
from funcnodes_worker.server.methods.trust import ALLOWED, is_held_back

from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, make_worker, spawn

FOREIGN: dict[str, Any] = {
    "backend": {
        "nodes": [
            {"id": "a", "node_id": "lab.add", "node_name": "Add", "name": "Sum",
             "io": {"left": {"is_input": True, "value": 40}}},
        ],
        "edges": [],
    },
    "meta": {"id": "1" * 32, "version": "2.4.0"},
}  # fmt: skip


def foreign(folder: Path, *packages: str) -> WorkerHome:
    """A worker folder that somebody else made: a flow, settings that name packages, no word of trust."""
    home = make_worker(folder, packages or ("funcnodes-lab", "funcnodes-broken"))
    home.trust_file.unlink()
    home.nodespace_file.write_text(json.dumps(FOREIGN))
    return home


async def refused(client: WorkerClient, method: str, **params: Any) -> str:
    with pytest.raises(Answer) as caught:
        await client.call(method, **params)
    assert caught.value.code == FLOW_HELD, caught.value.message
    return caught.value.message


async def held(worker: WorkerProcess) -> bool:
    async with worker.connect() as client:
        return (await client.call("get_trust"))["held"]


async def test_a_foreign_flow_is_shown_and_nothing_is_imported_or_run(tmp_path: Path) -> None:
    worker = await spawn(foreign(tmp_path))
    async with worker.connect(subscribe=True) as client:
        said = await client.call("get_trust")
        assert said["held"] is True
        assert said["packages"] == ["funcnodes-broken", "funcnodes-lab"]
        shown = await client.call("subscribe")
        assert shown["document"]["nodes"]["a"]["ports"]["left"]["value"] == 40
        assert shown["feed"] == {"states": {}, "values": {}, "ports": {}}
        assert (await client.call("get_library"))["shelves"] == []
        assert "trusted" in await refused(client, "trigger_node", nid="a")
        await refused(client, "add_package_dependency", name="funcnodes-lab")
        assert "then press Trust" in await refused(client, "add_node", id="lab.add")
        await refused(client, "get_io_full_value", nid="a", ioid="sum")
        assert await client.call("get_io_value", nid="a", ioid="left") == "<NoValue>"
        assert (await client.call("save"))["backend"]["nodes"][0] == FOREIGN["backend"]["nodes"][0]
    assert "could not be loaded" not in worker.log()
    assert await worker.end() == 0, worker.log()


async def test_its_document_can_be_edited_and_the_edits_count_when_it_is_trusted(tmp_path: Path) -> None:
    worker = await spawn(foreign(tmp_path))
    async with worker.connect(subscribe=True) as client:
        await client.call("edit", edits=[{"kind": "set_value", "node": "a", "port": "left", "value": 5}])
        await client.call("update_node", nid="a", data={"name": "Mine"})
        assert await client.call("trust") == {"held": False, "restarts": False}
        await client.wait_for(lambda c: c.value("a", "sum") == 6)
        await client.call("set_io_value", nid="a", ioid="left", value=1)
        await client.wait_for(lambda c: c.value("a", "sum") == 2)
        assert (await client.call("get_library"))["shelves"]
        assert [one for one in client.notifications("worker") if one["event"] == "trusted"]
    assert "could not be loaded" in worker.log()
    assert await worker.end() == 0, worker.log()


async def test_a_word_given_is_kept_over_restart_and_kill(tmp_path: Path) -> None:
    home = foreign(tmp_path)
    worker = await spawn(home)
    async with worker.connect() as client:
        await client.call("trust")
    worker.process.send_signal(signal.SIGKILL)
    await worker.process.wait()
    home.runstate_file.unlink()
    for _ in range(2):
        worker = await spawn(home)
        assert not await held(worker)
        assert await worker.end() == 0, worker.log()


async def test_a_new_worker_is_trusted_and_stays_so_after_kill(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    assert not await held(worker)
    async with worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="a")
        worker.process.send_signal(signal.SIGKILL)
    await worker.process.wait()
    home.runstate_file.unlink()
    worker = await spawn(home)
    assert not await held(worker)
    assert await worker.end() == 0, worker.log()


async def test_a_copied_folder_is_held_though_the_first_is_trusted(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="a")
    assert await worker.end() == 0
    twin = WorkerHome(home.base, "twin_0123456789abcdef")
    shutil.copytree(home.folder, twin.folder)
    settings = read_worker_config(home)
    write_worker_config(
        twin, WorkerConfig(uuid=twin.uuid, package_dependencies=settings.package_dependencies)
    )
    worker = await spawn(twin)
    assert await held(worker)
    assert await worker.end() == 0
    worker = await spawn(home)
    assert not await held(worker)
    assert await worker.end() == 0


async def test_a_nodespace_put_in_while_the_worker_was_down_is_held(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    assert await worker.end() == 0
    home.nodespace_file.write_text(json.dumps(FOREIGN))
    worker = await spawn(home)
    async with worker.connect() as client:
        said = await client.call("get_trust")
        assert said["held"]
        assert "nodespace.json" in said["reason"]
        await client.call("trust")
    assert await worker.end() == 0
    worker = await spawn(home)
    assert not await held(worker)
    assert await worker.end() == 0


async def test_trust_is_not_in_the_file(tmp_path: Path) -> None:
    """The saved state of a trusted flow is held in the next folder."""
    home = make_worker(tmp_path / "one")
    worker = await spawn(home)
    async with worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("save")
    assert await worker.end() == 0
    other = make_worker(tmp_path / "two")
    shutil.copy(home.nodespace_file, other.nodespace_file)
    worker = await spawn(other)
    assert await held(worker)
    assert await worker.end() == 0


def test_whatever_runs_imports_or_installs_is_refused_while_held() -> None:
    rights = {method.name: method.right.value for method in make_table()}
    open_ones = {method.name for method in make_table() if not is_held_back(method)}
    running = {name for name, right in rights.items() if right in ("run", "install")}
    assert running & open_ones == ALLOWED
    assert "trust" in open_ones
