"""Undo, redo, history, restore as clients of a real worker see them: across reconnect, restart, epochs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker_process import (
    Answer,
    WorkerClient,
    WorkerProcess,
    assert_disk_is_the_graph,
    make_worker,
    put_nodespace,
    running_worker,
    spawn,
)


@contextlib.asynccontextmanager
async def window(worker: WorkerProcess, author: str) -> AsyncGenerator[WorkerClient]:
    """Give the window of one person."""
    async with worker.connect() as client:
        await client.call("subscribe", author=author)
        yield client


def put(value: Any, port: str = "left", node: str = "a") -> dict[str, Any]:
    return {"kind": "set_value", "node": node, "port": port, "value": value}


async def value_of(client: WorkerClient, port: str = "left", node: str = "a") -> Any:
    document = (await client.call("subscribe"))["document"]
    return document["nodes"][node]["ports"][port].get("value")


async def test_undo_and_redo_change_the_graph_and_are_told_to_everybody(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann, window(worker, "bob") as bob:
        await ann.call("add_node", id="lab.add", uuid="a")
        await ann.call("edit", edits=[put(40)])
        await ann.wait_for(lambda c: c.value("a", "sum") == 41)

        answer = await ann.call("undo")
        assert answer == {"revision": 3, "undone": 2, "title": "set `left` of Add to 40"}
        await bob.wait_for(lambda c: len(c.notifications("edit")) == 3)
        assert bob.notifications("edit")[2] == {
            "revision": 3,
            "author": "ann",
            "edits": [{"kind": "set_value", "node": "a", "port": "left"}],
        }
        assert await ann.call("redo") == {"revision": 4, "redone": 2, "title": "set `left` of Add to 40"}
        assert await value_of(ann) == 40
        with pytest.raises(Answer, match="nothing to redo") as refusal:
            await ann.call("redo")
        assert (refusal.value.code, refusal.value.kind) == (-32000, "NothingToRedo")


async def test_what_another_window_built_upon_is_not_undone(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann, window(worker, "bob") as bob:
        await ann.call("add_node", id="lab.add", uuid="a")
        await bob.call("edit", edits=[put(7)])
        with pytest.raises(Answer, match="somebody else's later change “set `left` of Add to 7”") as refusal:
            await ann.call("undo")
        assert (refusal.value.code, refusal.value.kind) == (-32000, "BuiltUpon")
        assert await value_of(ann) == 7
        await ann.call("undo", all=True)
        await ann.call("undo")
        assert (await ann.call("subscribe"))["document"] == (await bob.call("subscribe"))["document"]
        assert await ann.call("get_nodes") == []


async def test_an_undo_takes_back_a_redo_of_somebody_elses_step(worker: WorkerProcess) -> None:
    """It was refused for ever, and so was everything of one's own before it."""
    async with window(worker, "alice-redoes") as alice, window(worker, "bob-redone") as bob:
        await alice.call("add_node", id="lab.add", uuid="a")
        set_by_bob = (await bob.call("edit", edits=[put(7)]))["revision"]
        await bob.call("undo")
        for by_revision in (False, True):
            redone = (await alice.call("redo", all=True))["revision"]
            assert await value_of(bob) == 7
            with pytest.raises(Answer, match=rf"your own later change .*\(revision {redone}\)"):
                await alice.call("undo", revision=set_by_bob - 1)
            undone = await alice.call("undo", **({"revision": redone} if by_revision else {}))
            assert undone["undone"] == set_by_bob
            assert await value_of(bob) is None
        await alice.call("undo")
        assert await bob.call("get_nodes") == []
        with pytest.raises(Answer, match="nothing to undo"):
            await alice.call("undo")


