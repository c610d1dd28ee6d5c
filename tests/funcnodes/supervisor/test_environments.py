"""Environments of real workers, over the manager's socket: planned, changed, upgraded."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import ManagerClient, ManagerRefused, connect
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import INSTALLATION_FAILED

import funcnodes
from tests.funcnodes.environment.looking import versions
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels
from tests.support.fleet import base_in, manager_of, status_of, wait_for_status

pytestmark = [
    pytest.mark.registry,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("shared_bytecode"),
]


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shelf = make_shelf_of_wheels(tmp_path / "wheels")
    monkeypatch.setenv("UV_FIND_LINKS", str(shelf))
    return shelf


@pytest.mark.soak
async def test_what_a_plan_says_is_what_happens(tmp_path: Path) -> None:
    base = base_in(tmp_path)
    prepare_base(base)
    base.config_file.write_text('{"modules": {"list_url": ""}}')
    async with manager_of(base, program=None) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        with pytest.raises(ManagerRefused, match=r"there is no Python 3\.99 on this machine; there is 3\."):
            await client.call("new_worker", name="other", python="3.99")
        found = await client.call("pythons")
        first = await status_of(client, uuid)
        bare = versions(home)
        wish: dict[str, Any] = {"install": [{"package": "fntest-module", "version": "1.0"}]}

        planned = await client.call("plan", workerid=uuid, **wish)
        untouched = (versions(home), await status_of(client, uuid))
        applied = await client.call("apply", workerid=uuid, **wish)
        live = await status_of(client, uuid)

        listed = await client.call("catalog", workerid=uuid)

        conflict = await client.call("plan", workerid=uuid, install=[{"package": "fntest-old"}], upgrade=True)
        with pytest.raises(ManagerRefused) as refused:
            await client.call("plan", workerid=uuid, install=[{"package": "../evil"}])

        upgraded = await client.call("upgrade", workerid=uuid, packages=["fntest-module"])
        after = versions(home)
        wishes = read_worker_config(home).package_dependencies
        restarted = await status_of(client, uuid)
        removed = await client.call("apply", workerid=uuid, remove=["fntest-module"])

        assert planned["added"][1] == {"name": "fntest-module", "version": "1.0"} | {
            "size": planned["added"][1]["size"]
        }
        assert (planned["live"], planned["modules"]) == (True, [])
        assert planned["download"] == sum(entry["size"] for entry in planned["added"]) > 0
        assert len((await client.call("status"))["workers"]) == 1
        assert found["pythons"][0]["path"] == sys.executable
        assert untouched == (bare, first)
        assert applied["summary"] == planned["summary"] == "adds fntest-library 2.0, fntest-module 1.0"
        assert live["pid"] == first["pid"]
        assert [m["name"] for m in listed["installed"]] == ["fntest-module", "funcnodes-basic"]
        assert listed["active"] == ["fntest-module"]
        assert conflict["conflicts"] == []
        assert refused.value.code == INSTALLATION_FAILED
        assert upgraded["changed"] == [{"name": "fntest-module", "before": "1.0", "after": "2.0"}]
        assert (after["fntest-module"], wishes["fntest-module"].version) == ("2.0", None)
        assert restarted["pid"] != first["pid"]
        assert removed["summary"] == "removes fntest-library 2.0, fntest-module 2.0"
        assert versions(home) == bare
        assert "fntest" not in home.project_file.read_text() + home.lock_file.read_text()


async def test_two_workers_have_different_versions_of_one_package_at_the_same_moment(tmp_path: Path) -> None:
    """Both run and use theirs; what each depends on stands in its settings, its project and its lock."""
    base, versions_of = base_in(tmp_path), {"old": "1.0", "new": "2.0"}
    async with manager_of(base, program=None) as manager, connect(base) as client:

        async def begin(name: str) -> WorkerHome:
            uuid = str((await client.call("new_worker", name=name))["uuid"])
            await client.call("start_worker", workerid=uuid)
            library = {"package": "fntest-library", "version": versions_of[name]}
            await client.call("apply", workerid=uuid, install=[library, {"package": "fntest-teller"}])
            return WorkerHome(manager.base, uuid)

        homes = dict(zip(versions_of, await asyncio.gather(*map(begin, versions_of)), strict=True))
        told = {name: await _tell(base, client, home.uuid) for name, home in homes.items()}
        again = {name: await _tell(base, client, home.uuid) for name, home in homes.items()}
        phases = {(await status_of(client, home.uuid))["phase"] for home in homes.values()}

    assert told == again == {"old": "it is 1.0", "new": "it is 2.0"}
    assert phases == {"running"}
    for name, home in homes.items():
        assert json.loads(home.config_file.read_text())["package_dependencies"] == {
            "fntest-library": {"package": "fntest-library", "version": versions_of[name]},
            "fntest-teller": {"package": "fntest-teller", "version": None},
        }
        assert f'"fntest-library=={versions_of[name]}"' in home.project_file.read_text()
        assert versions(home)["fntest-library"] == versions_of[name]


async def test_a_start_that_ends_from_outside_does_not_undo_what_was_installed(tmp_path: Path) -> None:
    """Found by the storm: a stop before the hello brought the former environment back, and nobody said so."""
    silent = tmp_path / "silent.py"
    silent.write_text("import time\ntime.sleep(600)\n")
    base = base_in(tmp_path)
    async with manager_of(base, program=(str(silent),)) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        for version in ("1.0", "2.0"):
            await client.call("install", workerid=uuid, package="fntest-module", version=version)

        async def begun(other_than: object) -> int:
            now = await wait_for_status(client, uuid, lambda s: s["pid"] not in (None, other_than), 30)
            return int(str(now["pid"]))

        first = asyncio.create_task(client.call("start_worker", workerid=uuid))
        pid = await begun(None)
        await client.call("stop_worker", workerid=uuid)
        with pytest.raises(ManagerRefused, match="called off"):
            await first
        stopped = versions(home)["fntest-module"]

        second = asyncio.create_task(client.call("start_worker", workerid=uuid))
        os.kill(pid := await begun(pid), signal.SIGKILL)
        pid = await begun(pid)
        killed = versions(home)["fntest-module"]
        os.kill(pid, signal.SIGKILL)
        await begun(pid)
        killed_again = versions(home)["fntest-module"]
        await client.call("stop_worker", workerid=uuid)
        with pytest.raises(ManagerRefused, match="called off"):
            await second

    assert (stopped, killed, killed_again) == ("2.0", "2.0", "1.0")


async def _tell(base: Base, client: ManagerClient, uuid: str) -> str:
    """Return what a fresh node of the module says, asked through the running worker."""
    async with funcnodes.connect(uuid, base=base.folder) as worker:
        node = (await worker.call("add_node", id="fntest.tell"))["id"]
        await worker.call("set_io_value", nid=node, ioid="text", value="it is ")
        await worker.call("wait_idle", limit_s=30)
        return str(await worker.call("get_io_value", nid=node, ioid="out"))


async def test_a_clone_of_a_running_worker_has_all_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the last edit and a value too large for the snapshot; its environment needs no network."""
    base, large = base_in(tmp_path), "x" * 100_000
    async with manager_of(base, program=None) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        await client.call("install", workerid=uuid, package="fntest-module", version="1.0")
        (home.files / "data.csv").write_text("1,2\n")
        async with funcnodes.connect(uuid, base=base.folder) as worker:
            node = (await worker.call("add_node", id="input.str"))["id"]
            await worker.call("set_io_value", nid=node, ioid="input", value=large)
        monkeypatch.setenv("UV_OFFLINE", "1")

        copy = str((await client.call("clone_worker", workerid=uuid, name="twin"))["uuid"])
        await client.call("start_worker", workerid=copy)
        twin, status = WorkerHome(manager.base, copy), await status_of(client, copy)
        async with funcnodes.connect(copy, base=base.folder) as worker:
            saved = await worker.call("get_save_state")
            await worker.call("remove_node", id=node)
        async with funcnodes.connect(uuid, base=base.folder) as worker:
            kept = await worker.call("get_save_state")

        (cloned,) = saved["backend"]["nodes"]
        assert (cloned["id"], cloned["io"]["input"]["value"]) == (node, large)
        assert [entry["id"] for entry in kept["backend"]["nodes"]] == [node]
        assert (copy != uuid, status["name"], status["held"]) == (True, "twin", [])
        assert status["package_dependencies"] == {
            "fntest-module": {"package": "fntest-module", "version": "1.0"}
        }
        assert twin.lock_file.read_text() == home.lock_file.read_text()
        assert versions(twin) == versions(home)
        assert (twin.files / "data.csv").read_text() == "1,2\n"


async def test_what_is_cloned_badly_leaves_nothing(tmp_path: Path) -> None:
    """A flow that nobody here has trusted is not copied either."""
    base = base_in(tmp_path)
    async with manager_of(base) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo", in_venv=False))["uuid"])
        home = WorkerHome(manager.base, uuid)
        (home.folder / "journal.sqlite3").write_text("no database")
        before = sorted(entry.name for entry in manager.base.workers.iterdir())
        with pytest.raises(ManagerRefused, match="not a database"):
            await client.call("clone_worker", workerid=uuid, name="twin")
        home.trust_file.unlink()
        with pytest.raises(ManagerRefused, match="not been trusted"):
            await client.call("clone_worker", workerid=uuid, name="twin")
        left = sorted(entry.name for entry in manager.base.workers.iterdir())
        shown = [worker["uuid"] for worker in (await client.call("status"))["workers"]]

        assert (left, shown) == (before, [uuid])
