"""The faults of the original that concern a worker (contract 19), each shown not to be ours.

`SHOWN_BY` says for every number which test shows it, here or where it stood already; the others belong to
other rooms, and `NOT_THE_WORKERS` says to which.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, make_worker, spawn

HERE = "tests/worker/server/test_not_to_be_copied.py"
CASES = "tests/contract/wire/test_cases.py::test_cases"
PUSHES = "tests/contract/wire/test_pushes.py::test_pushes"
EXTERNAL = "tests/worker/server/test_external.py"
SLOW = "tests/worker/server/test_slow_clients.py"
SHOWN_BY: dict[int, str] = {
    2: "tests/worker/server/test_strangers.py::test_the_socket_refuses_strangers",
    3: "tests/worker/server/test_strangers.py::test_every_route_refuses_strangers",
    6: f"{HERE}::test_6_no_module_is_imported_by_the_name_a_client_sends",
    7: f"{HERE}::test_7_the_pid_file_is_no_command_channel",
    8: "tests/worker/process/test_trust.py::test_a_foreign_flow_is_shown_and_nothing_is_imported_or_run",
    9: f"{EXTERNAL}::test_secrets_leave_the_folder_nowhere",
    10: f"{EXTERNAL}::test_a_plugin_is_fetched_by_the_name_of_its_package",
    16: f"{HERE}::test_16_options_and_values_are_there_after_a_restart",
    17: f"{HERE}::test_17_placeholders_keep_their_ports_and_edges",
    18: f"{HERE}::test_18_events_of_the_worker_are_wrapped_once",
    19: f"{HERE}::test_19_every_value_has_a_binary_form",
    20: CASES,
    21: f"{HERE}::test_21_answers_go_to_the_asker_only",
    22: f"{HERE}::test_22_a_resent_call_is_executed_once",
    23: PUSHES,
    25: f"{HERE}::test_25_other_windows_hear_of_every_change",
    30: f"{HERE}::test_30_malformed_json_is_answered_and_the_socket_stays_open",
    31: "tests/worker/rpc/test_conversation.py::test_a_long_call_lets_others_pass",
    33: "tests/worker/process/test_idle.py::test_an_idle_worker_does_not_wake_up_at_all",
    34: f"{HERE}::test_34_35_one_event_for_an_edge_and_one_for_a_quick_run",
    35: f"{HERE}::test_35_a_large_value_is_not_sent_back",
    36: f"{HERE}::test_36_a_large_answer_is_forgotten_once_it_was_fetched",
    37: f"{SLOW}::test_a_client_that_wakes_up_in_time_reads_why_it_was_closed",
    38: f"{HERE}::test_38_run_files_are_replaced_whole",
    39: f"{HERE}::test_39_no_run_waits_a_fixed_time",
}
NOT_THE_WORKERS: dict[int, str] = {
    1: "there is no process monitor",
    4: "the UI server serves files",
    5: "the manager makes workers",
    11: "the command line reads .env",
    12: "the command line resolves the base folder",
    13: "the fleet restarts",
    14: "the fleet starts by itself",
    15: "the fleet deletes",
    24: "the environment installs and removes",
    26: "the command line",
    27: "the browser",
    28: "the manager's socket",
    29: "the fleet tells who lives",
    32: "the environment is locked",
}


def test_every_number_is_shown_or_belongs_elsewhere() -> None:
    assert sorted([*SHOWN_BY, *NOT_THE_WORKERS]) == list(range(1, 40))
    for place in SHOWN_BY.values():
        file, _, name = place.partition("::")
        assert re.search(rf"def {name}\b", Path(file).read_text()), place


@pytest.fixture
async def own_worker(tmp_path: Path) -> AsyncGenerator[WorkerProcess]:
    """A worker of its own, to be ended or changed."""
    running = await spawn(make_worker(tmp_path, ("funcnodes-lab", "funcnodes-bench")))
    try:
        yield running
        assert await running.end() == 0, running.log()
    finally:
        if running.process.returncode is None:
            running.process.kill()
            await running.process.wait()


async def test_6_no_module_is_imported_by_the_name_a_client_sends(worker: WorkerProcess) -> None:
    async with worker.connect() as client:
        before = await client.call("get_config")
        for method, name in (("add_package_dependency", "name"), ("add_shelf", "src")):
            with pytest.raises(Answer):
                await client.call(method, **{name: "this"})
        assert await client.call("get_config") == before
    assert "Beautiful is better than ugly" not in worker.log()


async def test_7_the_pid_file_is_no_command_channel(own_worker: WorkerProcess) -> None:
    command = {"type": "cmd", "cmd": "add_node", "kwargs": {"id": "lab.add"}}
    own_worker.home.pid_file.write_text(json.dumps(command))
    async with own_worker.connect() as client:
        await client.call("wait_idle")
        assert await client.call("get_nodes") == []
    sources = Path("funcnodes_worker/funcnodes_worker").rglob("*.py")
    readers = {file.name for file in sources if re.search(r"pid_file\.(read|open)", file.read_text())}
    assert readers == set()


async def test_16_options_and_values_are_there_after_a_restart(own_worker: WorkerProcess) -> None:
    async with own_worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=2.5)
        await client.call("update_io_value_options", nid="a", ioid="left", options={"min": 1, "max": 3})
    assert await own_worker.end() == 0
    again = await spawn(own_worker.home)
    async with again.connect() as client:
        (left, *_) = (await client.call("get_node", id="a"))["io"]
        assert left["value_options"] == {"min": 1, "max": 3}
        await client.call("wait_idle")
        assert await client.call("get_ios_values", nid="a") | {"_triggeroutput": 0} == {
            "left": 2.5, "right": 1, "sum": 3.5, "_triggerinput": None, "_triggeroutput": 0,
        }  # fmt: skip
    assert await again.end() == 0


async def test_17_placeholders_keep_their_ports_and_edges(worker: WorkerProcess) -> None:
    """Also after a save, and after the next save."""
    gone = {"id": "p", "node_id": "no.such.class", "io": {"x": {"is_input": True}, "y": {"is_input": False}}}
    edges = [["p", "y", "a", "left"]]
    graph = {"backend": {"nodes": [gone, {"id": "a", "node_id": "lab.add"}], "edges": edges}}
    async with worker.connect() as client:
        await client.call("load_data", data=graph)
        for _ in range(2):
            saved = (await client.call("save"))["backend"]
            assert saved["edges"] == edges
            assert [list(node["io"]) for node in saved["nodes"] if node["id"] == "p"] == [["x", "y"]]


async def test_18_events_of_the_worker_are_wrapped_once(own_worker: WorkerProcess) -> None:
    async with own_worker.connect() as client:
        await client.call(
            "add_external_worker", module="bench_devices", cls_module="bench_devices", cls_name="Pump"
        )
        (data, *_) = await client.wait_for(lambda c: c.events("update_worker_dependencies"))
        assert list(data) == ["worker_dependencies"]


VALUES: list[tuple[Any, str, bytes]] = [
    ("", "text/plain", b""),
    ("text", "text/plain", b"text"),
    (None, "application/json", b"null"),
    (True, "application/fn.struct.?", b"\x01"),
    (7, "application/fn.struct.!q", b"\0\0\0\0\0\0\0\x07"),
    (1.5, "application/fn.struct.!d", b"\x3f\xf8\0\0\0\0\0\0"),
    # No number of a browser holds it; its digits are told.
    (2**80, "application/json", f'"{2**80}"'.encode()),
    ([1, "a"], "application/json", b'[1,"a"]'),
]


async def test_19_every_value_has_a_binary_form(worker: WorkerProcess) -> None:
    """Pushed and asked for; a missing value too, so that nobody waits for what never comes."""
    async with worker.connect() as client:
        await client.call("add_node", id="lab.echo", uuid="e")
        await full_value_is(client, "application/json", b'"<NoValue>"')
        for value, mime, body in VALUES:
            client.binary.clear()
            await client.call("set_io_value", nid="e", ioid="value", value=value)
            assert await pushed(client, mime, body), (value, client.binary)
            await full_value_is(client, mime, body)


def _is(frame: bytes, mime: str, body: bytes) -> bool:
    head, _, found = frame.partition(b"\r\n\r\n")
    return f"mime={mime};" in head.decode() and found == body


async def pushed(client: WorkerClient, mime: str, body: bytes) -> bool:
    """Tell whether a port's value comes as these bytes."""
    try:
        return await client.wait_for(lambda c: any(_is(frame, mime, body) for frame in c.binary))
    except TimeoutError:
        return False


