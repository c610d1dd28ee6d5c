"""A module that somebody works on: linked from its folder, loaded again at each save, its graph kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.server.client import ManagerClient, ManagerRefused, connect
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.funcnodes.environment.looking import versions
from tests.support.fleet import base_in, manager_of, status_of

pytestmark = [
    pytest.mark.registry,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("shared_bytecode"),
]

PROJECT = """
[project]
name = "fntest-bench"
version = "0.1"
dependencies = ["funcnodes-core"]

[project.entry-points."funcnodes.module"]
module = "fntest_bench"
shelf = "fntest_bench:NODE_SHELF"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def code(line: str, more: str = "") -> str:
    return f"""
from funcnodes_core import NodeDecorator, Shelf
from fntest_bench.sums import by

@NodeDecorator("bench.work", name="Work")
def work(value: int, {more}) -> int:
    return {line}

NODE_SHELF = Shelf(name="bench", description="", nodes=[work], subshelves=[])
"""


def write_module(folder: Path, text: str, factor: int = 2) -> None:
    package = folder / "fntest_bench"
    package.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (package / "sums.py").write_text(f"def by(value): return value * {factor}\n")
    draft = folder / "draft"
    draft.write_text(text)
    draft.replace(package / "__init__.py")


async def test_a_module_in_development_is_linked_and_loaded_again_at_each_save(tmp_path: Path) -> None:
    """Process and values stay, what had run runs by the new code, a mistake changes nothing."""
    base, source = base_in(tmp_path), tmp_path / "source of bench"
    write_module(source, code("by(value)"))
    prepare_base(base)
    config = {"modules": {"list_url": "", "paths": [str(tmp_path)]}}
    base.config_file.write_text(json.dumps(config))
    async with manager_of(base, program=None) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        known = (await client.call("catalog", workerid=uuid))["available"]
        with pytest.raises(ManagerRefused, match=r"holds no pyproject\.toml"):
            await client.call("install", workerid=uuid, package=str(tmp_path / "nothing"))
        with pytest.raises(ManagerRefused, match="is not a whole path"):
            await client.call("install", workerid=uuid, package="./source")
        # By its name: it is among those that lie on this machine.
        await client.call("install", workerid=uuid, package="fntest-bench")
        before = await status_of(client, uuid)

        async with funcnodes.connect(uuid, base=base.folder) as worker:
            node = (await worker.call("add_node", id="bench.work", uuid="n" * 32))["id"]
            other = (await worker.call("add_node", id="input.int"))["id"]
            await worker.call("set_io_value", nid=node, ioid="value", value=5)
            assert await becomes(worker, node, 10)

            write_module(source, code("by(value) + 1"))
            assert await becomes(worker, node, 11)
            # Another file of the package, twice within a second.
            write_module(source, code("by(value) + 1"), factor=3)
            write_module(source, code("by(value) + 1"), factor=4)
            assert await becomes(worker, node, 21)
            write_module(source, "this is no Python")
            problem = await told_of(worker)
            assert await becomes(worker, node, 21)
            await worker.call("set_io_value", nid=node, ioid="value", value=6)
            assert await becomes(worker, node, 25)
            write_module(source, code("by(value) - less", "less: int = 2"), factor=4)
            assert await becomes(worker, node, 22)
            saved = await worker.call("get_save_state")
        after = await status_of(client, uuid)

        copied = {"name": "second", "reference": uuid, "copy_lib": True, "copy_graph": True}
        second = str((await client.call("new_worker", **copied))["uuid"])
        await client.call("start_worker", workerid=second)
        again = await output_at(base, client, second, node)
        linked = versions(WorkerHome(manager.base, second))
        await client.call("remove", workerid=second, package="fntest-bench")
        without = versions(WorkerHome(manager.base, second))
        project = WorkerHome(manager.base, second).project_file.read_text()

    local = next(module for module in known if module["name"] == "fntest-bench")
    assert (local["path"], local["version"]) == (str(source), "0.1")
    assert "SyntaxError" in problem
    assert before["pid"] == after["pid"]
    nodes = {one["id"]: one for one in saved["backend"]["nodes"]}
    assert nodes.keys() == {node, other}
    assert (nodes[node]["io"]["value"]["value"], "less" in nodes[node]["io"]) == (6, True)
    assert read_worker_config(home).package_dependencies["fntest-bench"].path == str(source)
    assert (again, linked["fntest-bench"]) == (22, "0.1")
    assert "fntest-bench" not in without
    assert str(source) not in project
    assert (source / "fntest_bench" / "sums.py").exists(), "what is linked is never removed"


async def output_at(base: Base, client: ManagerClient, uuid: str, node: str) -> Any:
    async with funcnodes.connect(uuid, base=base.folder) as worker:
        await worker.call("wait_idle", limit_s=30)
        return await worker.call("get_io_value", nid=node, ioid="out")


async def becomes(worker: AsyncWorker, node: str, wanted: int) -> bool:
    """Wait until a node gives this; that values are pushed has tests of its own."""
    async with asyncio.timeout(30):
        while await worker.call("get_io_value", nid=node, ioid="out") != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return True


async def told_of(worker: AsyncWorker) -> str:
    """Wait until the worker's log names a module that could not be loaded."""
    async with asyncio.timeout(30):
        while "could not be loaded" not in (told := str(await worker.call("logs"))):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return told
