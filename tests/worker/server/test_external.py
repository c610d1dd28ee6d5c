"""External workers of a real worker: made, set, named, kept over a restart, ended; their secrets stay."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.document.model import Document
from msgspec import convert

import funcnodes
from tests.support.follower import Follower
from tests.support.shared_worker import shared_worker
from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, make_worker, spawn

BENCH = ("funcnodes-lab", "funcnodes-bench")
PUMP = {"module": "bench_devices", "cls_module": "bench_devices", "cls_name": "Pump"}
SECRET = "hush-hush-4711"


async def add_pump(client: WorkerClient) -> dict[str, Any]:
    """Return a new pump, as it is listed."""
    return await client.call("add_external_worker", **PUMP)


def shelf_of(library: dict[str, Any], uuid: str) -> list[str]:
    """Return the node ids on the shelf of an instance."""
    tops = [shelf for shelf in library["shelves"] if shelf["name"] == "_external_worker"]
    below = [shelf for top in tops for shelf in top["subshelves"] if shelf["name"] == uuid]
    return [node["node_id"] for shelf in below for node in shelf["nodes"]]


async def listed(client: WorkerClient) -> dict[str, Any]:
    """Return the instances that are listed, by their ids."""
    modules = await client.call("get_worker_dependencies")
    return {
        one["uuid"]: one
        for module in modules
        for known in module["worker_classes"]
        for one in known["instances"]
    }


async def listed_as(client: WorkerClient, uuid: str) -> dict[str, Any]:
    """Return an instance, once it is listed."""
    async with asyncio.timeout(10):
        while (one := (await listed(client)).get(uuid)) is None:
            pass
        return one


async def test_classes_are_listed_as_published(bench: WorkerProcess) -> None:
    async with bench.connect() as client:
        assert await client.call("get_worker_dependencies") == [
            {
                "module": "bench_devices",
                "worker_classes": [
                    {"module": "bench_devices", "class_name": "Pump", "name": "Pump", "instances": []},
                    {"module": "bench_devices", "class_name": "Jammed", "name": "Jammed", "instances": []},
                ],
            }
        ]


async def test_a_device_lives_with_its_nodes_over_a_restart_until_it_is_removed(tmp_path: Path) -> None:
    """Its settings, its name and what its nodes compute are there again; its folder hears that it ended."""
    home = make_worker(tmp_path, BENCH)
    worker = await spawn(home)
    async with worker.connect() as client:
        pump = await add_pump(client)
        uuid = pump["uuid"]
        assert pump == {
            "uuid": uuid,
            "nodeclassid": "bench.pump",
            "running": True,
            "name": f"Pump({uuid})",
            "config": {"port": "COM1", "rate": 1},
        }
        await client.wait_for(lambda c: c.events("external_worker_update"))
        (told, *_) = client.events("update_worker_dependencies")
        assert told["worker_dependencies"][0]["module"] == "bench_devices"
        which = {"worker_id": uuid, "class_id": "bench.pump"}
        config = {"rate": 21, "password": SECRET}
        assert await client.call("update_external_worker", **which, name="Left", config=config) is None
        assert (await listed(client))[uuid]["name"] == "Left"
        flow = f"bench.pump.{uuid}.flow"
        assert flow in shelf_of(await client.call("get_library"), uuid)
        node = await client.call("add_node", id=flow, uuid="n")
        assert node["node_name"] == "Flow"
        await client.call("set_io_value", nid="n", ioid="seconds", value=2)
        assert await value_of(client, "n", "out") == 42
    assert await worker.end() == 0
    assert (home.folder / "external_workers" / uuid / "stopped").read_text() == "Left"

    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        one = await listed_as(client, uuid)
        # Nodes of devices do not run by themselves when they are loaded.
        await client.call("trigger_node", nid="n")
        await client.wait_for(lambda c: c.value("n", "out") == 42)
        assert (one["name"], one["running"], one["config"]) == ("Left", True, {"port": "COM1", "rate": 21})
        assert await client.call("remove_external_worker", **which) is True
        assert await client.call("get_nodes") == []
        assert await listed(client) == {}
        assert shelf_of(await client.call("get_library"), uuid) == []
        with pytest.raises(Answer, match="ask get_worker_dependencies"):
            await client.call("remove_external_worker", **which)
    assert await worker.end() == 0
    worker = await spawn(home)
    async with worker.connect() as client:
        assert await listed(client) == {}
    assert await worker.end() == 0


async def value_of(client: WorkerClient, node: str, port: str) -> Any:
    """Return a port's value, once it has one."""
    async with asyncio.timeout(10):
        while (value := await client.call("get_io_value", nid=node, ioid=port)) == "<NoValue>":
            pass
        return value