async def test_undo_reaches_back_across_reconnect_and_kill_9(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        await ann.call("edit", edits=[put(1)])
        await ann.call("edit", edits=[put(2, "right")])
        await ann.call("undo")
    async with window(worker, "ann") as ann:
        await ann.call("undo")
        worker.process.send_signal(signal.SIGKILL)
    await worker.process.wait()
    home.runstate_file.unlink()

    worker = await spawn(home)
    async with window(worker, "bob") as bob:
        with pytest.raises(Answer, match="nothing to undo"):
            await bob.call("undo")
    async with window(worker, "ann") as ann:
        assert (await ann.call("redo"))["redone"] == 2
        assert (await ann.call("redo"))["redone"] == 3
        assert (await value_of(ann), await value_of(ann, "right")) == (1, 2)
        for _ in range(3):
            await ann.call("undo")
        assert await ann.call("get_nodes") == []
        steps = (await ann.call("history"))["steps"]
        assert [(step["kind"], step["undone"]) for step in steps if step["kind"] == "edit"] == [
            ("edit", True),
            ("edit", True),
            ("edit", True),
        ]
    await end(worker)


async def end(worker: WorkerProcess) -> None:
    await assert_disk_is_the_graph(worker)
    assert await worker.end() == 0, worker.log()


async def test_a_drag_is_one_step_and_every_move_of_it_is_on_disk(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        moves = [
            ann.call(
                "edit", edits=[{"kind": "set_property", "node": "a", "key": "frontend:pos", "value": [n, n]}]
            )
            for n in range(40)
        ]
        revisions = [answer["revision"] for answer in await asyncio.gather(*moves)]
        assert revisions == list(range(2, 42))
        page = await ann.call("history")
        assert [(s["first"], s["revision"], s["title"]) for s in page["steps"]] == [
            (2, 41, "moved Add"),
            (1, 1, "added Add"),
        ]
        assert (await ann.call("undo"))["undone"] == 41
        document = (await ann.call("subscribe"))["document"]
        assert "frontend:pos" not in document["nodes"]["a"].get("properties", {})


async def test_an_undo_sent_again_with_its_id_undoes_once_and_one_behind_an_edit_waits_for_it(
    tmp_path: Path,
) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        await ann.call("edit", edits=[put(1)])
        # In one go: the undo takes back the edit before it, never the one behind it.
        messages = [
            {"jsonrpc": "2.0", "id": "e1", "method": "edit", "params": {"edits": [put(2, "right")]}},
            {"jsonrpc": "2.0", "id": "u1", "method": "undo", "params": {}},
            {"jsonrpc": "2.0", "id": "u1", "method": "undo", "params": {}},
            {"jsonrpc": "2.0", "id": "e2", "method": "edit", "params": {"edits": [put(5, "right")]}},
        ]
        for message in messages:
            await ann.socket.send_str(json.dumps(message))
        await ann.wait_for(lambda c: any(one.get("id") == "e2" for one in c.pushed))
        answers = [one for one in ann.pushed if one.get("id") in ("e1", "u1", "e2")]
        assert [one["result"]["revision"] for one in answers] == [3, 4, 4, 5]
        assert answers[1] == answers[2]
        assert answers[1]["result"]["undone"] == 3
        assert (await value_of(ann), await value_of(ann, "right")) == (1, 5)


async def test_history_is_read_in_pages_by_author(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann, window(worker, "bob") as bob:
        await ann.call("add_node", id="lab.add", uuid="a")
        for number in range(4):
            await (ann if number % 2 else bob).call("edit", edits=[put(number)])
        page = await ann.call("history", limit=2)
        assert [(s["revision"], s["author"], s["title"]) for s in page["steps"]] == [
            (5, "ann", "set `left` of Add to 3"),
            (4, "bob", "set `left` of Add to 2"),
        ]
        assert page["more"]
        assert page["revision"] == 5
        rest = await ann.call("history", before=4, author="bob")
        assert [s["revision"] for s in rest["steps"]] == [2]
        assert not rest["more"]
        assert [(one["first"], one["last"], one["current"]) for one in page["epochs"]] == [(0, 5, True)]
        with pytest.raises(Answer, match="'history'"):
            await ann.call("history", limit=10_000)


async def test_an_earlier_graph_is_restored_and_that_is_undone_like_anything(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        await ann.call("edit", edits=[put(40)])
        then = (await ann.call("subscribe"))["document"]
        await ann.call("edit", edits=[put(50)])
        await ann.call("remove_node", id="a")
        now = (await ann.call("subscribe"))["document"]

        assert await ann.call("restore", revision=2) == {"revision": 5, "restored": 2}
        assert (await ann.call("subscribe"))["document"] == then
        await ann.wait_for(lambda c: c.value("a", "sum") == 41)
        assert (await ann.call("history", limit=1))["steps"][0]["kind"] == "restore"
        await ann.call("undo")
        assert (await ann.call("subscribe"))["document"] == now
        with pytest.raises(Answer, match="does not reach revision 99"):
            await ann.call("restore", revision=99)


async def test_a_revision_far_ahead_is_refused_at_no_cost(tmp_path: Path) -> None:
    """Every revision up to the one asked for was put into a list: 17 GB for a milliard."""
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        with pytest.raises(Answer, match="does not reach revision 1000000000000 "):
            await ann.call("restore", revision=10**12)
        with pytest.raises(Answer, match=r"at `\$.revision`"):
            await ann.call("restore", revision=2**63)
        assert await ann.call("restore", revision=0) == {"revision": 2, "restored": 0}


async def test_the_history_before_a_replaced_file_can_be_restored(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        await ann.call("edit", edits=[put("x" * 100_000)])
        await ann.call("edit", edits=[put(40, "right")])
        old = (await ann.call("history"))["epoch"]
    await end(worker)
    put_nodespace(home, {"backend": {"nodes": [], "edges": []}})

    worker = await spawn(home)
    async with window(worker, "ann") as ann:
        assert await ann.call("get_nodes") == []
        page = await ann.call("history")
        assert [(one["epoch"], one["reason"]) for one in page["epochs"]] == [
            (old, "new"),
            (page["epoch"], "replaced"),
        ]
        assert page["steps"] == []
        lines = (await ann.call("history", epoch=old))["steps"]
        assert [line["title"] for line in lines] == [
            "set `right` of Add to 40",
            "set `left` of Add to a large value",
            "added Add",
        ]
        await ann.call("restore", revision=3, epoch=old)
        assert await value_of(ann, "right") == 40
        await ann.call("restore", revision=2, epoch=old)
        whole = await ann.call("get_io_full_value", nid="a", ioid="left")
        assert len(whole["data"]) > 100_000
        with pytest.raises(Answer, match="no epoch 'zzz'"):
            await ann.call("restore", revision=1, epoch="zzz")
        with pytest.raises(Answer, match="no epoch 'zzz'"):
            await ann.call("history", epoch="zzz")
    await end(worker)


async def test_the_published_envelope_reaches_the_same_methods(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        await client.cmd("add_node", id="lab.add", uuid="a")
        before = await client.cmd("get_node", id="a")
        await client.cmd("set_io_value", nid="a", ioid="left", value=3, set_default=True)
        assert (await client.cmd("history"))["steps"][0]["title"] == "set `left` of Add to 3"
        assert (await client.cmd("undo"))["undone"] == 2
        assert (await client.cmd("get_node", id="a"))["io"] == before["io"]
        assert (await client.cmd("undo", revision=2))["type"] == "error"


async def test_a_graph_put_in_place_of_another_shows_no_value_of_the_one_before(tmp_path: Path) -> None:
    """Nodes of the same ids: what was shown of them was said by nodes that are no longer there."""
    async with running_worker(tmp_path) as worker, window(worker, "ann") as ann:
        await ann.call("add_node", id="lab.add", uuid="a")
        fresh = (await ann.call("subscribe"))["document"]
        await ann.call("edit", edits=[put(40)])
        await ann.wait_for(lambda c: c.value("a", "sum") == 41)
        await ann.call("edit", edits=[{"kind": "replace_graph", "document": fresh}])
        assert await ann.call("get_io_value", nid="a", ioid="sum") in (None, "<NoValue>")
        feed = (await ann.call("subscribe"))["feed"]
        assert feed["values"].get("a", {}).get("sum") is None

        await ann.call("edit", edits=[put(1)])
        await ann.wait_for(lambda c: c.value("a", "sum") == 2)
        node = fresh["nodes"]["a"]
        await ann.call("edit", edits=[{"kind": "remove_node", "id": "a"}, {"kind": "add_node", "node": node}])
        await ann.call("get_io_value", nid="a", ioid="sum")
        feed = (await ann.call("subscribe"))["feed"]
        assert feed["values"].get("a", {}).get("sum") is None


async def test_a_large_value_comes_back_whole_by_undo_and_is_there_after_a_restart(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with window(worker, "ann") as ann, window(worker, "bob") as bob:
        await ann.call("add_node", id="lab.echo", uuid="a")
        await ann.call("edit", edits=[put("x" * 100_000, "value")])
        await bob.call("edit", edits=[put(1, "value")])
        await bob.call("save")
        await bob.call("undo")
        assert len((await ann.call("get_io_full_value", nid="a", ioid="value"))["data"]) > 100_000
    await end(worker)
    worker = await spawn(home)
    async with window(worker, "ann") as ann:
        assert len((await ann.call("get_io_full_value", nid="a", ioid="value"))["data"]) > 100_000
    await end(worker)