async def full_value_is(client: WorkerClient, mime: str, body: bytes) -> None:
    """Fail unless the output's whole value comes as these bytes."""
    client.binary.clear()
    kwargs = {"nid": "e", "ioid": "out"}
    message = {"type": "cmd", "cmd": "get_io_full_value", "kwargs": kwargs, "as_bytes": True, "id": "full"}
    await client.call("wait_idle")
    await client.socket.send_str(json.dumps(message))
    await client.wait_for(lambda c: any(b"type=result" in frame for frame in c.binary))
    (frame,) = [frame for frame in client.binary if b"type=result" in frame]
    assert _is(frame, mime, body), frame
    assert b"id=full" in frame


async def test_21_answers_go_to_the_asker_only(worker: WorkerProcess) -> None:
    """Errors and pongs; and what came by HTTP, to the window that names itself, else to that program's."""
    body = json.dumps({"type": "cmd", "cmd": "uuid", "id": "by-http"})
    async with (
        worker.connect() as asker,
        worker.connect() as other,
        aiohttp.ClientSession(headers={**worker.bearer, "User-Agent": "another program"}) as http,
    ):
        await asker.cmd("explode")
        await asker.socket.send_str('{"type": "ping"}')
        await asker.wait_for(lambda c: {"type": "pong"} in c.pushed)
        await asker.call("subscribe", author="the asker")
        url, headers = f"{worker.address}/message/", {"Content-Type": "application/json"}
        async with http.post(url, params={"client": "the asker"}, data=body, headers=headers) as response:
            answer = {"type": "result", "result": worker.uuid, "id": "by-http"}
            assert (response.status, await response.json()) == (200, answer)
        await asker.wait_for(lambda c: answer in c.pushed)
        async with http.post(url, data=body, headers=headers) as response:
            assert await response.json() == answer
        rpc = {"jsonrpc": "2.0", "method": "uuid", "id": 1}
        async with http.post(url, json=[rpc, {"jsonrpc": "2.0", "method": "uuid"}]) as response:
            assert await response.json() == [{"jsonrpc": "2.0", "result": worker.uuid, "id": 1}]
        await asker.call("uuid")
        await other.call("uuid")
        assert other.pushed == []
        assert asker.pushed.count(answer) == 1


