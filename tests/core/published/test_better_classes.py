"""Where node classes, shelves and files are better than those of the original: section 16 of the contract."""

# Class attributes of nodes are declared as authors write them.
# ruff: noqa: RUF012
from __future__ import annotations

import gc
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.lib.libfinder import find_shelf
from funcnodes_core.node import REGISTERED_NODES, PlaceHolderNode
from funcnodes_core.utils.saving import serialize_node_for_saving

import funcnodes_core as fn
from funcnodes_core import Library, Node, NodeDecorator, NodeInput, NodeOutput, NodeSpace, Shelf
from tests.core.graphs import add, inc


@NodeDecorator("tests.published.pretty", name="My pretty name!")
def pretty(a: int) -> int:
    return a


class Framed(Node):
    node_id = "tests.published.framed"
    default_render_options = {"io": {"out": {"type": "table"}}}
    zebra = NodeInput(id="zebra", type=int, default=1)
    ant = NodeInput(id="ant", type=int, default=1)
    out = NodeOutput(id="out", type=int)

    async def func(self, zebra: int, ant: int) -> None:
        self.outputs["out"].value = zebra + ant


async def test_a_workflow_with_a_missing_module_survives_being_saved() -> None:
    """Point 7: ids, edges and unknown words are in the file again, and live again with the module."""
    space = NodeSpace()
    space.add_node_instance(inc(uuid="a"))
    space.add_node_instance(add(uuid="b"))
    space.get_node_by_id("a").outputs["out"].connect(space.get_node_by_id("b").inputs["a"])
    saved = space.serialize()
    saved["nodes"][1] |= {"node_id": "tests.published.not_here", "strange": [1]}
    other = NodeSpace()
    other.deserialize(saved)
    assert isinstance(other.get_node_by_id("b"), PlaceHolderNode)
    again = other.serialize()
    assert (again["nodes"][1], again["edges"]) == (saved["nodes"][1], saved["edges"])


def test_render_options_of_one_node_reach_no_other() -> None:
    """Point 16: neither the class, nor later nodes, nor the dictionary that was handed in."""
    given: dict[str, Any] = {"io": {"out": {"type": "image", "deep": {"x": 1}}}}
    node = Framed(render_options=given)
    node.outputs["out"].render_options["deep"]["x"] = 2
    node.render_options["io"]["out"]["type"] = "svg"
    assert given == {"io": {"out": {"type": "image", "deep": {"x": 1}}}}
    assert Framed().outputs["out"].render_options == {"type": "table"}
    assert (Framed.out.render_options, Framed.default_render_options) == (
        {},
        {"io": {"out": {"type": "table"}}},
    )


def test_inherited_ports_keep_the_order_in_which_they_were_written() -> None:
    """Point 17: bases first, not by the alphabet, the trigger pair last."""

    class Below(Framed):
        node_id = "tests.published.below"
        bee = NodeInput(id="bee", type=int, default=1)

    assert list(Below().inputs) == ["zebra", "ant", "bee", "_triggerinput"]
    assert list(Below().outputs) == ["out", "_triggeroutput"]


def test_names_with_spaces_break_neither_pickling_nor_loading_again() -> None:
    """Point 18: a class is found by its id; the same module and name replace it silently."""
    assert pretty.__name__ == "My pretty name!Node"
    assert pickle.loads(pickle.dumps(pretty)) is pretty
    assert pickle.loads(pickle.dumps(Framed)) is Framed
    again = NodeDecorator("tests.published.pretty", name="My pretty name!")(pretty.o_func)  # type: ignore[attr-defined]
    try:
        assert REGISTERED_NODES["tests.published.pretty"] is again
    finally:
        REGISTERED_NODES["tests.published.pretty"] = pretty


async def test_shelves_outlive_a_cleared_registry() -> None:
    """Point 20: the library holds its classes, so they can be made, run and shown."""
    space = NodeSpace()
    space.add_shelf(Shelf(name="s", nodes=[inc]))
    known = dict(REGISTERED_NODES)
    REGISTERED_NODES.clear()
    try:
        node = space.add_node_by_id("tests.inc")
        node["a"] = 1
        await space.await_done()
        shown = space.lib.full_serialize()["shelves"][0]["nodes"]
        library = Library()
        library.add_node(inc, "later")
    finally:
        REGISTERED_NODES.update(known)
    assert (node.outputs["out"].value, [each["node_id"] for each in shown]) == (2, ["tests.inc"])
    assert library.find_nodeclass(inc) == [["later"]]


def test_half_made_objects_go_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """Point 22: no cleanup in `__del__`, so nothing to fail in it."""
    unraisable: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        for kind in (inc, Framed, NodeInput, NodeOutput, NodeSpace, fn.NodeClassMixin):
            kind.__new__(kind)  # type: ignore[type-abstract]
        with pytest.raises(TypeError):
            inc(no_such_word=1)
        gc.collect()
    finally:
        sys.unraisablehook = hook
    assert (unraisable, capsys.readouterr().err) == ([], "")


def test_looking_for_a_shelf_installs_and_rewrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 26: no program is started, `requirements.txt` stays, a specifier is read whole."""
    package = tmp_path / "tests_found_module"
    package.mkdir()
    (package / "__init__.py").write_text("NODE_SHELF = {'name': 'found'}\n")
    (package / "requirements.txt").write_text("funcnodes==0.1\n")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("os.system", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.delitem(sys.modules, "tests_found_module", raising=False)
    try:
        found = find_shelf(f"file://{package}")
        assert found is not None
        assert found[0].name == "found"
        assert find_shelf("pip://tests-not-installed") is None
        named = find_shelf("pip://tests_found_module>=1.0,<2@main")
        assert named is not None
        assert named[1]["module"] == "tests_found_module"
    finally:
        sys.modules.pop("tests_found_module", None)
    assert (package / "requirements.txt").read_text() == "funcnodes==0.1\n"


async def test_lent_shelves_are_listed_and_go(capsys: pytest.CaptureFixture[str]) -> None:
    """Point 27: asking for them touches nothing that is not there."""
    library, lent = Library(), Shelf(name="lent", nodes=[inc])
    told: list[Any] = []
    library.on("after_remove_shelf", lambda result, **_: told.append(result))
    library.add_subshelf_weak(lent, "workers", alias="mine")
    assert library.find_nodeid("tests.inc") == [["workers", "mine", "lent"]]
    assert library.full_serialize()["shelves"][0]["name"] == "workers"
    del lent
    gc.collect()
    assert (library.shelves, told, capsys.readouterr().err) == ([], [None], "")


async def test_misspelt_published_names_stay() -> None:
    """Point 30: `handeled`, `inti_call`, `interfere`, `seperate_thread`, `NODE_SHELFE`."""

    class Size(fn.DataEnum):
        SMALL = 1

    with pytest.warns(DeprecationWarning, match="separate_thread"):
        threaded = NodeDecorator("tests.published.seperate", seperate_thread=True)(lambda: 1)
    module = type(sys)("tests_shelfe")
    module.__dict__["NODE_SHELFE"] = {"name": "old"}
    assert (fn.Encdata(1, handeled=True).handeled, fn.BytesEncdata(b"", handeled=True).handeled) == (
        True,
        True,
    )
    assert (await inc.inti_call(a=1), Size.interfere("SMALL"), fn.module_to_shelf(module).name) == (
        2,
        Size.SMALL,
        "old",
    )
    assert threaded.run_plan.kind == "thread"
    assert serialize_node_for_saving(inc(uuid="n"))["id"] == "n"
