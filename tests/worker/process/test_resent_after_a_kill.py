"""Calls that are sent again to a worker that was killed meanwhile: the same answer, one effect."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from tests.support.worker_process import WorkerClient, make_worker, running, spawn


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": uuid4().hex, "method": method, "params": params}


def cmd(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": "cmd", "id": uuid4().hex, "cmd": name, "kwargs": kwargs}


def first_of(one: Any) -> dict[str, Any]:
    """Return a message, or the first one of a batch."""
    return cast("list[dict[str, Any]]", one)[0] if isinstance(one, list) else one


async def said(client: WorkerClient, call: Any) -> Any:
    """Return the answer to a frame as it is."""

    def is_answer(one: Any) -> bool:
        return first_of(one).get("id") == first_of(call)["id"]

    before = len(client.pushed)
    await client.socket.send_str(json.dumps(call))
    return await client.wait_for(lambda c: next((one for one in c.pushed[before:] if is_answer(one)), None))


def without_what_runs(answer: Any) -> Any:
    """Return an answer to `add_node` without what is of the moment: values and state of the living node."""
    if isinstance(answer, list):
        return cast("Any", answer)
    result: Any = answer.get("result")
    if isinstance(result, dict) and "node_id" in result:
        ports = cast("list[dict[str, Any]]", result["io"])
        io: list[Any] = [{**port, "value": None} for port in ports]
        shown: dict[str, Any] = {**result, "io": io, "status": None, "in_trigger": None}
        return {**answer, "result": shown}
    return answer


async def test_each_call_has_its_first_answer_and_one_effect(tmp_path: Path) -> None:
    """Whatever was made since: nodes named by the worker, removals, undo, a batch, a large value."""
    home = make_worker(tmp_path)
    worker = await spawn(home)
    calls: list[Any] = [
        rpc("add_node", id="lab.add"),
        cmd("add_node", id="lab.add", uuid="a"),
        rpc("add_node", id="lab.echo", uuid="e"),
        cmd("set_io_value", nid="a", ioid="left", value="7"),
        rpc("set_io_value", nid="e", ioid="value", value="x" * 100_000),
        cmd("update_node", nid="a", data={"name": "once"}),
        cmd("group_nodes", node_ids=["a", "e"]),
        [rpc("add_edge", src_nid="a", src_ioid="sum", trg_nid="e", trg_ioid="value"), rpc("uuid")],
        rpc("remove_node", id="e"),
        rpc("undo"),
        rpc("undo"),
        rpc("redo"),
        rpc("edit", edits=[{"kind": "set_value", "node": "a", "port": "right", "value": 3}]),
        rpc("set_io_value", nid="a", ioid="right", value=4),
        rpc("restore", revision=3),
        cmd("remove_node", id="a"),
    ]
    async with worker.connect() as client:
        await client.call("subscribe", author="me")
        answers = [await said(client, call) for call in calls]
        assert not [one for one in answers if "error" in one]
        known = await client.call("subscribe", author="me")
        worker.process.send_signal(signal.SIGKILL)
        await worker.process.wait()
    home.runstate_file.unlink()
    async with running(home) as worker, worker.connect() as client:
        await client.call("subscribe", author="me")
        again = [await said(client, call) for call in calls]
        for call, first, second in zip(calls, answers, again, strict=True):
            assert without_what_runs(second) == without_what_runs(first), call
        shown = await client.call("subscribe", author="me")
        assert (shown["epoch"], shown["revision"]) == (known["epoch"], known["revision"])
        assert shown["document"]["nodes"] == known["document"]["nodes"]
        # A call of its own, under an id that was used: it is made.
        other = {**calls[1], "kwargs": {"id": "lab.add", "uuid": "b"}}
        assert (await said(client, other))["revision"] == known["revision"] + 1
