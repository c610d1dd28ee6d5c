"""Lines of the published protocol that no case says: what a published client reads of a node, and when.

The table in `docs/design/protocol-review.md` names the test for each line.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from funcnodes_worker.server.app import HOLD_S

from tests.support.worker_process import WorkerClient, WorkerProcess


@pytest.fixture(scope="module")
def packages() -> tuple[str, ...]:
    """What the tests of this file need."""
    return ("funcnodes-lab", "funcnodes-wire")


# 5.1, 5.3: what a node says of itself


async def test_a_node_says_what_its_class_says(worker: WorkerProcess) -> None:
    """Which output it shows large, what it is for, whether its inputs start anew; in each answer."""
    said = {
        "description": "Shows a picture.",
        "reset_inputs_on_trigger": True,
        "render_options": {"data": {"src": "shown", "type": "text"}},
    }
    async with worker.connect() as client, worker.connect() as other:
        shown = [await client.cmd("add_node", id="wire.picture", uuid="p")]
        shown += [data["node"] for data in await other.wait_for(lambda c: c.events("node_added"))]
        shown += [await client.cmd("get_node", id="p"), *(await client.cmd("get_nodes"))]
        shown += (await client.cmd("full_state"))["backend"]["nodes"]
        assert [{key: node.get(key) for key in said} for node in shown] == [said] * 5
        assert await client.cmd("update_node", nid="p", data={"description": said["description"]}) == {}

        mine = {"description": "", "reset_inputs_on_trigger": False}
        assert await client.cmd("update_node", nid="p", data=mine) == mine
        node = await client.cmd("get_node", id="p")
        assert {key: node[key] for key in mine} == mine


async def test_the_status_says_what_has_a_value_and_what_is_needed(worker: WorkerProcess) -> None:
    """An input that is not needed is ready without one; the trigger's output has a value after a run."""
    async with worker.connect() as client:
        await client.cmd("add_node", id="wire.picture", uuid="p")
        before = await client.cmd("get_node_status", nid="p")
        assert before["inputs"]["note"] == {
            "required": False, "has_value": False, "has_node": True, "ready": True, "connected": False,
        }  # fmt: skip
        assert before["ready_state"]["inputs"] == {
            "text": {"node": True, "value": False},
            "note": {"node": True, "value": False},
            "_triggerinput": {"node": True, "value": True},
        }
        assert (before["ready"], before["outputs"]["_triggeroutput"]["has_value"]) == (False, False)
        await client.cmd("set_io_value", nid="p", ioid="text", value="x")
        await client.call("wait_idle")
        after = await client.cmd("get_node_status", nid="p")
        assert after["outputs"]["_triggeroutput"]["has_value"] is True


# 6.1: progress


@pytest.mark.parametrize(("fail_at", "end"), [(9, "triggerdone"), (2, "node_trigger_error")])
async def test_a_progress_bar_is_taken_back_at_the_end(worker: WorkerProcess, fail_at: int, end: str) -> None:
    """However the run ends; nothing of it is told later."""
    async with worker.connect() as client:
        await client.cmd("add_node", id="wire.steps", uuid="s")
        await client.cmd("set_io_value", nid="s", ioid="fail_at", value=fail_at)
        await client.wait_for(lambda c: c.events(end) and prefixes(c)[-1:] == ["idle"])
        # Told after all that was to be told of the run.
        await client.cmd("add_node", id="lab.echo", uuid="e")
        await client.cmd("set_io_value", nid="e", ioid="value", value=1)
        await client.wait_for(lambda c: {"node": "e"} in c.events("triggerfast"))
        assert prefixes(client)[:1] == ["counting"]
        assert prefixes(client).index("idle") == len(prefixes(client)) - 1
        info = client.events("progress")[-1]["info"]
        assert (info["n"], info["total"]) == (0, None)
        assert info.keys() == client.events("progress")[0]["info"].keys()


def prefixes(client: WorkerClient) -> list[str]:
    """Return what the progress bars said, in order."""
    return [data["info"]["prefix"] for data in client.events("progress")]


# 4.3: update_node


async def test_a_node_s_fields_are_answered_as_they_are_now(worker: WorkerProcess) -> None:
    """Properties whole, for clients that replace what they know; an emptied name is the first one again."""
    async with worker.connect() as client:
        await client.cmd("add_node", id="lab.add", uuid="a", properties={"kept": 1})
        answer = await client.cmd("update_node", nid="a", data={"properties": {"new": 2}})
        assert answer == {"properties": {"kept": 1, "new": 2}}
        assert await client.cmd("update_node", nid="a", data={"name": "Mine"}) == {"name": "Mine"}
        assert await client.cmd("update_node", nid="a", data={"name": ""}) == {"name": "Add(a)"}
        refused = await client.cmd("update_node", nid="a", data={"properties": 5})
        assert refused["error"] == "'properties' is an object; nothing was changed"


