"""Scripts in `local_scripts/` of a real worker: found, watched, loaded again, and their mistakes told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.worker_process import WorkerClient, make_worker, spawn

PROBE = {"module": "probe", "cls_module": "probe", "cls_name": "Probe"}


def script(factor: int) -> str:
    """Return the text of a script whose device multiplies."""
    return f"""
import funcnodes_core as fn
from funcnodes_worker import FuncNodesExternalWorker

class Probe(FuncNodesExternalWorker):
    NODECLASSID = "local.probe"

    @fn.instance_nodefunction()
    def read(self, value: int) -> int:
        return value * {factor}
"""


def write(home: WorkerHome, text: str, name: str = "probe.py") -> None:
    """Write a script as editors do: beside its place, then moved there."""
    home.local_scripts.mkdir(parents=True, exist_ok=True)
    draft = home.local_scripts / f"{name}~"
    draft.write_text(text)
    draft.replace(home.local_scripts / name)


def names_in(modules: list[dict[str, Any]]) -> list[str]:
    """Return the classes of a list of external workers."""
    return [known["class_name"] for module in modules for known in module["worker_classes"]]


async def brought(client: WorkerClient, *names: str) -> None:
    """Return once exactly these classes are listed."""
    async with asyncio.timeout(10):
        while sorted(names_in(await client.call("get_worker_dependencies"))) != sorted(names):
            await client.wait_for(lambda c: c.events("update_worker_dependencies"))


async def test_a_script_is_loaded_changed_and_taken_away_while_its_nodes_stay(tmp_path: Path) -> None:
    """The nodes compute by what the file says now, and wait as placeholders while there is no file."""
    home = make_worker(tmp_path)
    write(home, script(2))
    worker = await spawn(home)
    async with worker.connect() as client, worker.connect(subscribe=True) as ours:
        await brought(client, "Probe")
        one = await client.call("add_external_worker", **PROBE)
        await client.call("add_node", id=f"local.probe.{one['uuid']}.read", uuid="n")
        await client.call("set_io_value", nid="n", ioid="value", value=5)
        await ours.wait_for(lambda c: c.value("n", "out") == 10)

        write(home, script(3))
        await computes(client, ours, 15)
        (told,) = (await client.call("get_worker_dependencies"))[0]["worker_classes"]
        assert [instance["uuid"] for instance in told["instances"]] == [one["uuid"]]

        write(home, "this is no Python")
        error = await client.wait_for(lambda c: c.events("worker_error"))
        assert "local_scripts/probe.py could not be loaded: SyntaxError" in error[0]["error"]
        await computes(client, ours, 15)

        (home.local_scripts / "probe.py").unlink()
        await brought(client)
        assert (await client.call("get_node", id="n"))["node_id"].startswith("local.probe.")

        write(home, script(4))
        await computes(client, ours, 20)
    assert await worker.end() == 0


async def computes(client: WorkerClient, ours: WorkerClient, wanted: int) -> None:
    """Return once the node gives this value."""
    async with asyncio.timeout(10):
        while ours.value("n", "out") != wanted:
            await client.call("trigger_node", nid="n")
            await client.call("get_io_value", nid="n", ioid="out")


async def test_a_folder_that_is_made_later_is_found_when_somebody_asks(tmp_path: Path) -> None:
    """Nothing looks for it meanwhile: what a worker does not have costs it nothing."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with worker.connect() as client:
        assert await client.call("get_worker_dependencies") == []
        write(home, script(1), "later.py")
        await client.call("get_worker_dependencies")
        await brought(client, "Probe")
    assert await worker.end() == 0


async def test_a_held_flow_imports_no_script(tmp_path: Path) -> None:
    """R5: a folder that came from elsewhere may hold any script."""
    home = make_worker(tmp_path)
    home.trust_file.unlink()
    home.folder.joinpath("nodespace.json").write_text('{"backend": {"nodes": [], "edges": []}}')
    mark = tmp_path / "imported"
    write(home, f"open({str(mark)!r}, 'w').close()\n{script(1)}")
    worker = await spawn(home)
    async with worker.connect() as client:
        assert (await client.call("get_trust"))["held"] is True
        assert await client.call("get_worker_dependencies") == []
        answer = await client.cmd("add_external_worker", **PROBE)
        assert "has not been trusted yet" in answer["error"]
        assert not mark.exists()
        await client.call("trust")
        await brought(client, "Probe")
        assert mark.exists()
    assert await worker.end() == 0


@pytest.mark.parametrize("name", ["lib-dash.py", ".hidden.py"])
async def test_files_that_cannot_be_imported_are_passed_over(tmp_path: Path, name: str) -> None:
    home = make_worker(tmp_path)
    write(home, "raise RuntimeError", name)
    worker = await spawn(home)
    async with worker.connect() as client:
        assert await client.call("get_worker_dependencies") == []
    assert await worker.end() == 0
    assert "RuntimeError" not in worker.log()
