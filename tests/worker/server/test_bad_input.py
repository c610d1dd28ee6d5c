"""Bad input: a clear error with the next step, the socket stays open where it can, nothing is lost."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, running_worker

NOWHERE = {"$stored": "0" * 64}


def _node_with(value: object) -> dict[str, Any]:
    ports = {"left": {"id": "left", "is_input": True, "value": value}}
    return {"kind": "add_node", "node": {"id": "n", "class_id": "lab.add", "ports": ports}}


CASES: list[tuple[str, dict[str, Any], int, str]] = [
    (
        "get_node_state",
        {"nid": "nobody"},
        -32001,
        "there is no node 'nobody'; it may have been removed, ask get_nodes",
    ),
    (
        "set_io_value",
        {"nid": "a", "ioid": "nope", "value": 1},
        -32001,
        "no port 'nope'; it has left, right, sum",
    ),
    (
        "set_io_value",
        {"nid": "a", "ioid": "sum", "value": 1},
        -32001,
        "'sum' of 'a' is an output; only inputs are set",
    ),
    ("set_io_value", {"nid": "a"}, -32602, "missing required field `ioid`"),
    ("set_io_value", {"nid": 5, "ioid": "left", "value": 1}, -32602, "Expected `str`, got `int`"),
    (
        "add_node",
        {"id": "no.such.class"},
        -32001,
        "no node class 'no.such.class' in this worker; add the package",
    ),
    ("add_node", {"id": "lab.add", "uuid": "a"}, -32000, "already a node 'a'; give the new one another id"),
    ("add_node", {"id": "lab.add", "colour": "red"}, -32602, "does not take 'colour'; it takes"),
    (
        "add_edge",
        {"src_nid": "a", "src_ioid": "sum", "trg_nid": "b", "trg_ioid": "x"},
        -32001,
        "there is no node 'b'",
    ),
    (
        "remove_edge",
        {"src_nid": "a", "src_ioid": "sum", "trg_nid": "a", "trg_ioid": "left"},
        -32000,
        "no edge",
    ),
    (
        "edit",
        {"edits": [{"kind": "explode"}]},
        -32602,
        "`$.edits[0].kind`; known are: 'add_edge', ",
    ),
    ("edit", {"edits": "all"}, -32602, "Expected `array`"),
    (
        "edit",
        {"edits": [{**_node_with(1), "node": {"id": "a;b", "class_id": "lab.add"}}]},
        -32602,
        "not taken",
    ),
    ("edit", {"edits": []}, -32602, "'edits' is empty; name at least one edit"),
    ("set_io_value", {"nid": "a", "ioid": "left", "value": NOWHERE}, -32602, "send the value itself"),
    (
        "edit",
        {"edits": [{"kind": "set_value", "node": "a", "port": "left", "value": NOWHERE}]},
        -32602,
        "refers to stored content that no port of this graph has",
    ),
    (
        "edit",
        {"edits": [{"kind": "set_default", "node": "a", "port": "left", "value": NOWHERE}]},
        -32602,
        "send the value itself",
    ),
    ("edit", {"edits": [_node_with(NOWHERE)]}, -32602, "send the value itself"),
    ("add_package_dependency", {"name": "../evil"}, -32602, "no name of a package"),
    (
        "add_package_dependency",
        {"name": "funcnodes-x"},
        -32004,
        "start one with 'funcnodes startworkermanager'",
    ),
    (
        "update_worker_config",
        {"autostart": "sometimes"},
        -32602,
        "use one of never, on-failure, unless-stopped, always",
    ),
    ("get_plugin_keys", {"type": "vue"}, -32602, "'vue' - at `$.type`; known are: 'react'"),
    ("load_data", {"data": {"nodes": 5}}, -32602, "no saved graph: 'nodes' is no list; nothing was changed"),
    ("load_data", {"data": {"backend": []}}, -32602, "no saved graph: 'backend' is no object"),
    ("load_data", {"data": {"backend": {"edges": {}}}}, -32602, "no saved graph: 'edges' is no list"),
    ("load_data", {"data": {"cells": []}}, -32602, "no saved graph: it has none of backend"),
    ("no_such_method", {}, -32601, "known are: add_edge"),
]


async def test_each_mistake_gets_its_answer_and_changes_nothing(worker: WorkerProcess) -> None:
    async with worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="a")
        before = await client.call("get_save_state")
        for method, params, code, text in CASES:
            with pytest.raises(Answer) as answer:
                await client.call(method, **params)
            assert (answer.value.code, text in answer.value.message) == (code, True), (
                method,
                answer.value.message,
            )
            error = await client.cmd(method, **params)
            assert (error["type"], text in error["error"]) == ("error", True), error
        assert await client.call("get_save_state") == before


async def test_a_copied_node_may_name_the_large_value_it_shares(worker: WorkerProcess) -> None:
    """A client copies the record it was shown, reference and all; one that leads somewhere is welcome."""
    large = "x" * 100_000
    async with worker.connect() as client:
        await client.call("add_node", id="lab.say", uuid="a")
        await client.call("set_io_value", nid="a", ioid="text", value=large)
        record = (await client.call("subscribe"))["document"]["nodes"]["a"]
        assert list(record["ports"]["text"]["value"]) == ["$stored"]
        await client.call("edit", edits=[{"kind": "add_node", "node": {**record, "id": "b"}}])
        whole = await client.call("get_io_full_value", nid="b", ioid="text")
        assert base64.b64decode(whole["data"]).decode() == large


RAW = [
    ("{broken", "not JSON"),
    ("", "not JSON"),
    ("[" * 5000, "not JSON"),
    ("5", "a message is a JSON object"),
    ('{"type":"cmd","kwargs":{}}', "needs its name"),
    ('{"type":"cmd","cmd":"uuid","kwargs":null}', "'kwargs'"),
    ('{"type":"cmd","cmd":7}', "needs its name"),
    ('"\\ud800"', "not JSON"),
]


async def error_after(client: WorkerClient, raw: str) -> str:
    count = len([m for m in client.pushed if m.get("type") == "error"])
    await client.socket.send_str(raw)
    await client.wait_for(lambda c: len([m for m in c.pushed if m.get("type") == "error"]) > count)
    return [m for m in client.pushed if m.get("type") == "error"][-1]["error"]


async def test_what_is_no_message_leaves_the_socket_open(worker: WorkerProcess) -> None:
    """The original closes the connection; here it lives on."""
    async with worker.connect() as client:
        for raw, text in RAW:
            assert text in await error_after(client, raw), raw
        await client.socket.send_str('{"type":"unheard of"}')
        await client.socket.send_bytes(b"\x00\x01")
        assert await client.cmd("uuid") == worker.uuid


async def test_a_frame_of_100_mb_closes_this_socket_with_the_reason_and_no_other(
    worker: WorkerProcess,
) -> None:
    async with worker.connect() as other, worker.connect() as client:
        await other.cmd("add_node", id="lab.add", uuid="a")
        frame = json.dumps({"type": "cmd", "cmd": "uuid", "kwargs": {"x": "y" * 100_000_000}})
        # The worker closes while the frame is still being sent; whether the sender notices is a race.
        with contextlib.suppress(ConnectionError):
            await client.socket.send_str(frame)
        await client.wait_for(lambda c: c.socket.closed)
        assert client.socket.close_code in (1009, 1006)
        assert len(await other.cmd("get_nodes")) == 1


async def test_values_that_cannot_be_shown_and_packages_that_fail(tmp_path: Path) -> None:
    """A broken package keeps no other away; a value that raises when shown is shown as that."""
    packages = ("funcnodes-broken", "funcnodes-lab", "funcnodes-absent")
    async with running_worker(tmp_path, packages) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.shy", uuid="s")
        await client.call("set_io_value", nid="s", ioid="go", value=True)
        shown = await client.wait_for(lambda c: c.value("s", "out"))
        assert "cannot be shown" in shown
        assert "I will not be shown" in shown
        assert "broken on purpose" in worker.log()
        assert "funcnodes-absent is not installed" in worker.log()


async def test_a_failing_node_keeps_its_error_and_works_again(worker: WorkerProcess) -> None:
    async with (
        worker.connect(subscribe=True) as client,
        worker.connect() as old,
    ):
        await client.call("add_node", id="lab.fail", uuid="f")
        await client.call("set_io_value", nid="f", ioid="message", value="on purpose")
        await client.wait_for(lambda c: c.state("f").get("status") == "failed")
        error = client.state("f")["error"]
        assert (error["message"], error["kind"]) == ("on purpose", "ValueError")
        assert any("lab_nodes" in line for line in error["traceback"])
        (told,) = await old.wait_for(lambda c: c.events("node_trigger_error"))
        assert (told["node"], told["error"]) == ("f", "on purpose")


async def test_prints_of_a_node_go_to_the_log_with_its_id(worker: WorkerProcess) -> None:
    async with worker.connect(subscribe=True) as client:
        for kind in ("say", "thread_say", "wait_say"):
            await client.call("add_node", id=f"lab.{kind}", uuid=f"by_{kind}")
            await client.call("set_io_value", nid=f"by_{kind}", ioid="text", value=f"hello {kind}")
            await client.wait_for(lambda c, kind=kind: c.value(f"by_{kind}", "out"))
        lines = (await client.call("logs"))["lines"]
        for kind in ("say", "thread_say", "wait_say"):
            assert any(f"[by_{kind}] hello {kind}" in line for line in lines), lines


def options_of(client: WorkerClient, node: str, port: str) -> Any:
    """Return the options of a port in the latest feed that tells of the node's ports."""
    told = [feed["ports"][node] for feed in client.notifications("feed") if node in feed["ports"]]
    found = [one for one in told[-1] if one["id"] == port] if told else []
    return (found[0].get("value_options") or {}).get("options") if found else None


