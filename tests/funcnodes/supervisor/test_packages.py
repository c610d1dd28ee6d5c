"""Modules added to and removed from a worker with an environment of its own, from the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.server.client import ManagerRefused, connect
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import INSTALLATION_FAILED

import funcnodes
from tests.support.fleet import base_in, manager_of, status_of

pytestmark = [
    pytest.mark.registry,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("shared_bytecode"),
]


async def shelves(worker: AsyncWorker) -> list[str]:
    return [shelf["name"] for shelf in (await worker.call("get_library"))["shelves"]]


async def test_modules_come_and_go(tmp_path: Path) -> None:
    """Added while it runs; refused without a trace; asked for by the worker; removed with a restart."""
    base, told = base_in(tmp_path), list[str]()

    def hear(method: str, params: dict[str, Any]) -> None:
        if method == "progress":
            told.append(params["message"])

    async with manager_of(base, program=None) as manager, connect(base, hear) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        made = await status_of(client, uuid)
        interpreter = psutil.Process(int(str(made["pid"]))).cmdline()[0]
        told.clear()

        await client.call("install", workerid=uuid, package="funcnodes_numpy")
        added = await status_of(client, uuid)
        async with funcnodes.connect(uuid, base=base.folder) as worker:
            with_numpy = await shelves(worker)
        steps = list(told)

        with pytest.raises(ManagerRefused) as refused:
            await client.call("install", workerid=uuid, package="funcnodes-that-nobody-wrote")
        unchanged = await status_of(client, uuid)

        async with funcnodes.connect(uuid, base=base.folder) as worker:
            await shelves(worker)
            await worker.call("add_package_dependency", name="funcnodes-files")
            with_files = await shelves(worker)

        await client.call("remove", workerid=uuid, package="funcnodes-numpy")
        removed = await status_of(client, uuid)
        async with funcnodes.connect(uuid, base=base.folder) as worker:
            without_numpy = await shelves(worker)
        wanted = read_worker_config(home).package_dependencies
        await client.call("delete_worker", workerid=uuid)

    assert interpreter.startswith(str(home.environments))
    assert len(steps) > 3
    assert steps[-1] == ""
    assert "numpy" in with_numpy
    assert added["pid"] == made["pid"], "it was added while the worker ran"
    assert refused.value.code == INSTALLATION_FAILED
    assert "was not found" in refused.value.message
    assert unchanged == added
    assert "Files" in with_files
    assert "numpy" not in without_numpy
    assert removed["pid"] != made["pid"]
    assert list(wanted) == ["funcnodes-files"]
    assert not home.folder.exists()