async def test_22_a_resent_call_is_executed_once(worker: WorkerProcess) -> None:
    """Three times on one connection, and once more on the next."""
    call = {
        "type": "cmd",
        "cmd": "add_node",
        "kwargs": {"id": "lab.add"},
        "id": "0b1e5f4c-9d1a-4f0e-8f63-2b3a",
    }
    text = json.dumps(call)
    answers: list[Any] = []
    for times in (3, 1):
        async with worker.connect() as client:
            for _ in range(times):
                await client.socket.send_str(text)
            await client.wait_for(lambda c: any(one.get("id") == call["id"] for one in c.pushed))
            assert len(await client.call("get_nodes")) == 1
            answers += [one for one in client.pushed if one.get("id") == call["id"]]
    assert answers
    assert all(answer == answers[0] for answer in answers)


async def test_25_other_windows_hear_of_every_change(own_worker: WorkerProcess) -> None:
    """Each by an event, or by a full sync where the published events have no word for it."""
    deeds: list[tuple[str, dict[str, Any], str]] = [
        ("add_node", {"id": "lab.add", "uuid": "a"}, "node_added"),
        ("add_node", {"id": "lab.add", "uuid": "b"}, "node_added"),
        ("group_nodes", {"node_ids": ["a", "b"], "group_ids": []}, "fullsync"),
        ("update_node", {"nid": "a", "data": {"name": "New"}}, "fullsync"),
        ("update_node_view", {"nid": "a", "data": {"pos": [1, 2]}}, "fullsync"),
        ("update_io_options", {"nid": "a", "ioid": "right", "hidden": True}, "fullsync"),
        ("set_io_value", {"nid": "a", "ioid": "right", "value": 3}, "io_value"),
        ("update_worker_config", {"name": "other"}, "config_update"),
    ]
    async with own_worker.connect() as author, own_worker.connect() as other:
        for method, params, event in deeds:
            other.pushed.clear()
            other.binary.clear()
            await author.call(method, **params)
            if event == "io_value":
                await other.wait_for(lambda c: any(b"io=right;" in frame for frame in c.binary))
            else:
                assert await heard(other, event), (method, other.pushed)
        assert author.events("fullsync") == []


async def heard(client: WorkerClient, event: str) -> bool:
    """Tell whether an event comes."""
    try:
        return await client.wait_for(lambda c: any(one.get("event") == event for one in c.pushed))
    except TimeoutError:
        return False


