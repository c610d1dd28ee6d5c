"""Shelves, the library, and the nodespace that uses them."""

from __future__ import annotations

import gc
import types
from typing import Any

import pytest
from funcnodes_core.exceptions import NodeClassNotFoundError, ShelfNotFoundError, ShelfTypeError
from funcnodes_core.lib import modules
from funcnodes_core.lib.modules import InstalledModule
from funcnodes_core.node import REGISTERED_NODES, PlaceHolderNode

import funcnodes_core as fn
from funcnodes_core import Library, NodeSpace, Shelf
from tests.core.graphs import add, fail, inc, nap, source


def tree() -> Shelf:
    """Return a shelf with one below."""
    return Shelf(
        name="top", description="all", nodes=[add, add], subshelves=[Shelf(name="below", nodes=[inc])]
    )


def test_shelves_compare_by_value_and_drop_repeats() -> None:
    """Order is kept."""
    assert tree() == tree()
    assert (tree().nodes, Shelf.from_dict({"name": "x"})) == ([add], Shelf("x"))
    assert fn.flatten_shelf(tree()) == ([add, inc], [tree(), Shelf(name="below", nodes=[inc])])
    checked = fn.check_shelf({"subshelves": [{"name": "b", "nodes": [inc]}]})
    assert (checked.name, checked.subshelves[0].shelf_id) == ("Unnamed Shelf", "Unnamed Shelf_b")
    with pytest.raises(ShelfTypeError):
        fn.check_shelf(Shelf(name="x", nodes=[int]))  # type: ignore[list-item]


def test_a_class_that_was_found_once_is_not_found_when_it_is_gone() -> None:
    """What was found is remembered; that it went, came anew or was lent is seen all the same."""
    library = Library()
    shelf = library.add_shelf(tree())
    inc_id = str(inc.node_id)
    assert [library.get_node_by_id(inc_id), library.has_node_id(inc_id)] == [inc, True]
    library.remove_nodeclass(inc)
    assert not library.has_node_id(inc_id)
    library.add_node(inc, ["top", "other"])
    assert library.get_node_by_id(inc_id) is inc
    library.remove_shelf_path(["top", "other"])
    assert not library.has_node_id(inc_id)
    library.add_node(inc, "top")
    assert library.get_node_by_id(inc_id) is inc
    shelf.nodes.remove(inc)
    assert not library.has_node_id(inc_id)
    lent = Shelf(name="lent", nodes=[inc])
    library.add_external_shelf(lent)
    assert library.get_node_by_id(inc_id) is inc
    lent.nodes.clear()
    assert not library.has_node_id(inc_id)
    library.remove_shelf(shelf)
    assert not library.has_node_id(str(add.node_id))


def test_the_library_merges_by_name_and_holds_its_classes() -> None:
    """Clearing the registry does not empty the shelves, and what was handed in is not changed."""
    library, mine = Library(), tree()
    library.add_shelf(mine)
    library.add_shelf(Shelf(name="top", nodes=[fail], subshelves=[Shelf(name="below", nodes=[source])]))
    assert (library.find_nodeid("tests.source"), mine) == ([["top", "below"]], tree())
    known = dict(REGISTERED_NODES)
    REGISTERED_NODES.clear()
    try:
        assert library.get_node_by_id("tests.add") is add
    finally:
        REGISTERED_NODES.update(known)
    library.remove_nodeclasses([inc, source])
    assert library.full_serialize()["shelves"][0]["subshelves"] == []
    with pytest.raises(NodeClassNotFoundError):
        library.get_node_by_id("tests.inc")
    library.add_node(inc, ["new", "deep"])
    library.remove_shelf_path(["new", "deep"])
    with pytest.raises(ShelfNotFoundError):
        library.get_shelf_by_path(["new", "deep"])


@pytest.mark.parametrize("wrong", [5, "tests.inc", lambda a: a, None])
def test_what_is_no_node_class_comes_on_no_shelf(wrong: Any) -> None:
    """Nor does the shelf that it was meant for."""
    library = Library()
    with pytest.raises(ShelfTypeError, match="on shelf 'deep' is no node class"):
        library.add_nodes([inc, wrong], ["top", "deep"])
    assert library.shelves == []


def test_lent_shelves_vanish_with_their_owner() -> None:
    """They are held weakly."""
    library, lent = Library(), tree()
    library.add_external_shelf(lent, mount="_external")
    assert library.find_nodeid("tests.inc") == [["_external", "top", "below"]]
    del lent
    gc.collect()
    assert library.shelves == []


def test_a_module_without_a_shelf_gets_one() -> None:
    """With every concrete node class in it."""
    module = types.ModuleType("tests_module")
    module.__dict__.update({"inc": inc, "Node": fn.Node, "x": 1})
    assert fn.module_to_shelf(module) == Shelf(name="tests_module", nodes=[inc])
    module.__dict__["NODE_SHELF"] = {"name": "declared", "nodes": [add]}
    assert fn.module_to_shelf(module) == Shelf(name="declared", nodes=[add])