async def test_every_window_knows_the_devices_there_are(bench: WorkerProcess) -> None:
    """Without a new subscription: what is around the graph comes in order with the edits that name it."""
    async with (
        bench.connect() as client,
        funcnodes.connect("lab", base=bench.base.folder) as other,
        bench.connect() as raw,
    ):
        follower = Follower()
        follower.begin(await raw.call("subscribe"))
        pump = await add_pump(client)
        which = {"worker_id": pump["uuid"], "class_id": "bench.pump"}
        await client.call("update_external_worker", **which, name="Left")
        shown = convert((await client.call("subscribe"))["document"], Document)
        around: Any = shown.surroundings["external_workers"]
        assert [(one["uuid"], one["name"]) for one in around["bench.pump"]] == [(pump["uuid"], "Left")]
        await other.wait_for(lambda other: other.document == shown)

        def follows(raw: WorkerClient) -> bool:
            while raw.pushed:
                follower.heard(raw.pushed.pop(0))
            return follower.document == shown

        await raw.wait_for(follows)
        await client.call("remove_external_worker", **which)
        await other.wait_for(lambda other: pump["uuid"] not in str(other.document.surroundings))


async def test_what_is_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    home = make_worker(tmp_path, BENCH)
    worker = await spawn(home)
    async with worker.connect() as client:
        pump = await add_pump(client)
        which = {"worker_id": pump["uuid"], "class_id": "bench.pump"}
        await client.call("update_external_worker", **which, config={"rate": 3}, name="Kept")
        worker.process.kill()
    await worker.process.wait()
    home.runstate_file.unlink()
    worker = await spawn(home)
    async with worker.connect() as client:
        one = await listed_as(client, pump["uuid"])
        assert (one["name"], one["config"]["rate"]) == ("Kept", 3)
    assert await worker.end() == 0


async def test_secrets_leave_the_folder_nowhere(tmp_path: Path) -> None:
    """19.9: not in lists, forms, events, states, saves, exports, values, the log, nor the journal."""
    home = make_worker(tmp_path, BENCH)
    worker = await spawn(home)
    async with worker.connect() as client, worker.connect(subscribe=True) as ours:
        pump = await add_pump(client)
        which = {"worker_id": pump["uuid"], "class_id": "bench.pump"}
        await client.call("update_external_worker", **which, config={"password": SECRET})
        with pytest.raises(Answer, match="rate: Input should be a valid integer") as refused:
            await client.call("update_external_worker", **which, config={"rate": SECRET})
        await client.call("add_node", id=f"bench.pump.{pump['uuid']}.itself", uuid="n")
        await client.call("trigger_node", nid="n")
        said: list[Any] = [str(refused.value), await value_of(client, "n", "out")]
        form = await client.call("get_external_worker_config", **which)
        assert form["formData"] == {"port": "COM1", "rate": 1}
        assert form["jsonSchema"]["properties"]["password"]["writeOnly"] is True
        assert form["uiSchema"] is None
        shown = ("get_worker_dependencies", "full_state", "save", "get_save_state", "subscribe", "get_config")
        said += [await client.call(method) for method in shown]
        said += [await client.call("get_save_state", export=True), form, client.pushed, ours.pushed]
        state = await client.call("full_state")
        assert state["worker"] == {"bench.pump": [pump["uuid"]]}
        assert state["worker_dependencies"] == await client.call("get_worker_dependencies")
    assert SECRET not in json.dumps(said, default=str)
    assert "factory" not in json.dumps(said, default=str)
    assert await worker.end() == 0
    settings = home.folder / "external_workers" / "settings.json"
    assert SECRET in settings.read_text()
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    for file in home.folder.rglob("*"):
        if file.is_file() and file != settings:
            assert SECRET.encode() not in file.read_bytes(), file