# 5.4: choices


@pytest.mark.parametrize("word", ["r", "RED", "Color.RED"])
async def test_a_choice_is_understood_by_value_name_and_class(worker: WorkerProcess, word: str) -> None:
    """From a client and from a saved file; what is told is the raw value, which a select box shows."""
    saved = {"nodes": [{"id": "s", "node_id": "wire.paint", "io": {"color": {"default": word}}}], "edges": []}
    async with worker.connect() as client:
        await client.cmd("load_data", data={"backend": saved})
        await client.cmd("add_node", id="wire.paint", uuid="p")
        assert await client.cmd("set_io_value", nid="p", ioid="color", value=word, set_default=True) == "r"
        await client.call("wait_idle")
        for node in "sp":
            color = (await client.cmd("get_node", id=node))["io"][0]
            assert color["default"] == "r"
            assert color["value_options"]["options"]["values"] == ["r", "b"]
            assert await client.cmd("get_io_value", nid=node, ioid="color") == "r"
            assert (await client.cmd("get_ios_values", nid=node))["color"] == "r"
        assert await client.cmd("get_io_value", nid="p", ioid="out") == "1 of r"


# 2.4: the first frame

NEWS = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
"""Events and values: whichever comes first."""


async def test_the_first_frame_is_the_answer_to_the_first_message(worker: WorkerProcess) -> None:
    """A published manager reads exactly one frame, however busy the graph is; who only listens hears all."""
    async with worker.connect() as client, aiohttp.ClientSession(headers=worker.bearer) as http:
        await client.cmd("add_node", id="wire.ticks", uuid="t")
        await client.cmd("set_io_value", nid="t", ioid="go", value=True)
        async with http.ws_connect(worker.address) as silent:
            assert (await silent.receive(timeout=10)).type in NEWS
        async with asyncio.timeout(60):
            # Who takes longer than the worker holds its news is told of them: that would say nothing here.
            while True:
                begun = time.monotonic()
                async with http.ws_connect(worker.address) as manager:
                    await client.call("uuid")
                    seen = len(client.binary)
                    await client.wait_for(lambda c, seen=seen: len(c.binary) > seen + 1)
                    await manager.send_str('{"type": "cmd", "cmd": "uuid"}')
                    first = await manager.receive()
                    took = time.monotonic() - begun
                    then = await manager.receive()
                if took < HOLD_S:
                    break
        assert then.type in NEWS
        assert first.json() == {"type": "result", "result": worker.uuid, "id": None}
        await client.call("interrupt", node="t")


# 8: large messages and messages over HTTP


async def test_a_large_message_says_where_it_can_be_fetched(worker: WorkerProcess) -> None:
    async with worker.connect() as client, aiohttp.ClientSession() as http:
        await client.cmd("add_node", id="lab.echo", uuid="e", properties={"one": "x" * 600_000})
        await client.call("update_node", nid="e", data={"properties": {"two": "y" * 600_000}})
        await client.socket.send_str(
            json.dumps({"type": "cmd", "cmd": "get_node", "kwargs": {"id": "e"}, "id": "g"})
        )
        parked = await client.wait_for(
            lambda c: [one for one in c.pushed if one.get("type") == "large_message"]
        )
        assert parked[-1]["url"] == f"{worker.address}/message/{parked[-1]['msg_id']}"
        async with http.get(parked[-1]["url"]) as response:
            answer = await response.json()
        assert (answer["id"], answer["result"]["id"]) == ("g", "e")


@pytest.mark.parametrize(
    ("message", "status"), [('{"type": "ping"}', 200), ('{"type": "other"}', 200), ("{", 400)]
)
async def test_any_message_may_come_by_http(worker: WorkerProcess, message: str, status: int) -> None:
    """What is ignored on the socket is ignored here; only what cannot be read is refused."""
    headers = {**worker.bearer, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{worker.address}/message/", data=message) as response,
    ):
        assert response.status == status


# 3: the envelope


