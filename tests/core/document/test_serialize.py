"""A document is saved in the published shape, and what nobody here knows is saved back equal."""

import json
from typing import Any

import pytest
from funcnodes_core.document.apply import apply, apply_all
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import AddEdge, AddNode, SetDefault, SetPortOption, SetProperty, SetValue
from funcnodes_core.document.filling import fill_all, new_node, observe_ports
from funcnodes_core.document.model import ClassRecord, Document, Edge, NodeRecord, PortRecord
from funcnodes_core.document.serialize import Dumper, dump, load
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

SCALE = ClassRecord(
    class_id="demo.scale",
    class_name="Scale",
    ports=(
        PortRecord(id="left", type="float", class_default=1.0, value_options={"step": 1}),
        PortRecord(id="right", name="Right one", type="float", description="d", allow_multiple=True),
        PortRecord(id="out", is_input=False, type="float"),
    ),
)
CLASSES = {"demo.scale": SCALE}

# The sample of the published contract, with a plain trigger output as the original writes it.
PUBLISHED: dict[str, Any] = {
    "backend": {
        "nodes": [
            {
                "name": "Scale", "id": "n_a", "node_id": "demo.scale", "node_name": "Scale",
                "io": {
                    "left": {"is_input": True, "emit_value_set": True, "default": 4.5},
                    "out": {"is_input": False, "emit_value_set": True},
                    "_triggeroutput": {
                        "name": "➡", "is_input": False, "hidden": True, "emit_value_set": False,
                    },
                },
                "properties": {"frontend:pos": [10, 20], "frontend:size": [200, 100]},
            },
            {
                "name": "B", "id": "n_b", "node_id": "demo.scale", "node_name": "Scale",
                "io": {"left": {"is_input": True, "emit_value_set": True}},
            },
        ],
        "edges": [["n_a", "out", "n_b", "left"]],
        "prop": {},
        "groups": {},
    },
    "view": {"renderoptions": {"typemap": {}, "inputconverter": {}}},
    "meta": {"id": "0" * 32, "version": "2.4.0"},
    "external_workers": {"labkit.pump": [{"uuid": "5d1e", "running": True}]},
}  # fmt: skip


def text(saved: Any) -> str:
    """Compare as text: key order counts."""
    return json.dumps(saved)


def test_the_published_sample_is_read_with_what_its_class_says() -> None:
    document = load(PUBLISHED, CLASSES)

    assert list(document.nodes) == ["n_a", "n_b"]
    node = document.nodes["n_a"]
    assert (node.class_id, node.class_name, node.name) == ("demo.scale", "Scale", "Scale")
    assert list(node.ports) == ["left", "right", "out"]
    assert node.ports["left"] == PortRecord(
        id="left", type="float", class_default=1.0, default=4.5, value_options={"step": 1}
    )
    assert document.edges == (Edge("n_a", "out", "n_b", "left"),)
    assert node.properties["frontend:pos"] == [10, 20]


def test_a_file_of_known_classes_comes_back_with_all_its_ports_and_without_the_plain_trigger() -> None:
    saved = dump(load(PUBLISHED, CLASSES), CLASSES)

    node = saved["backend"]["nodes"][0]
    assert list(node) == ["name", "id", "node_id", "node_name", "io", "properties"]
    assert node["io"] == {
        "left": {"is_input": True, "emit_value_set": True, "default": 4.5},
        "right": {"name": "Right one", "is_input": True, "emit_value_set": True},
        "out": {"is_input": False, "emit_value_set": True},
    }
    assert {key: value for key, value in saved.items() if key != "backend"} == {
        key: value for key, value in PUBLISHED.items() if key != "backend"
    }
    assert load(saved, CLASSES) == load(PUBLISHED, CLASSES)


def test_a_file_whose_classes_are_all_missing_comes_back_the_same_text() -> None:
    assert text(dump(load(PUBLISHED, {}), {})) == text(PUBLISHED)


