"""What a worker's settings and config.json ask of it: a heartbeat, render options, the list of modules."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from funcnodes_worker.home.worker_config import change_worker_config
from funcnodes_worker.server.heartbeat import Heartbeat, required_by

from tests.support.worker_process import make_worker, spawn


@pytest.mark.alone
async def test_a_worker_that_requires_a_heartbeat_stops_without_one(tmp_path: Path) -> None:
    """And lives as long as one comes in time."""
    home = make_worker(tmp_path)
    change_worker_config(home, lambda c: msgspec.structs.replace(c, extra={"required_heartbeat": 1.0}))
    worker = await spawn(home)
    async with worker.connect() as client:
        for _ in range(12):
            await asyncio.sleep(0.1)
            assert await client.call("heartbeat") is None
        assert worker.process.returncode is None
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0
    assert "no heartbeat came for 1 s" in worker.log()


async def test_without_the_setting_nothing_is_timed() -> None:
    missed: list[str] = []
    heart = Heartbeat(None, lambda: missed.append("missed"))
    heart.beat()
    assert asyncio.get_running_loop().time() > 0
    heart.every_s = 0.01
    heart.beat()
    heart.stop()
    await asyncio.sleep(0.05)
    assert missed == []
    assert [required_by({"required_heartbeat": given}) for given in (None, 0, -1, True, "5", 5)] == [
        None, None, None, None, None, 5.0,
    ]  # fmt: skip


async def test_render_options_of_the_config_count_below_those_of_modules(tmp_path: Path) -> None:
    home = make_worker(tmp_path, ("funcnodes-bench",))
    mine = {"typemap": {"bench": "table", "mine": "svg"}, "inputconverter": {"mine": "str_to_json"}}
    home.base.config_file.write_text(json.dumps({"render_options": mine}))
    worker = await spawn(home)
    async with worker.connect() as client:
        shown = (await client.call("view_state"))["renderoptions"]
        assert {key: shown["typemap"][key] for key in ("bench", "mine")} == {"bench": "image", "mine": "svg"}
        assert shown["inputconverter"]["mine"] == "str_to_json"
    assert await worker.end() == 0


async def test_modules_of_the_published_list_are_available_unless_installed(tmp_path: Path) -> None:
    """All six fields are texts and lists of texts, as clients expect."""
    home = make_worker(tmp_path)
    home.base.cache.mkdir()
    (home.base.cache / "funcnodes_modules.csv").write_text(
        "package_name,version,description,homepage,source,summary,releases\n"
        'funcnodes_far,1.2,two\\nlines,https://far.example,,short,"1.1, 1.2"\n'
        "funcnodes-lab,1.0,installed,,,,\n"
        ",,nameless,,,,\n"
    )
    worker = await spawn(home)
    async with worker.connect() as client:
        modules = await client.call("get_available_modules")
    assert modules["available"] == [
        {
            "name": "funcnodes-far",
            "description": "two\nlines",
            "version": "1.2",
            "homepage": "https://far.example",
            "source": "",
            "releases": ["1.1", "1.2"],
        }
    ]
    assert "funcnodes-lab" in [module["name"] for module in modules["active"]]
    assert await worker.end() == 0


async def test_a_new_node_may_keep_still_and_wait_before_it_runs(tmp_path: Path) -> None:
    """`trigger_on_create` and `pretrigger_delay` belong to it over a restart, and when it is added again."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with worker.connect() as client:
        await client.call("add_node", id="lab.say", uuid="s", io_options={"text": {"default": "hello"}})
        await client.call("add_node", id="input.float", uuid="still", trigger_on_create=False)
        await client.call(
            "add_node",
            id="lab.echo",
            uuid="late",
            pretrigger_delay=0.3,
            io_options={"value": {"name": "Late"}},
        )
        begun = asyncio.get_running_loop().time()
        await client.call("set_io_value", nid="late", ioid="value", value=1)
        while await client.call("get_io_value", nid="late", ioid="out") != 1:
            await client.wait_for(lambda c: {"node": "late"} in c.events("triggerfast"))
        assert asyncio.get_running_loop().time() - begun >= 0.3
        saved = {node["id"]: node for node in (await client.call("save"))["backend"]["nodes"]}
        assert saved["late"]["pretrigger_delay"] == 0.3
        assert saved["still"]["trigger_on_create"] is False
        assert saved["late"]["io"]["value"]["name"] == "Late"
        assert saved["s"]["io"]["text"]["default"] == "hello"
    assert await worker.end() == 0