async def test_every_id_comes_back_as_it_was_sent(worker: WorkerProcess) -> None:
    """Any scalar; none is null. What is no command is ignored, and so are frames of bytes."""
    sent: list[Any] = ["text", 5, 1.5, True, None]
    async with worker.connect() as client:
        for message in ({"type": "other"}, {"no": "type"}, {"type": "result", "id": "text"}):
            await client.socket.send_str(json.dumps(message))
        await client.socket.send_bytes(b'{"type": "cmd", "cmd": "clear"}')
        for one in sent:
            await client.socket.send_str(json.dumps({"type": "cmd", "cmd": "uuid", "id": one}))
        await client.socket.send_str('{"type": "cmd", "cmd": "uuid"}')
        for broken in ({"cmd": "uuid", "kwargs": None}, {}):
            await client.socket.send_str(json.dumps({"type": "cmd", "id": "broken", **broken}))
        await client.call("uuid")
        answers = [one["id"] for one in client.pushed if one["type"] == "result"]
        assert list(zip(answers, map(type, answers), strict=True)) == [
            (one, type(one)) for one in [*sent, None]
        ]
        errors = [one for one in client.pushed if one["type"] == "error"]
        assert [(one["id"], one["tb"]) for one in errors] == [("broken", [])] * 2
        assert len(client.pushed) == len(answers) + len(errors)


# 8: uploads


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        (["a/b/c.txt"], "a/b/c.txt"),
        (["a/b/c.txt", "a/b/d/e.txt"], "a/b"),
        (["a/b/c.txt", "a/b2/c.txt"], "a"),
        (["a/x.txt", "q/y.txt"], "."),
        (["top.txt", "a/z.txt"], "."),
    ],
)
async def test_several_uploaded_files_are_answered_by_their_folder(
    worker: WorkerProcess, names: list[str], answer: str
) -> None:
    """The longest one they have in common."""
    form = aiohttp.FormData(quote_fields=False)
    for name in names:
        form.add_field("file", b"hi", filename=name)
    async with (
        aiohttp.ClientSession(headers=worker.bearer) as http,
        http.post(f"{worker.address}/upload/", data=form) as response,
    ):
        assert (await response.json())["file"] == answer
    assert all((worker.home.files / name).is_file() for name in names)


# 5.6, 5.8, 11: the library, groups, files


async def test_the_library_names_what_its_ids_do_not_say(worker: WorkerProcess) -> None:
    """No trigger pair, no name that is the id, and what the class says beyond the usual."""
    async with worker.connect() as client:
        shelves = (await client.cmd("get_library"))["shelves"]
    (shelf,) = [one for one in shelves if one["name"] == "Wire"]
    assert shelf.keys() == {"name", "description", "nodes", "subshelves"}
    picture = next(node for node in shelf["nodes"] if node["node_id"] == "wire.picture")
    assert picture == {
        "node_id": "wire.picture",
        "node_name": "Picture",
        "description": "Shows a picture.",
        "inputs": [{"uuid": name, "type": "str", "description": None} for name in ("text", "note")],
        "outputs": [{"uuid": "shown", "type": "str", "description": None}],
        "reset_inputs_on_trigger": True,
    }


async def test_a_group_of_groups_stands_below_what_is_around_all(worker: WorkerProcess) -> None:
    """A node is in one group; a group that holds nothing is gone; a place is told once it is set."""
    async with worker.connect() as client:
        for name in "abc":
            await client.cmd("add_node", id="lab.add", uuid=name)
        (outer,) = await client.cmd("group_nodes", node_ids=["a", "b", "c"], group_ids=[])
        inner = (await client.cmd("group_nodes", node_ids=["a", "b"], group_ids=[])).keys() - {outer}
        groups = await client.cmd("get_groups")
        assert groups[outer] == {
            "node_ids": ["c"], "child_groups": [*inner], "parent_group": None, "meta": {},
        }  # fmt: skip
        assert groups[min(inner)]["parent_group"] == outer
        for name in "ab":
            await client.cmd("remove_node", id=name)
        assert list(await client.cmd("get_groups")) == [outer]


async def test_files_of_a_worker_are_its_users_own(worker: WorkerProcess) -> None:
    async with worker.connect() as client:
        await client.cmd("save")
    files = [worker.home.nodespace_file, worker.home.config_file]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]


def test_the_table_of_lines_names_tests_that_are_there() -> None:
    """Each file, and each test in it."""
    page = Path("docs/design/protocol-review.md").read_text()
    named = re.findall(r"`([a-z_/]+\.py)(?:::(test_\w+))?`", page)
    assert len(named) > 80
    for file, test in named:
        text = (Path("tests") / file).read_text()
        assert not test or re.search(rf"def {test}\(", text), (file, test)