async def test_30_malformed_json_is_answered_and_the_socket_stays_open(worker: WorkerProcess) -> None:
    async with worker.connect() as client:
        for text in ('{"type": "cm', "[" * 100_000, "\x00", '{"type": 5}', '"x"', "[]", "{}"):
            await client.socket.send_str(text)
        assert await client.call("uuid") == worker.uuid
        assert len([one for one in client.pushed if one.get("type") == "error"]) >= 3


async def test_34_35_one_event_for_an_edge_and_one_for_a_quick_run(worker: WorkerProcess) -> None:
    """Nothing is told twice: no library on a shelf, no two nodes for an edge, no start and end of 10 µs."""
    async with worker.connect() as author, worker.connect() as other:
        for name in "ab":
            await author.call("add_node", id="lab.add", uuid=name)
        await author.call("wait_idle")
        await other.wait_for(lambda c: len(c.events("node_added")) == 2)
        other.pushed.clear()
        ends = {"src_nid": "a", "src_ioid": "sum", "trg_nid": "b", "trg_ioid": "left"}
        await author.call("add_edge", **ends)
        await author.call("set_io_value", nid="a", ioid="left", value=1)
        await other.wait_for(lambda c: {"node": "b"} in c.events("triggerfast"))
        told = sorted((one["event"], one["data"]["node"]) for one in other.pushed)
        assert told == [("after_connect", "a"), ("triggerfast", "a"), ("triggerfast", "b")]


async def test_35_a_large_value_is_not_sent_back(worker: WorkerProcess) -> None:
    large = "x" * 200_000
    async with worker.connect() as client:
        await client.call("add_node", id="lab.echo", uuid="e")
        answer = await client.call("set_io_value", nid="e", ioid="value", value=large)
        assert answer == "x" * 1000 + "..."
        assert await client.call("set_io_value", nid="e", ioid="value", value="y" * 2000) == "y" * 2000


async def test_36_a_large_answer_is_forgotten_once_it_was_fetched(worker: WorkerProcess) -> None:
    large = "x" * 1_200_000
    async with worker.connect() as client, aiohttp.ClientSession(headers=worker.bearer) as http:
        await client.call("add_node", id="lab.echo", uuid="e")
        call = {"type": "cmd", "cmd": "set_io_value", "kwargs": {"nid": "e", "ioid": "value", "value": large}}
        body = io.BytesIO(json.dumps(call).encode())
        headers = {"Content-Type": "application/json"}
        async with http.post(f"{worker.address}/message/", data=body, headers=headers) as response:
            assert response.status == 200
        await client.call("wait_idle")
        call = {"type": "cmd", "cmd": "get_io_full_value", "kwargs": {"nid": "e", "ioid": "out"}, "id": "big"}
        await client.socket.send_str(json.dumps(call))
        (parked,) = await client.wait_for(lambda c: [p for p in c.pushed if p.get("type") == "large_message"])
        url = f"{worker.address}/message/{parked['msg_id']}"
        async with http.get(url) as response:
            answer = await response.json()
        assert (answer["id"], base64.b64decode(answer["result"]["data"])) == ("big", large.encode())
        async with http.get(url) as response:
            assert response.status == 404


async def test_38_run_files_are_replaced_whole(own_worker: WorkerProcess) -> None:
    """A reader that holds the old file sees all of it: a new file took its place."""
    with own_worker.home.runstate_file.open() as held:
        before = own_worker.home.runstate_file.stat().st_ino
        async with own_worker.connect() as client:
            assert await client.call("stop_worker") is True
        assert await asyncio.wait_for(own_worker.process.wait(), 10) == 0
        assert held.read() == "running"
        assert before
    assert not own_worker.home.runstate_file.exists()


@pytest.mark.alone
async def test_39_no_run_waits_a_fixed_time(worker: WorkerProcess) -> None:
    """A chain of twenty that waited 10 ms each would take 200 ms."""
    async with worker.connect() as client:
        await client.call("add_node", id="lab.add", uuid="n0")
        for number in range(1, 20):
            await client.call("add_node", id="lab.add", uuid=f"n{number}")
            ends = {
                "src_nid": f"n{number - 1}",
                "src_ioid": "sum",
                "trg_nid": f"n{number}",
                "trg_ioid": "left",
            }
            await client.call("add_edge", **ends)
        loop = asyncio.get_running_loop()
        times: list[float] = []
        for value in range(5):
            begun = loop.time()
            await client.call("set_io_value", nid="n0", ioid="left", value=value)
            await client.call("wait_idle")
            times.append(loop.time() - begun)
        assert await client.call("get_io_value", nid="n19", ioid="sum") == 24
    assert min(times) < 0.1