def test_a_placeholder_keeps_what_nobody_knows_also_while_it_is_edited() -> None:
    saved = {
        "backend": {
            "nodes": [
                {
                    "id": "p", "odd": {"b": 1, "a": 2}, "node_id": "gone",
                    "requirements": [{"type": "nodeclass"}],
                    "io": {"z": {"hidden": False, "strange": None, "default": "<NoValue>"}, "a": {}},
                    "description": None, "properties": {}, "reset_inputs_on_trigger": "yes",
                },
            ],
            "edges": [["p", "unlisted", "p", "z"]],
            "prop": {},
            "groups": {},
            "newer": [1],
        }
    }  # fmt: skip
    document = load(saved, CLASSES)
    assert text(dump(document, CLASSES)) == text(saved)

    edited = apply_all(document, [SetValue("p", "a", 3), SetProperty("p", "frontend:pos", [1, 2])])
    node: Any = saved["backend"]["nodes"][0]
    node["io"]["a"] = {"value": 3}
    node["properties"] = {"frontend:pos": [1, 2]}
    assert text(dump(edited, CLASSES)) == text(saved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PORT_KEYS = st.sampled_from(
    [
        "name",
        "type",
        "default",
        "value",
        "hidden",
        "required",
        "is_input",
        "emit_value_set",
        "value_options",
        "x",
    ]
)
NODE_KEYS = st.sampled_from(
    [
        "name",
        "node_name",
        "description",
        "render_options",
        "properties",
        "reset_inputs_on_trigger",
        "y",
        "order",
    ]
)


@given(st.data())
def test_any_placeholder_comes_back_the_same_text(data: st.DataObject) -> None:
    io = data.draw(st.dictionaries(st.text(max_size=4), st.dictionaries(PORT_KEYS, JSON), max_size=3))
    fixed = [("id", "p"), ("node_id", "gone"), ("io", io)]
    items = [*fixed, *data.draw(st.dictionaries(NODE_KEYS, JSON)).items()]
    node = dict(data.draw(st.permutations(items)))
    saved = {"backend": {"nodes": [node], "edges": [], "prop": {}, "groups": {}}}

    assert text(dump(load(saved, {}), {})) == text(saved)


def test_a_class_that_goes_and_comes_back_loses_nothing() -> None:
    document = load(PUBLISHED, CLASSES)
    without = dump(document, {})
    assert without["backend"]["nodes"][0]["io"]["left"]["type"] == "float"

    assert dump(load(without, CLASSES), CLASSES) == dump(document, CLASSES)


def test_a_placeholder_becomes_a_node_when_its_class_becomes_known() -> None:
    filled = fill_all(load(PUBLISHED, {}), CLASSES)

    assert (
        dump(filled, CLASSES)["backend"]["nodes"][1]
        == dump(load(PUBLISHED, CLASSES), CLASSES)["backend"]["nodes"][1]
    )
    assert list(filled.nodes["n_a"].ports)[:3] == ["left", "right", "out"]


def test_values_and_defaults_of_a_user_survive() -> None:
    node = new_node(SCALE, "n")
    document = apply_all(
        Document(),
        [
            AddNode(node),
            SetValue("n", "left", None),
            SetDefault("n", "right", [1]),
            SetValue("n", "right", 2),
        ],
    )
    saved = dump(document, CLASSES)

    assert saved["backend"]["nodes"][0]["io"]["left"] == {
        "is_input": True,
        "emit_value_set": True,
        "value": None,
    }
    assert load(saved, CLASSES) == document
    assert node.name == "Scale(n)"


def test_what_equals_the_class_is_left_out_and_numbers_keep_their_kind() -> None:
    document = apply_all(Document(), [AddNode(new_node(SCALE, "n")), SetDefault("n", "left", 1.0)])
    assert "default" not in dump(document, CLASSES)["backend"]["nodes"][0]["io"]["left"]

    for other in (1, True, "1.0"):
        changed = dump(apply(document, SetDefault("n", "left", other)), CLASSES)
        assert changed["backend"]["nodes"][0]["io"]["left"]["default"] is other


@pytest.mark.parametrize("port", ["_triggerinput", "_triggeroutput"])
def test_a_shown_trigger_port_is_saved_as_just_that(port: str) -> None:
    document = apply_all(
        Document(), [AddNode(new_node(SCALE, "n")), SetPortOption("n", port, "hidden", False)]
    )
    saved = dump(document, CLASSES)

    assert saved["backend"]["nodes"][0]["io"][port] == {"hidden": False}
    assert load(saved, CLASSES) == document


def test_places_of_old_files_move_into_properties_and_lose_to_newer_ones() -> None:
    saved = {
        "backend": {
            "nodes": [
                {"id": "a", "node_id": "x"},
                {"id": "b", "node_id": "x", "properties": {"frontend:pos": [9, 9]}},
            ]
        },
        "view": {
            "nodes": {"a": {"pos": [1, 2], "size": [3, 4], "collapsed": True}, "b": {"pos": [5, 6]}},
            "renderoptions": {},
        },
    }
    document = load(saved, {})

    assert document.nodes["a"].properties == {
        "frontend:pos": [1, 2],
        "frontend:size": [3, 4],
        "frontend:collapsed": True,
    }
    assert document.nodes["b"].properties == {"frontend:pos": [9, 9]}
    assert document.surroundings == {"view": {"renderoptions": {}}}


def test_every_part_of_a_file_may_be_missing() -> None:
    assert load({}, {}) == Document()
    assert load({"nodes": [{"id": "a", "node_id": "x"}], "edges": []}, {}).nodes["a"] == NodeRecord(
        id="a", class_id="x", order=("id", "node_id")
    )
    listed = load({"backend": {"nodes": [{"id": "a", "node_id": "x", "io": [{"id": "p", "value": 1}]}]}}, {})
    assert listed.nodes["a"].ports["p"].value == 1


def test_what_can_not_be_read_is_set_aside_in_the_file_once() -> None:
    saved = {
        "backend": {
            "nodes": [{"id": "a", "node_id": "x"}, {"name": "no id"}, 5],
            "edges": [["a", "o", "b", "i"], "?"],
        }
    }
    once = dump(load(saved, {}), {})
    assert once["unreadable"] == {"nodes": [{"name": "no id"}, 5], "edges": [["a", "o", "b", "i"], "?"]}

    assert dump(load(once, {}), {}) == once


def test_groups_are_read_and_lose_nodes_that_are_gone() -> None:
    group = {
        "node_ids": ["n_a", "gone"],
        "child_groups": [],
        "parent_group": None,
        "meta": {"c": 1},
        "position": [1, 2.5],
        "new": 1,
    }
    saved = {**PUBLISHED, "backend": {**PUBLISHED["backend"], "groups": {"g": group}}}
    again = dump(load(saved, CLASSES), CLASSES)

    assert again["backend"]["groups"] == {"g": {**group, "node_ids": ["n_a"]}}


def test_a_dumper_shares_what_did_not_change() -> None:
    document = load(PUBLISHED, CLASSES)
    dumper = Dumper()
    first = dumper.dump(document, CLASSES)
    changed = apply(document, SetProperty("n_b", "frontend:pos", [1, 1]))
    second = dumper.dump(changed, CLASSES)

    assert second["backend"]["nodes"][0] is first["backend"]["nodes"][0]
    assert second == dump(changed, CLASSES)
    assert dumper.dump(changed, {}) == dump(changed, {})


def test_an_observation_changes_facts_and_keeps_what_the_user_said() -> None:
    document = apply_all(Document(), [AddNode(new_node(SCALE, "n")), SetValue("n", "left", 5)])
    ports = document.nodes["n"].ports
    extra = PortRecord(id="extra", type="int")
    seen = [PortRecord(id="left", type="float", value_options={"max": 9}), ports["out"], extra]
    observed = observe_ports(document, "n", seen)

    assert list(observed.nodes["n"].ports) == ["left", "out", "extra"]
    assert observed.nodes["n"].ports["left"].value == 5
    assert observed.nodes["n"].ports["left"].value_options == {"max": 9}
    assert observed.nodes["n"].ports["left"].class_default == 1.0
    assert observe_ports(observed, "n", seen) is observed
    assert observe_ports(observed, "gone", seen) is observed
    wired = apply(observed, AddEdge(Edge("n", "out", "n", "extra")))
    assert load(dump(wired, CLASSES), CLASSES).nodes["n"].ports["extra"].type == "int"
    assert document.nodes["n"].ports["left"].description is UNSET
    known = wires_of(wired)
    assert wires_of(observe_ports(wired, "n", [extra])) is known


PAIR = ClassRecord(
    class_id="numpy.fix",
    class_name="Fix",
    ports=(
        PortRecord(id="x"),
        PortRecord(id="out", class_default=None, required=False),
        PortRecord(id="out", is_input=False, type="float"),
    ),
)


def test_an_input_and_an_output_of_one_id_are_both_kept() -> None:
    """Published nodes have them: `out` of `numpy.fix`."""
    classes = {**CLASSES, "numpy.fix": PAIR}
    made = apply_all(
        Document(),
        [
            AddNode(new_node(PAIR, "n")),
            AddNode(new_node(SCALE, "s")),
            SetValue("n", "out", [1]),
            SetPortOption("n", "out@output", "name", "whole"),
            AddEdge(Edge("n", "out", "s", "left")),
        ],
    )
    saved = json.loads(json.dumps(dump(made, classes)))

    assert {name: port.is_input for name, port in made.nodes["n"].ports.items()} == {
        "x": True,
        "out": True,
        "out@output": False,
    }
    assert load(saved, classes) == made
    without = load(saved, {})
    assert dump(without, {}) == saved, "a file without its class comes back as it was"
    assert [port.id for port in without.nodes["n"].ports.values()] == ["x", "out", "out"]
    assert fill_all(without, classes) == made


@pytest.mark.parametrize("entry", [{"is_input": True, "default": 3}, {"is_input": False, "hidden": True}])
def test_older_files_know_one_entry_for_both(entry: dict[str, Any]) -> None:
    """Its direction says whose words it holds."""
    node = {"id": "n", "node_id": "numpy.fix", "io": {"x": {}, "out": entry}}
    ports = load({"backend": {"nodes": [node]}}, {"numpy.fix": PAIR}).nodes["n"].ports

    assert list(ports) == ["x", "out", "out@output"]
    assert ports["out"].default == entry.get("default", UNSET)
    assert ports["out@output"].hidden == entry.get("hidden", UNSET)


def test_what_node_code_says_of_a_pair_is_kept_apart() -> None:
    document = apply_all(Document(), [AddNode(new_node(PAIR, "n")), SetValue("n", "out", 1)])
    seen = [PortRecord(id="out", name="in"), PortRecord(id="out", is_input=False, name="from")]

    ports = observe_ports(document, "n", seen).nodes["n"].ports

    assert [(key, port.name, port.value) for key, port in ports.items()] == [
        ("out", "in", 1),
        ("out@output", "from", UNSET),
    ]
