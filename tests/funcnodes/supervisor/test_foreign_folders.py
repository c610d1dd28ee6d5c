"""A worker folder that somebody copied in: shown by our own interpreter, nothing built before the word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from funcnodes.server.client import ManagerRefused
from funcnodes_worker.home.worker_config import WorkerConfig, read_worker_config, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from msgspec.structs import replace

import funcnodes
from tests.support.fleet import base_in, fleet_of, new_worker, wait_for_status

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("shared_bytecode")]

FLOW = {"backend": {"nodes": [{"id": "n", "node_id": "add_node", "node_name": "Add"}], "edges": []}}


async def test_an_environment_is_built_after_the_word_and_the_worker_starts_in_it(tmp_path: Path) -> None:
    base = base_in(tmp_path)
    async with fleet_of(base, program=None) as client:
        home = WorkerHome(base, "foreign")
        home.folder.mkdir(parents=True)
        home.nodespace_file.write_text(json.dumps(FLOW))
        # What it brings is not run either: an interpreter of somebody else's making.
        (home.folder / ".venv" / "bin").mkdir(parents=True)
        evil = home.folder / ".venv" / "bin" / "python"
        evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/evil-ran\n")
        evil.chmod(0o755)
        write_worker_config(home, WorkerConfig(uuid=home.uuid, env_path=str(home.venv)))
        await client.call("start_worker", workerid=home.uuid)
        async with funcnodes.connect(home.uuid, base=base.folder) as worker:
            assert (await worker.call("get_trust"))["held"]
            assert [node["id"] for node in await worker.call("get_nodes")] == ["n"]
        assert not home.environments.exists()
        assert not home.project_file.exists()
        for method in ("install", "remove"):
            with pytest.raises(ManagerRefused, match="not been trusted"):
                await client.call(method, workerid=home.uuid, package="funcnodes-basic")
        shutil.rmtree(home.venv)
        before = await wait_for_status(client, home.uuid, lambda s: s["phase"] == "running")
        async with funcnodes.connect(home.uuid, base=base.folder) as worker:
            assert await worker.call("trust") == {"held": False, "restarts": True}
        await wait_for_status(
            client, home.uuid, lambda s: s["phase"] == "running" and s["pid"] != before["pid"], 90
        )
        async with funcnodes.connect(home.uuid, base=base.folder) as worker:
            assert not (await worker.call("get_trust"))["held"]
        assert home.venv.is_symlink()
        assert not (tmp_path / "evil-ran").exists()


async def test_nothing_is_copied_from_what_is_not_trusted_and_a_copy_of_what_is_runs(tmp_path: Path) -> None:
    base = base_in(tmp_path)
    async with fleet_of(base, program=None) as client:
        first = await new_worker(client, "first")
        async with funcnodes.connect(first, base=base.folder) as worker:
            await worker.call("add_node", id="add_node", uuid="n")
            await worker.call("save")
        copy = {"name": "second", "in_venv": False, "copy_graph": True}
        second = (await client.call("new_worker", reference=first, **copy))["uuid"]
        await client.call("start_worker", workerid=second)
        async with funcnodes.connect(second, base=base.folder) as worker:
            assert not (await worker.call("get_trust"))["held"]
            assert [node["id"] for node in await worker.call("get_nodes")] == ["n"]
        source = WorkerHome(base, first)
        foreign = WorkerHome(base, "foreign")
        shutil.copytree(source.folder, foreign.folder)
        write_worker_config(foreign, replace(read_worker_config(source), uuid="foreign"))
        with pytest.raises(ManagerRefused, match="not been trusted"):
            await client.call("new_worker", reference="foreign", **copy)
