"""Facts of the contract about how modules are found and set up: section 11."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.lib import modules

import funcnodes_core as fn

SOURCE = """
import funcnodes_core as fn

ORDER = []

@fn.NodeDecorator("tests.module_facts")
def node(a: int) -> int:
    return a

NODE_SHELFE = fn.Shelf(name="misspelt", nodes=[node])
REACT_PLUGIN = {"js": ["a.js"]}
FUNCNODES_WORKER_CLASSES = [int]
FUNCNODES_RENDER_OPTIONS = {"typemap": {"tests.module_facts": "table"}}

def FUNCNODES_PLUGIN_SETUP():
    ORDER.append("plugin_setup")
    raise RuntimeError("my setup fails")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put a module without entry points but its own where Python finds it."""
    name = "tests_module_facts"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(SOURCE)
    information = tmp_path / f"{name}-0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (information / "entry_points.txt").write_text(f"[funcnodes.module]\nmodule = {name}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    known = dict(modules.AVAILABLE_MODULES)
    try:
        yield name
    finally:
        modules.AVAILABLE_MODULES.clear()
        modules.AVAILABLE_MODULES.update(known)
        sys.modules.pop(name, None)


def test_attributes_stand_in_for_entry_points_and_are_written_back(
    installed: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The misspelt shelf too; setup runs in its order, and what fails in it is logged."""
    seen: list[Any] = []

    def plugin(module: fn.plugins.InstalledModule) -> None:
        seen.append((list(sys.modules[installed].ORDER), module.render_options, list(module.entry_points)))

    entry = fn.setup()[installed]
    fn.plugins.register_setup_plugin(plugin)
    try:
        with caplog.at_level(logging.ERROR):
            shelf = fn.module_to_shelf(entry.load())
    finally:
        fn.plugins.PLUGIN_FUNCTIONS.pop(plugin.__module__)

    before = [one for one in seen if one[0]]
    assert before == [(["plugin_setup"], None, ["module", "plugin_setup"])]
    assert "plugin_setup of module tests_module_facts failed" in caplog.text
    assert "my setup fails" in caplog.text
    assert (shelf.name, [node.node_id for node in shelf.nodes]) == ("misspelt", ["tests.module_facts"])
    assert entry.entry_points["shelf"] is sys.modules[installed].NODE_SHELFE
    assert (entry.entry_points["external_worker"], entry.entry_points["react_plugin"]) == (
        [int],
        {"js": ["a.js"]},
    )
    assert entry.render_options == {"typemap": {"tests.module_facts": "table"}, "inputconverter": {}}
    assert set(entry.rep_dict["entry_points"]) >= {"module", "shelf", "external_worker", "react_plugin"}


def test_a_module_without_a_shelf_gets_one_of_its_classes() -> None:
    """10.1: named like the module, with every concrete node class found in it."""
    module = type(sys)("tests_shelfless")

    @fn.NodeDecorator("tests.shelfless")
    def node(a: int) -> int:
        return a

    vars(module).update({"node": node, "Node": fn.Node, "other": 7})
    shelf = fn.module_to_shelf(module)

    assert (shelf.name, shelf.nodes) == ("tests_shelfless", [node])
    assert fn.module_to_shelf(module, name="mine").name == "mine"


async def test_a_node_says_that_it_works() -> None:
    """4.1: `is_working` and `in_trigger` while its function runs, neither before nor after."""
    heard: list[tuple[bool, bool]] = []

    @fn.NodeDecorator("tests.working")
    def work(a: int, node: fn.Node) -> int:
        heard.append((node.is_working, node.in_trigger))
        return a

    node: Any = work()
    assert (node.is_working, node.in_trigger) == (False, False)
    node["a"] = 1
    await node
    assert (node.is_working, node.in_trigger) == (False, False)
    assert heard == [(True, True)]


def test_a_module_that_lacks_what_it_needs_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10.1: None is for a module that is not there; half a module is left nowhere."""
    name = "tests_module_that_lacks"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("import tests_not_there_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for place in (
        name,
        {"module": name},
        f"file://{tmp_path / name}",
        {"path": str(tmp_path), "module": name},
    ):
        with pytest.raises(ModuleNotFoundError, match="tests_not_there_at_all"):
            fn.find_shelf(place)
        assert name not in sys.modules
    for nowhere in ("tests_not_there_at_all", "tests_not_there_at_all.deeper", f"file://{tmp_path / 'no'}"):
        assert fn.find_shelf(nowhere) is None
