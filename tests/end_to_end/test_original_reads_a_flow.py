"""A flow exported here opens in the original, which has an environment of its own, and comes back."""

from __future__ import annotations

import base64
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.home.base import Base

import funcnodes
from benchmarks.original.environment import original as interpreter
from benchmarks.original.worker import Running, original, running
from tests.funcnodes.cli.conftest import running_manager
from tests.support.processes import make_base
from tests.support.running_system import funcnodes as command

# The original is installed from the registry, once for the machine.
pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(600)]

LIMIT_S = 60.0


def test_the_original_opens_our_flow_and_we_open_its(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes, values, wires, places, groups and files; it computes there, and here again."""
    # The original writes there whatever it is told by `--dir`.
    monkeypatch.delenv("FUNCNODES_CONFIG_DIR")
    base = Base(make_base(tmp_path / "base"))
    flow, back = tmp_path / "ours.fnw", tmp_path / "theirs.fnw"
    with running_manager(base):
        made = make_flow(base, flow)
        with running(original(interpreter()), tmp_path / "original") as peer:
            said = base64.b64encode(flow.read_bytes()).decode()
            assert peer.ask("update_from_export", data=said) is None
            seen = until_computed(peer, made["Second"])
            edges, groups = peer.ask("get_edges"), peer.ask("get_groups")
            [note] = [*peer.folder.rglob("note.txt")]
            text = note.read_text()
            back.write_bytes(base64.b64decode(peer.ask("export_worker", with_files=True)))
        again = open_again(base, back)

    assert seen["Second"] == {"a": 3.5, "b": 10, "out": 13.5, "class": "add_node", "place": [311, 22]}
    assert edges == [[made["First"], "out", made["Second"], "a"]]
    assert [group["node_ids"] for group in groups.values()] == [[made["First"]]]
    assert text == "mine"
    assert again == 13.5


def make_flow(base: Base, flow: Path) -> dict[str, str]:
    """Write a flow of two nodes, a group and a file; return the ids of the nodes by their names."""
    uuid = command(base.folder, "worker", "new", "--name", "maker", "--not-in-venv").strip()
    command(base.folder, "worker", "start", "maker")
    with funcnodes.connect("maker", base=base.folder) as worker:
        first, second = (worker.add_node("add_node", name=name) for name in ("First", "Second"))
        first.inputs["a"], first.inputs["b"], second.inputs["b"] = 1, 2.5, 10
        worker.add_edge(first, "out", second, "a")
        for node, place in ((first, [11, 22]), (second, [311, 22])):
            worker.call("update_node", nid=node.id, data={"properties": {"frontend:pos": place}})
        worker.call("group_nodes", node_ids=[first.id], group_ids=[])
    files = base.workers / f"worker_{uuid}" / "files"
    (files / "note.txt").write_text("mine")
    command(base.folder, "worker", "export", "maker", str(flow))
    with zipfile.ZipFile(flow) as archive:
        assert "files/note.txt" in archive.namelist()
    return {"First": first.id, "Second": second.id}


def until_computed(peer: Running, node: str) -> dict[str, Any]:
    """Return what the original shows of the nodes, once this one has its result."""
    deadline = time.monotonic() + LIMIT_S
    # Its answer to the import may come before its graph is there, and it has no word for "all has run".
    while True:
        nodes = {one["id"]: one for one in peer.ask("get_nodes", with_frontend=True)}
        if node in nodes and peer.ask("get_io_value", nid=node, ioid="out") == 13.5:
            break
        assert time.monotonic() < deadline, nodes
        time.sleep(0.1)
    return {one["name"]: shown(peer, one) for one in nodes.values()}


def shown(peer: Running, node: dict[str, Any]) -> dict[str, Any]:
    """Return a node's values, class and place."""
    values = {port: peer.ask("get_io_value", nid=node["id"], ioid=port) for port in ("a", "b", "out")}
    return {**values, "class": node["node_id"], "place": node["frontend"]["pos"]}


def open_again(base: Base, flow: Path) -> float:
    """Return what a flow of the original computes here; it saves no values, so they are given again."""
    command(base.folder, "worker", "open", str(flow), "--name", "back", "--not-in-venv", "--trust")
    with funcnodes.connect("back", base=base.folder) as worker:
        first, second = worker["First"], worker["Second"]
        first.inputs["a"], first.inputs["b"], second.inputs["b"] = 1, 2.5, 10
        worker.wait_idle()
        return float(second.outputs["out"].value)
