"""An input and an output of one id, which node code may add: both are kept, shown and wired."""

from __future__ import annotations

from pathlib import Path

from tests.support.worker_process import document_on_disk, running_worker, spawn

KEY = "z@output"


async def test_both_live_in_a_worker_and_are_there_again_after_a_restart(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.pair", uuid="p")
        await client.call("add_node", id="lab.echo", uuid="e")
        await client.wait_for(lambda heard: heard.value("p", KEY) == 10)
        told = await client.wait_for(
            lambda heard: [one["ports"]["p"] for one in heard.notifications("feed") if "p" in one["ports"]]
        )
        assert [port["id"] for port in told[0]] == ["z", "z"]
        await client.call("set_io_value", nid="p", ioid="z", value=4)
        await client.call("add_edge", src_nid="p", src_ioid="z", trg_nid="e", trg_ioid="value")
        name = {"kind": "set_port_option", "node": "p", "port": KEY, "key": "name", "value": "tenfold"}
        await client.call("edit", edits=[name])
        await client.wait_for(lambda heard: heard.value("e", "out") == 40)

        assert (client.value("p", "z"), client.value("p", KEY)) == (4, 40)
        assert await client.call("get_io_value", nid="p", ioid=KEY) == 40
        full = await client.call("get_node", id="p")
        shown = [(port["id"], port["is_input"], port["name"]) for port in full["io"]]
        assert [port for port in shown if port[0] == "z"] == [("z", True, "z"), ("z", False, "tenfold")]
        await worker.end()
        home = worker.home

    document = document_on_disk(home)
    ports = document.nodes["p"].ports
    assert (ports["z"].value, ports[KEY].name) == (4, "tenfold")
    again = await spawn(home)
    try:
        async with again.connect(subscribe=True) as client:
            await client.wait_for(lambda heard: heard.value("e", "out") == 40)
    finally:
        await again.end()
