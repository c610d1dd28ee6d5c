"""Every basic node has the id, ports, types, defaults and options that published graphs and modules know."""

from typing import Any

import pytest

import funcnodes_basic
import funcnodes_core as fn
from funcnodes_basic import strings
from tests.basic.tree import TREE, node_class, nodes_of

NODES = list(nodes_of())
# Of the published node this input counts as filled by the text "<NoValue>". Here it may be empty, which is
# the same to graphs and clients.
MAY_BE_EMPTY = {("dict_pop", "default")}


def port_as_published(port: fn.NodeIO) -> dict[str, Any]:
    """Say of a port what the published list says: id, type, and what differs from the usual."""
    full = port.full_serialize()
    said = {"id": port.uuid, "type": full["type"]}
    usual: dict[str, Any] = {
        "default": fn.NoValue,
        "value_options": {},
        "render_options": {},
        "required": True,
        "does_trigger": True,
    }
    for key, value in usual.items():
        if (found := full.get(key, value)) is not value and found != value:
            said[key] = found
    return said


def shelf_as_published(shelf: fn.Shelf) -> dict[str, Any]:
    return {
        "name": shelf.name,
        "nodes": [cls.node_id for cls in shelf.nodes],
        "subshelves": [shelf_as_published(inner) for inner in shelf.subshelves],
    }


def outline(shelf: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": shelf["name"],
        "nodes": [node["node_id"] for node in shelf["nodes"]],
        "subshelves": [outline(inner) for inner in shelf["subshelves"]],
    }


def test_the_shelves_hold_the_published_nodes_in_their_order() -> None:
    ours = shelf_as_published(funcnodes_basic.SHELF)
    # The shelf that is ours alone stands behind the published ones.
    assert ours["subshelves"].pop() == {
        "name": "Flow",
        "nodes": ["flow.switch", "flow.map", "flow.feedback"],
        "subshelves": [],
    }
    assert ours == outline(TREE)
    assert len(NODES) == 179


@pytest.mark.parametrize("published", NODES, ids=lambda node: node["python"])
def test_a_node_has_the_published_ports(published: dict[str, Any]) -> None:
    """Ids, order, types, defaults, options, what triggers and what is required."""
    cls = node_class(published["python"])
    node = cls()

    assert cls.node_id == published["node_id"]
    for side, ports in (("inputs", node.inputs), ("outputs", node.outputs)):
        own = [port_as_published(port) for key, port in ports.items() if not key.startswith("_trigger")]
        for port in own:
            if (cls.node_id, port["id"]) in MAY_BE_EMPTY:
                assert port.pop("required") is False
        assert own == published[side]


def test_other_modules_offer_the_same_encodings() -> None:
    """funcnodes-pandas annotates a port of its own with this name."""

    @fn.NodeDecorator("tests.basic.reads_text")
    def reads_text(encoding: strings.POSSIBLE_DECODINGS_TYPE = "utf_8") -> str:
        return encoding

    offered = reads_text().inputs["encoding"].value_options
    assert offered == strings.string_decode().inputs["encoding"].value_options
    assert offered["options"]


def test_classes_say_the_same_as_their_instances() -> None:
    """A client builds the library panel from the class alone."""
    for published in NODES:
        said = node_class(published["python"]).serialize_cls()

        assert said["node_id"] == published["node_id"]
        for side in ("inputs", "outputs"):
            expected = [(port["id"], port["type"]) for port in published[side]]
            assert [(port["uuid"], port["type"]) for port in said[side]] == expected
        assert said.get("reset_inputs_on_trigger", False) == published.get("reset_inputs_on_trigger", False)


def test_nodes_have_a_name_and_a_sentence() -> None:
    """People find nodes by them."""
    classes = [node_class(published["python"]) for published in NODES]

    assert [cls.node_id for cls in classes if not cls.node_name or "_" in cls.node_name] == []
    sentences = {cls.node_id: (cls.description or "").rstrip() for cls in classes}
    assert [node for node, text in sentences.items() if not text.endswith((".", "!"))] == []


def test_names_within_a_shelf_differ() -> None:
    """Two nodes of one name in one list could not be told apart."""

    def check(shelf: fn.Shelf) -> None:
        names = [cls.node_name for cls in shelf.nodes]
        assert len(set(names)) == len(names)
        for inner in shelf.subshelves:
            check(inner)

    check(funcnodes_basic.SHELF)


def test_classes_can_be_found_where_they_say_they_live() -> None:
    """A traceback, a reload and a pickle look for the module."""
    homes = {node_class(node["python"]).__module__ for node in NODES}

    assert homes == {
        f"funcnodes_basic.{module}"
        for module in (
            "dataclass",
            "dicts",
            "input",
            "lists",
            "logic",
            "math_nodes",
            "pyobjects",
            "regex",
            "strings",
        )
    }