async def test_a_graph_of_the_original_brings_its_devices(tmp_path: Path) -> None:
    """Its `nodespace.json` lists them with all settings; what is secret is taken out of the document."""
    home = make_worker(tmp_path, BENCH)
    saved: dict[str, Any] = {
        "backend": {"nodes": [{"id": "n", "node_id": "bench.pump.w1.flow", "io": {}}], "edges": []},
        "external_workers": {
            "bench.pump": [
                {
                    "uuid": "w1",
                    "nodeclassid": "bench.pump",
                    "running": True,
                    "name": "Old",
                    "config": {"rate": 5, "password": SECRET},
                }
            ],
            "gone.device": ["w2", {"uuid": "w3", "config": {"key": SECRET}}],
        },
    }
    worker = await spawn(home)
    async with worker.connect(subscribe=True) as client:
        await client.call("load_data", data=saved)
        one = await listed_as(client, "w1")
        await client.call("trigger_node", nid="n")
        await client.wait_for(lambda c: c.value("n", "out") == 5)
        assert one["config"] == {"port": "COM1", "rate": 5}
        kept = (await client.call("save"))["external_workers"]
        assert kept["gone.device"][0] in ("w2", {"uuid": "w2"})
        assert SECRET not in json.dumps(await client.call("subscribe")) + json.dumps(client.pushed)
    assert await worker.end() == 0
    assert SECRET in (home.folder / "external_workers" / "settings.json").read_text()


@pytest.mark.parametrize(
    ("method", "params", "sentence"),
    [
        ("add_external_worker", {**PUMP, "cls_name": "Rocket"}, "brings no external worker 'Rocket'"),
        ("add_external_worker", {**PUMP, "module": "os"}, "'os' brings no external worker"),
        ("add_external_worker", {**PUMP, "cls_name": "Jammed"}, "OSError: no device on COM9"),
        ("update_external_worker", {"worker_id": "x", "class_id": "bench.pump"}, "no external worker 'x'"),
        ("remove_external_worker", {"worker_id": "x", "class_id": "y"}, "no external worker 'x' of 'y'"),
        ("get_external_worker_config", {"worker_id": "x", "class_id": "y"}, "no external worker 'x'"),
    ],
)
async def test_each_mistake_gets_its_answer(
    bench: WorkerProcess, method: str, params: dict[str, Any], sentence: str
) -> None:
    async with bench.connect() as client:
        with pytest.raises(Answer, match=sentence):
            await client.call(method, **params)
        assert await listed(client) == {}


async def test_a_plugin_is_fetched_by_the_name_of_its_package(bench: WorkerProcess) -> None:
    """19.10, 19.24: no path and no address in the key, and no key of nothing."""
    async with bench.connect() as client:
        assert await client.call("get_plugin_keys", type="react") == ["funcnodes-bench"]
        plugin = await client.call("get_plugin", key="funcnodes-bench", type="react")
        assert plugin == {
            "module": "ZXhwb3J0IGNvbnN0IHNob3duID0gImJlbmNoIjsK",
            "js": [],
            "css": ["LmJlbmNoIHsgY29sb3I6IHRlYWw7IH0K"],
        }
        with pytest.raises(Answer, match="no plugin 'no/such'"):
            await client.call("get_plugin", key="no/such", type="react")
        with pytest.raises(Answer, match="'vue'"):
            await client.call("get_plugin_keys", type="vue")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """A worker with devices, for all tests that leave none behind."""
    with shared_worker(tmp_path_factory.mktemp("bench"), BENCH) as worker:
        yield worker