async def test_what_node_code_offers_is_kept_and_published(worker: WorkerProcess) -> None:
    """Options and own inputs set by node code survive a stop, and are no user's edit."""
    async with (
        worker.connect(subscribe=True) as client,
        worker.connect() as old,
    ):
        begun = (await client.call("subscribe"))["revision"]
        await client.call("add_node", id="lab.offer", uuid="o")
        await client.call("set_io_value", nid="o", ioid="choices", value=["red", "blue"])
        await client.wait_for(lambda c: c.value("o", "count") == 2)
        await client.wait_for(lambda c: c.value("o", "choice") == "red")
        # Ports are told in order with edits, values as they come: which is first, nobody says.
        await client.wait_for(lambda c: options_of(c, "o", "choice") == ["red", "blue"])
        assert await old.wait_for(lambda c: c.events("after_update_value_options"))
        revision = (await client.call("subscribe"))["revision"]
        assert revision == begun + 2
        saved = await client.call("save")
        choice = saved["backend"]["nodes"][0]["io"]["choice"]
        assert (choice["value"], choice["value_options"]) == ("red", {"options": ["red", "blue"]})


async def test_inputs_that_reset_themselves_stay_reset(worker: WorkerProcess) -> None:
    """A value that a run used up is gone from the document too: it does not come back at the next start."""
    async with worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.add", uuid="a", reset_inputs_on_trigger=True)
        await client.call("set_io_value", nid="a", ioid="left", value=4)
        await client.wait_for(lambda c: c.value("a", "sum") == 5)
        await client.wait_for(lambda c: c.value("a", "left") is None)
        document = (await client.call("subscribe"))["document"]
        assert "value" not in document["nodes"]["a"]["ports"]["left"]