def test_a_failing_module_does_not_break_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """Its error is logged with its name."""
    module = types.ModuleType("tests_broken")

    def setup() -> None:
        raise RuntimeError("broken setup")

    module.__dict__.update({"FUNCNODES_PLUGIN_SETUP": setup, "NODE_SHELF": tree()})
    entry = InstalledModule(name="tests_broken", module=module)
    assert modules.setup_module(entry)
    assert entry.entry_points["shelf"] == tree()
    assert "tests_broken" in caplog.text
    assert not modules.setup_module(InstalledModule(name="tests_module_that_is_not_there"))


def test_render_options_first_renderer_last_converter() -> None:
    """Types become names, in the module's own dictionary too."""
    options: dict[str, Any] = {
        "typemap": {int: "number", "tests.X": "first"},
        "inputconverter": {"tests.X": "a"},
    }
    fn.config.update_render_options(options)
    fn.config.update_render_options({"typemap": {"tests.X": "second"}, "inputconverter": {"tests.X": "b"}})
    fn.config.update_render_options("nonsense")
    known = fn.config.FUNCNODES_RENDER_OPTIONS
    assert (known["typemap"]["tests.X"], known["inputconverter"]["tests.X"]) == ("first", "b")
    assert options["typemap"] == {"tests.X": "first", "int": "number"}


def space_with_chain() -> NodeSpace:
    """Return a nodespace with two connected nodes."""
    space = NodeSpace()
    space.add_shelf(tree())
    a = space.add_node_by_id("tests.add", uuid="a")
    b = space.add_node_by_id("tests.inc", uuid="b", name="B")
    a.outputs["out"].connect(b.inputs["a"])
    a.inputs["a"].set_default(2)
    return space


async def test_a_nodespace_saved_and_opened() -> None:
    """Nodes, edges, properties, groups."""
    space = space_with_chain()
    space.set_property("p", [1])
    space.set_secret_property("files_dir", "/secret")
    group = space.groups.group_together(["a", "b"])
    saved = space.serialize()
    assert saved["edges"] == [["a", "out", "b", "a"]]
    assert saved["prop"] == {"p": [1]}
    assert saved["groups"] == {
        group: {"node_ids": ["a", "b"], "child_groups": [], "parent_group": None, "meta": {}}
    }

    other = NodeSpace()
    other.add_shelf(tree())
    other.deserialize(saved)
    other.get_node_by_id("a")["b"] = 3
    await other.await_done()
    assert other.get_node_by_id("b").outputs["out"].value == 6
    assert (space.get_property("files_dir"), other.get_property("files_dir")) == ("/secret", None)


async def test_unknown_classes_become_placeholders_that_keep_everything() -> None:
    """Ids, ports, edges and unknown words; saved again as they came."""
    raw = {
        "name": "Lost",
        "id": "x",
        "node_id": "gone.module",
        "node_name": "Gone",
        "io": {"q": {"is_input": True, "value": 4, "strange": 1}, "r": {"is_input": False}},
        "properties": {"frontend:pos": [3, 4]},
        "later": True,
    }
    data = space_with_chain().serialize()
    data["nodes"] = [*data["nodes"], raw]
    data["edges"] = [*data["edges"], ["b", "out", "x", "q"], ["x", "unseen", "a", "b"]]
    space = NodeSpace()
    space.add_shelf(tree())
    space.deserialize(data)
    lost = space.get_node_by_id("x")
    assert isinstance(lost, PlaceHolderNode)
    assert (lost.name, list(lost.inputs), lost.ready()) == ("Lost", ["q", "_triggerinput"], False)
    assert space.serialize()["nodes"][2] == raw
    assert sorted(space.serialize_edges()) == sorted(data["edges"])
    space.get_node_by_id("b")["a"] = 1
    await space.await_done()
    assert lost.run_state.run == 0


async def test_a_nodespace_tells_what_its_nodes_tell() -> None:
    """Added, removed, values, errors; and nothing is raised."""
    told: list[Any] = []
    space = NodeSpace()
    for event in ("node_added", "node_removed", "after_set_value", "node_trigger_error"):
        space.on(
            event, lambda event=event, **m: told.append((event, m["node"], m.get("io"), m.get("result")))
        )
    node = space.add_node_instance(fail(uuid="n"))
    node["a"] = -1
    await node
    assert space.remove_node_by_id("n") == "n"
    assert [
        (event, n if isinstance(n, str) else n["id"], io, result) for event, n, io, result in told[:3]
    ] == [
        ("node_added", "n", None, None),
        ("after_set_value", "n", "a", -1),
        ("node_trigger_error", "n", None, None),
    ]
    assert told[-1] == ("node_removed", "n", None, None)
    assert (space.nodes, space.remove_node_by_id("n")) == ([], None)
    await nap()


def test_groups_form_a_forest() -> None:
    """A node is in one group, empty groups go, cycles are refused."""
    groups = NodeSpace().groups
    outer = groups.add_group("outer", ["a", "b", "c"])
    inner = groups.group_together(["a", "b"], new_group_id="inner")
    assert (groups.get_group_ancestors(inner), groups.find_group_of_node("a")) == ([outer], inner)
    with pytest.raises(ValueError, match="below itself"):
        groups.set_group_parent(outer, inner)
    groups.ungroup_nodes(["a", "b"])
    assert list(groups.serialize()) == ["outer"]
    groups.group_together(["c"], new_group_id="deep")
    groups.remove_group("outer")
    assert groups.serialize() == {
        "deep": {"node_ids": ["c"], "child_groups": [], "parent_group": None, "meta": {}}
    }
