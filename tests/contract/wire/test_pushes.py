"""What clients are told without asking: the same deeds, heard in every dialect.

A case of `pushes.json` does something (`do`, each a method with its params) and lists what a client of each
dialect hears of it, in this order, other news between them passed over. A frame of bytes is read as its
header with the payload as `base64`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.wire.test_cases import PACKAGES, at, contains, filled, make_sure_it_ended
from tests.support.worker_process import Answer, WorkerClient, make_worker, spawn

PUSHES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("pushes.json").read_text())
DIALECTS = ("published", "documented", "jsonrpc")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_pushes(dialect: str, tmp_path: Path) -> None:
    worker = await spawn(make_worker(tmp_path, PACKAGES))
    query = "?events=documented" if dialect == "documented" else ""
    known: dict[str, Any] = {}
    try:
        async with worker.connect(query=query, subscribe=dialect == "jsonrpc") as hearer:
            async with worker.connect() as actor:
                for case in PUSHES:
                    await hears(hearer, actor, case, dialect, known)
            assert await worker.end() == 0
    finally:
        await make_sure_it_ended(worker)


async def hears(
    hearer: WorkerClient, actor: WorkerClient, case: dict[str, Any], dialect: str, known: dict[str, Any]
) -> None:
    """Fail unless the hearer is told what the case lists, in order."""
    result: Any = None
    hearer.pushed.clear()
    hearer.binary.clear()
    for method, params in case["do"]:
        try:
            result = await actor.call(method, **filled(params, known))
        except Answer:
            assert case.get("fails"), case["name"]
        else:
            assert not case.get("fails"), case["name"]
    for kept, path in case.get("keep", {}).items():
        known[kept] = at(result, path)
    wanted = filled(case[dialect], known)

    def missing(client: WorkerClient) -> list[Any]:
        left = list(wanted)
        for told in [*client.pushed, *map(read_frame, client.binary)]:
            if left and contains(told, left[0]):
                left.pop(0)
        return left

    try:
        await hearer.wait_for(lambda client: not missing(client), 10)
    except TimeoutError:
        pytest.fail(f"{case['name']}: not heard: {missing(hearer)}; heard: {hearer.pushed}")
    for unwanted in case.get(f"not {dialect}", []):
        assert not any(contains(told, unwanted) for told in hearer.pushed), (case["name"], unwanted)


def read_frame(frame: bytes) -> dict[str, str]:
    """Return the header of a published binary frame, and its payload."""
    head, _, body = frame.partition(b"\r\n\r\n")
    pairs = [part.strip().split("=") for part in head.decode("ascii").split(";")]
    assert all(len(pair) == 2 for pair in pairs), head
    return {**dict(pairs), "base64": base64.b64encode(body).decode()}


def test_every_push_has_a_case() -> None:
    """The events of the contract, 6.1 to 6.3 and 7, each at least once."""
    events = {one.get("event") or one.get("type") for case in PUSHES for one in case["published"]}
    assert events == {
        "node_added", "node_removed", "after_connect", "after_disconnect", "after_forward", "after_unforward",
        "after_update_value_options", "triggerstart", "triggerdone", "triggerfast", "node_trigger_error",
        "progress", "io_value", "after_set_value", "fullsync", "lib_update", "external_worker_update",
        "update_worker_dependencies",
    }  # fmt: skip
    said = {one.get("event") for case in PUSHES for one in case["documented"]}
    assert {"node_triggered", "node_done", "io_value_changed", "edge_added", "edge_removed"} <= said
    assert {one["method"] for case in PUSHES for one in case["jsonrpc"]} == {
        "edit", "feed", "library", "progress", "worker",
    }  # fmt: skip


async def test_the_end_is_told_in_every_dialect(tmp_path: Path) -> None:
    worker = await spawn(make_worker(tmp_path))
    try:
        async with (
            worker.connect() as published,
            worker.connect(query="?events=documented") as documented,
            worker.connect(subscribe=True) as ours,
        ):
            assert await published.call("stop_worker") is True
            for client in (published, documented):
                await client.wait_for(
                    lambda c: {"type": "workerevent", "event": "stopping", "data": {}} in c.pushed
                )
            await ours.wait_for(lambda c: {"event": "stopping"} in c.notifications("worker"))
            for client in (published, documented, ours):
                await client.wait_for(lambda c: c.socket.close_code == 1001)
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0
    finally:
        await make_sure_it_ended(worker)
