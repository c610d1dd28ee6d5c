"""Many values, many commands, many windows: nothing is lost, everything is in order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.support.worker_process import running_worker


async def test_a_fan_out_delivers_all_latest_values(tmp_path: Path) -> None:
    """One source feeds 1000 nodes: a client ends with the latest of all 1001 outputs."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.echo", uuid="source")
        nodes = [{"kind": "add_node", "node": {"id": f"n{i}", "class_id": "lab.add"}} for i in range(1000)]
        wires = [{"kind": "add_edge", "edge": ["source", "out", f"n{i}", "left"]} for i in range(1000)]
        await client.call("edit", edits=[*nodes, *wires])
        for value in range(20):
            await client.call("set_io_value", nid="source", ioid="value", value=value)
        latest: dict[str, object] = {}
        heard = 0

        def all_there(_: object) -> bool:
            nonlocal heard
            feeds = client.notifications("feed")
            for feed in feeds[heard:]:
                for node, ports in feed["values"].items():
                    for port in ("out", "sum"):
                        if port in ports:
                            latest[node] = ports[port] and ports[port].get("value")
            heard = len(feeds)
            return latest == {"source": 19, **{f"n{i}": 20 for i in range(1000)}}

        await client.wait_for(all_there, 30)


async def test_published_clients_get_the_latest_values_too(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        await client.cmd("add_node", id="lab.echo", uuid="source")
        for i in range(50):
            await client.cmd("add_node", id="lab.add", uuid=f"n{i}")
            await client.cmd("add_edge", src_nid="source", src_ioid="out", trg_nid=f"n{i}", trg_ioid="left")
        await client.cmd("set_io_value", nid="source", ioid="value", value=7)

        def all_there(_: object) -> bool:
            ends = {frame for frame in client.binary if frame.endswith(b"\r\n\r\n" + (8).to_bytes(8, "big"))}
            named = {part for frame in ends for part in frame.split(b";") if part.startswith(b"node=n")}
            return len(named) == 50

        await client.wait_for(all_there)


async def test_three_thousand_pipelined_commands_get_their_answers_in_order(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        await client.cmd("add_node", id="lab.add", uuid="a")
        futures = []
        for number in range(3000):
            kwargs = {"nid": "a", "ioid": "left", "value": number}
            name = "set_io_value" if number % 3 else "get_node_status"
            message = {"type": "cmd", "cmd": name, "kwargs": kwargs if number % 3 else {"nid": "a"}}
            futures.append(client.begin(message))
            await client.socket.send_str(json.dumps(message))
        answers = await asyncio.wait_for(asyncio.gather(*futures), 60)
        assert [a["type"] for a in answers] == ["result"] * 3000
        assert [a["result"] for i, a in enumerate(answers) if i % 3] == [i for i in range(3000) if i % 3]


async def test_the_reply_comes_before_the_event_in_every_dialect(tmp_path: Path) -> None:
    """The caller, subscribed or not, hears its answer first; the other window hears the event."""
    async with (
        running_worker(tmp_path) as worker,
        worker.connect() as published,
        worker.connect(subscribe=True) as ours,
    ):
        order: list[str] = []
        sort = published._sort

        def note(message: dict[str, object]) -> None:
            order.append(str(message.get("event") or message["type"]))
            sort(message)

        published._sort = note  # type: ignore[method-assign]
        await published.cmd("add_node", id="lab.add", uuid="a")
        await published.wait_for(lambda c: c.events("node_added"))
        assert order[:2] == ["result", "node_added"]
        await ours.wait_for(lambda c: c.notifications("edit"))
        (edit,) = ours.notifications("edit")
        assert (edit["revision"], edit["edits"][0]["kind"]) == (1, "add_node")
        result = await ours.call("edit", edits=[{"kind": "remove_node", "id": "a"}])
        assert result == {"revision": 2}
        await published.wait_for(lambda c: c.events("node_removed"))


async def test_a_client_resumes_where_it_left(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as other:
        await other.cmd("add_node", id="lab.add", uuid="first")
        async with worker.connect() as client:
            first = await client.call("subscribe", author="window-1")
        await other.cmd("add_node", id="lab.add", uuid="a")
        await other.cmd("add_node", id="lab.add", uuid="b")
        since = {"epoch": first["epoch"], "revision": first["revision"]}
        async with worker.connect() as client:
            again = await client.call("subscribe", since=since, author="window-1")
            assert again["document"] is None
            assert [e["edits"][0]["node"]["id"] for e in again["edits"]] == ["a", "b"]
            assert again["author"] == "window-1"
            unknown = await client.call("subscribe", since={"epoch": "another", "revision": 1})
            assert set(unknown["document"]["nodes"]) == {"first", "a", "b"}


async def test_who_was_away_while_node_code_changed_a_port_sees_the_change(tmp_path: Path) -> None:
    """It is no edit, so the missed edits alone would leave the old choices on that screen."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as other:
        await other.call("add_node", id="lab.offer", uuid="o")
        async with worker.connect() as client:
            first = await client.call("subscribe")
        await other.call("set_io_value", nid="o", ioid="choices", value=["red", "blue"])
        await other.wait_for(lambda c: c.value("o", "choice") == "red")
        since = {"epoch": first["epoch"], "revision": first["revision"]}
        async with worker.connect() as client:
            again = await client.call("subscribe", since=since)
            choice = again["document"]["nodes"]["o"]["ports"]["choice"]
            assert (choice["value"], choice["value_options"]["options"]) == ("red", ["red", "blue"])


async def test_a_window_that_hears_everything_does_not_hold_up_another(tmp_path: Path) -> None:
    """Each has an outbox of its own; edits reach the second window whole and in order."""
    async with running_worker(tmp_path) as worker, worker.connect() as busy:
        await busy.cmd("add_node", id="lab.echo", uuid="a")
        async with worker.connect() as sleepy:
            await sleepy.call("subscribe")
            for number in range(200):
                await busy.cmd("set_io_value", nid="a", ioid="value", value=number)
            await sleepy.wait_for(lambda c: len(c.notifications("edit")) == 200)
            values = [edit["edits"][0]["value"] for edit in sleepy.notifications("edit")]
            assert values == list(range(200))
        assert await busy.cmd("get_io_value", nid="a", ioid="value") == 199
