"""Saved graphs of every published form are read; what nobody here understands is written back as it was."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.document.model import ClassRecord, PortRecord
from funcnodes_core.document.serialize import dump, load
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_config import PackageWish, read_worker_config, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.worker_process import make_worker, put_nodespace, running

CLASSES = {
    "lab.add": ClassRecord(
        class_id="lab.add",
        class_name="Add",
        ports=(
            PortRecord(id="left", type="float"),
            PortRecord(id="right", type="float", class_default=1),
            PortRecord(id="sum", is_input=False, type="float"),
        ),
    )
}
PLAIN: dict[str, Any] = {"id": "a", "node_id": "lab.add", "node_name": "Add", "name": "Sum"}


def through(saved: dict[str, Any]) -> dict[str, Any]:
    """A file as it is written back, after it was read, as text that another program reads."""
    return json.loads(json.dumps(dump(load(saved, CLASSES), CLASSES)))


def node_of(saved: dict[str, Any]) -> dict[str, Any]:
    return through(saved)["backend"]["nodes"][0]


def test_every_part_may_be_missing() -> None:
    for part in ({}, {"backend": {}}, {"view": {}}, {"meta": {}}, {"external_workers": {}}):
        assert through(part)["backend"]["nodes"] == []


def test_places_of_an_old_view_become_properties() -> None:
    view = {
        "nodes": {"a": {"pos": [1, 2], "size": [3, 4]}, "gone": {"pos": [0, 0]}},
        "renderoptions": {"t": 1},
    }
    out = through({"backend": {"nodes": [PLAIN], "edges": []}, "view": view})
    assert out["backend"]["nodes"][0]["properties"] == {"frontend:pos": [1, 2], "frontend:size": [3, 4]}
    assert out["view"] == {"renderoptions": {"t": 1}}


def test_a_place_in_the_properties_counts_more_than_one_in_the_view() -> None:
    node = {**PLAIN, "properties": {"frontend:pos": [9, 9]}}
    out = node_of({"backend": {"nodes": [node]}, "view": {"nodes": {"a": {"pos": [1, 2]}}}})
    assert out["properties"]["frontend:pos"] == [9, 9]


@pytest.mark.parametrize(
    "io",
    [
        {"left": {"is_input": True, "default": 4.5}, "sum": {"is_input": False}},
        [{"id": "left", "is_input": True, "default": 4.5}, {"id": "sum", "is_input": False}],
    ],
)
def test_ports_as_a_map_and_as_the_list_the_worker_sends(io: Any) -> None:
    out = node_of({"backend": {"nodes": [{**PLAIN, "io": io}]}})
    assert out["io"]["left"]["default"] == 4.5


def test_edges_without_an_end_are_skipped_and_kept() -> None:
    other = {**PLAIN, "id": "b"}
    edges = [["a", "sum", "b", "left"], ["a", "sum", "gone", "left"], ["a", "sum"], "nonsense"]
    out = through({"backend": {"nodes": [PLAIN, other], "edges": edges}})
    assert out["backend"]["edges"] == [["a", "sum", "b", "left"]]
    assert out["unreadable"]["edges"] == edges[1:]
    assert through(out) == out


def test_external_workers_as_bare_ids_and_as_objects_stay_as_they_are() -> None:
    external = {
        "labkit.pump": ["5d1e", {"uuid": "6e2f", "nodeclassid": "labkit.pump", "config": {"port": "COM3"}}]
    }
    assert through({"backend": {}, "external_workers": external})["external_workers"] == external


def test_requirements_and_unknown_keys_of_nodes_ports_groups_and_edges_stay() -> None:
    node = {
        **PLAIN,
        "requirements": [{"type": "nodeclass", "class": "labkit.pump", "id": "5d1e"}],
        "odd": {"deep": [1, None, {"x": True}]},
        "io": {"left": {"is_input": True, "strange": [1, 2]}, "left_over": {"is_input": True, "default": 7}},
    }
    saved = {
        "backend": {
            "nodes": [node],
            "groups": {"g": {"node_ids": ["a"], "child_groups": [], "parent_group": None, "colour": "red"}},
            "prop": {"files": 1},
            "someday": {"kept": True},
        },
        "future": [1, 2, {"three": None}],
    }
    out = through(saved)
    assert out["future"] == saved["future"]
    assert out["backend"]["someday"] == {"kept": True}
    assert out["backend"]["prop"] == {"files": 1}
    assert out["backend"]["groups"]["g"]["colour"] == "red"
    written = out["backend"]["nodes"][0]
    assert (written["requirements"], written["odd"]) == (node["requirements"], node["odd"])
    assert written["io"]["left"]["strange"] == [1, 2]
    assert written["io"]["left_over"]["default"] == 7


def test_a_node_of_a_missing_class_comes_back_letter_by_letter() -> None:
    node = {
        "zeta": 1, "name": "P", "id": "p", "node_id": "gone.away", "node_name": "Gone",
        "io": {"x": {"default": 4.5, "is_input": True, "odd": [1]}, "y": {"is_input": False}},
        "properties": {"frontend:pos": [1, 2]}, "alpha": None,
    }  # fmt: skip
    out = dump(load({"backend": {"nodes": [node]}}, CLASSES), CLASSES)
    assert json.dumps(out["backend"]["nodes"][0]) == json.dumps(node)


def junk(dice: random.Random, depth: int = 3) -> Any:
    """Return any JSON."""
    kind = dice.randrange(8 if depth else 5)
    if kind < 5:
        return [None, True, dice.randrange(-5, 5), dice.random(), dice.choice(["", "x", "ü", "a" * 9])][kind]
    if kind < 7:
        return [junk(dice, depth - 1) for _ in range(dice.randrange(3))]
    return {f"k{number}": junk(dice, depth - 1) for number in range(dice.randrange(3))}


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_unknown_goes_through_reading_and_writing_unchanged(seed: int) -> None:
    dice = random.Random(seed)
    nodes: list[dict[str, Any]] = [
        {
            "id": f"n{number}",
            "node_id": dice.choice(["lab.add", "gone.away"]),
            "node_name": "N",
            **{f"u{key}": junk(dice) for key in range(2)},
            "io": {
                port: {"is_input": True, f"w{dice.randrange(3)}": junk(dice)}
                for port in dice.sample(["left", "right", "more"], 2)
            },
        }
        for number in range(3)
    ]
    saved = {"backend": {"nodes": nodes, "edges": [], "later": junk(dice)}, "beyond": junk(dice)}
    out = through(json.loads(json.dumps(saved)))
    assert (out["beyond"], out["backend"]["later"]) == (saved["beyond"], saved["backend"]["later"])
    for before, after in zip(nodes, out["backend"]["nodes"], strict=True):
        for key, value in before.items():
            if key.startswith("u"):
                assert after[key] == value
        for port, said in before["io"].items():
            for key, value in said.items():
                if key.startswith("w"):
                    assert after["io"][port][key] == value
    # Written again, it is the same: nothing grows, nothing goes.
    assert through(out) == out


@pytest.mark.parametrize(
    ("old", "wishes"),
    [
        ({"shelves_dependencies": {"x": {"module": "old_shelf"}}}, {"old-shelf": None}),
        ({"shelves_dependencies": [{"module": "a_b", "package": "c", "version": "1"}]}, {"c": "1"}),
        ({"package_dependencies": {"p": {"package": "p", "version": ">=1"}}}, {"p": ">=1"}),
    ],
)
def test_old_settings_are_read_and_unknown_keys_stay(
    tmp_path: Path, old: dict[str, Any], wishes: dict[str, str | None]
) -> None:
    base = Base(tmp_path)
    prepare_base(base)
    home = WorkerHome(base, "w")
    text = {**old, "uuid": "w", "autostart": True, "python_path": "/usr/bin/python3", "nodespace_path": "x"}
    home.config_file.write_text(json.dumps(text))
    config = read_worker_config(home)
    assert config.package_dependencies == {
        name: PackageWish(name, version) for name, version in wishes.items()
    }
    assert config.autostart == "unless-stopped"
    write_worker_config(home, config)
    written = json.loads(home.config_file.read_text())
    assert (written["python_path"], written["nodespace_path"]) == ("/usr/bin/python3", "x")


async def test_a_worker_opens_an_old_file_and_saves_all_of_it(tmp_path: Path) -> None:
    saved = {
        "backend": {
            "nodes": [
                {**PLAIN, "io": {"left": {"is_input": True, "default": 40, "w": 1}}, "odd": [1]},
                {"id": "p", "node_id": "gone.away", "node_name": "Gone", "q": {"r": None}},
            ],
            "edges": [["a", "sum", "nowhere", "x"]],
            "later": {"x": 1},
        },
        "view": {"nodes": {"a": {"pos": [5, 6]}}},
        "beyond": "us",
    }
    home = make_worker(tmp_path)
    put_nodespace(home, saved)
    async with running(home) as worker, worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.value("a", "sum") == 41)
        out = await client.call("save")
        await client.call("load_data", data=out)
        assert await client.call("save") == out
    first, second = out["backend"]["nodes"]
    assert (first["odd"], first["io"]["left"]["w"], first["properties"]["frontend:pos"]) == ([1], 1, [5, 6])
    assert second["q"] == {"r": None}
    assert (out["beyond"], out["backend"]["later"]) == ("us", {"x": 1})
    assert out["unreadable"]["edges"] == [["a", "sum", "nowhere", "x"]]


async def test_a_worker_opens_a_file_with_parts_of_a_wrong_kind(tmp_path: Path) -> None:
    """It did not start: ports without a text as id, groups that hold no texts."""
    port = {"id": 5, "is_input": True}
    groups = {"g": {"node_ids": [[]]}, "h": {"child_groups": [{"a": 1}], "node_ids": ["a"]}}
    nodes = [PLAIN, {"id": "p", "node_id": "gone.away", "io": [port, {"id": "in"}]}]
    home = make_worker(tmp_path)
    put_nodespace(home, {"backend": {"nodes": nodes, "groups": groups}})
    async with running(home) as worker, worker.connect(subscribe=True) as client:
        grouped = await client.call("group_nodes", node_ids=["p"], group_ids=[])
        out = await client.call("save")
        assert "left out (2 of groups, 1 of ports)" in worker.log()
    assert sorted(group["node_ids"] for group in grouped.values()) == [["a"], ["p"]]
    assert list(out["backend"]["nodes"][1]["io"]) == ["in"]
    assert out["unreadable"] == {
        "ports": [{"node": "p", "io": [port]}],
        "groups": [{"g": groups["g"]}, {"h": groups["h"]}],
    }
