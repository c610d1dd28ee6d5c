"""Facts of the contract about shelves, nodespaces, groups, settings, logging, test tools: 10, 12, 13."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.exceptions import NodeClassNotFoundError, ShelfError
from funcnodes_core.groups import NodeGroups
from funcnodes_core.node import REGISTERED_NODES
from funcnodes_core.utils.deprecations import FuncNodesDeprecationWarning

import funcnodes_core as fn
from funcnodes_core import Library, NodeSpace, Shelf, _logging
from tests.core.graphs import add, fail, inc, source


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a base folder of the test's own."""
    config = fn.config
    monkeypatch.setenv("FUNCNODES_CONFIG_DIR", str(tmp_path / "base"))
    monkeypatch.chdir(tmp_path)
    before = config._BASE_CONFIG_DIR
    config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = tmp_path / "base", True
    try:
        yield tmp_path / "base"
    finally:
        fn.Node.default_pretrigger_delay = 0.0
        # Read from a `.env`, so monkeypatch knows nothing of it.
        os.environ.pop("FUNCNODES_DEFAULT_PRETRIGGER_DELAY", None)
        config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = before, True


def test_shelves_are_checked_all_the_way_down() -> None:
    """10.1: ids, parents, missing keys; the same class may stand on several."""
    shelf = fn.check_shelf({"name": "a", "subshelves": [{"nodes": [inc]}, {"name": "c", "nodes": [inc]}]})
    assert [(each.shelf_id, each.parent_shelf) for each in fn.flatten_shelf(shelf)[1]] == [
        ("a", None),
        ("a_Unnamed Shelf", "a"),
        ("a_c", "a"),
    ]
    assert fn.flatten_shelves([shelf, Shelf("d", nodes=[add])])[0] == [inc, inc, add]
    assert Shelf("n", "words", [inc], [Shelf("m")]) == Shelf(
        name="n", description="words", nodes=[inc], subshelves=[Shelf(name="m")]
    )
    with pytest.raises(KeyError):
        Shelf.from_dict({"nodes": []})
    assert fn.lib.get_node_in_shelf(Shelf("d", nodes=[add, inc]), "tests.inc") == (1, inc)
    assert fn.lib.serialize_shelf(Shelf("e", "words")) == {
        "name": "e",
        "description": "words",
        "nodes": [],
        "subshelves": [],
    }


def test_the_library_tells_and_its_errors_have_a_family() -> None:
    """10.2: events after each change; `ShelfError`s are `ValueError`s."""
    library, told = Library(), list[str]()
    library.on("*", lambda event, **_: told.append(event))
    shelf = library.add_shelf(Shelf("s", description="one", nodes=[inc]))
    library.add_shelf(Shelf("s", description="two"))
    library.add_node(add, ["s", "deep"])
    library.remove_nodeclass(inc)
    assert (shelf.description, library.has_node_id("tests.inc"), library.has_node_id("tests.add")) == (
        "two",
        False,
        True,
    )
    library.remove_shelf(shelf)
    assert told == [
        "after_add_shelf",
        "after_add_shelf",
        "after_add_nodes",
        "after_remove_nodeclass",
        "after_remove_shelf",
    ]
    assert issubclass(ShelfError, ValueError)
    with pytest.raises(ShelfError):
        library.remove_shelf(shelf)
    with pytest.raises(NodeClassNotFoundError):
        library.get_node_by_id("tests.add")


async def test_a_nodespace_takes_shelves_away_with_their_nodes() -> None:
    """10.3: or leaves the nodes; ids are unique, missing ones are `ValueError`s."""
    space = NodeSpace(id="mine")
    space.add_shelf(Shelf("s", nodes=[inc]))
    space.add_shelf(Shelf("t", nodes=[add]))
    space.add_node_by_id("tests.inc", uuid="i", name="I")
    space.add_node_by_id("tests.add", uuid="a")
    for refused in (lambda: space.add_node_instance(source(uuid="a")), lambda: space.get_node_by_id("z")):
        with pytest.raises(ValueError, match=r"node '[az]'"):
            refused()
    space.groups.group_together(["i", "a"], new_group_id="g")
    space.remove_shelf(Shelf("s", nodes=[inc]))
    space.remove_shelf(Shelf("t", nodes=[add]), with_nodes=False)
    assert ([node.uuid for node in space.nodes], space.id) == (["a"], "mine")
    assert space.groups.serialize()["g"]["node_ids"] == ["a"]
    space.set_property("files_dir", "/f", secret=True)
    assert (space.get_secret_property("files_dir"), space.serialize()["prop"]) == ("/f", {})
    space.remove_property("files_dir")
    space.clear()
    assert (space.get_property("files_dir"), space.full_serialize()["nodes"]) == (None, [])


def test_groups_move_up_or_go_with_their_parent() -> None:
    """10.4: below the nearest common one; meta and position are kept."""
    groups = NodeGroups()
    groups.add_group("top", ["x", "y", "z"], None, {"colour": "red"})
    left, right = groups.group_together(["x"], (), "left"), groups.group_together(["y"], (), "right")
    both = groups.group_together([], [left, right], "both")
    assert (groups.get_group_ancestors(left), groups.get_group("both")["child_groups"]) == (
        [both, "top"],
        [left, right],
    )
    saved = groups.serialize()
    saved["top"]["position"] = [1, 2]
    again = NodeGroups()
    again.deserialize(saved)
    assert again.serialize() == saved
    groups.remove_group(both)
    assert groups.get_group(left)["parent_group"] == "top"
    groups.set_group_meta("top", {"colour": "blue"})
    assert groups.get_group("top")["meta"] == {"colour": "blue"}
    groups.remove_group("top", recursive=True)
    assert groups.serialize() == {}
    with pytest.raises(ValueError, match="no group"):
        groups.get_group("top")


def test_the_backup_speaks_when_the_file_is_broken(settings: Path) -> None:
    """12: then the defaults; what is missing is filled in and written."""
    fn.config.reload(settings)
    path = settings / "config.json"
    fn.config.write_config(path, {"frontend": {"port": 5}})
    assert json.loads((settings / "config.json.bu").read_text()) == {"frontend": {"port": 5}}
    path.write_text("{")
    assert fn.config.load_config(path)["frontend"] == {"port": 5, "host": "localhost"}
    assert json.loads(path.read_text())["worker_manager"] == {"host": "localhost", "port": 9380}
    assert fn.config.get_config()["env_dir"] == str(settings / "env")


def test_another_folder_can_be_named_in_the_file(settings: Path, tmp_path: Path) -> None:
    """12: `custom_config_dir` leads there; `.env` is read for our own words only."""
    (tmp_path / ".env").write_text("FUNCNODES_DEFAULT_PRETRIGGER_DELAY=0.25\nTESTS_FOREIGN=1\n")
    fn.config.reload(settings)
    fn.config.update_config({"custom_config_dir": str(tmp_path / "custom")})
    assert fn.config.get_config_dir() == tmp_path / "custom"
    fn.config.update_config({"frontend": {"port": 6}})
    assert json.loads((tmp_path / "custom" / "config.json").read_text())["frontend"]["port"] == 6
    fn.config._CONFIG_CHANGED = True
    assert fn.config.get_config()["frontend"] == {"port": 6, "host": "localhost"}
    assert fn.Node.default_pretrigger_delay == 0.25
    assert "TESTS_FOREIGN" not in os.environ


def test_the_old_names_of_the_settings_are_read_with_a_word(settings: Path) -> None:
    """12: they say what the functions say, and that those are to be used; nobody sets them."""
    fn.config.reload(settings)
    for name, now in (
        ("CONFIG", fn.config.get_config()),
        ("CONFIG_DIR", fn.config.get_config_dir()),
        ("BASE_CONFIG_DIR", settings),
    ):
        with pytest.warns(DeprecationWarning, match=name):
            assert getattr(fn.config, name) == now
        with pytest.raises(AttributeError):
            setattr(fn.config, name, None)


def test_test_tools_may_point_the_settings_elsewhere(settings: Path, tmp_path: Path) -> None:
    """13: they assign `_BASE_CONFIG_DIR` and `_CONFIG_CHANGED`, which `get_config` and `reload` honour."""
    config, other = fn.config, tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"frontend": {"port": 77}}')
    config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = other, True
    assert (config.get_config()["frontend"]["port"], config.get_config_dir()) == (77, other)
    config.reload(tmp_path / "third")
    config.update_config({"logging": {"handler": {"file": False}}})
    config.update_config({"logging": {"level": "DEBUG"}})
    written = config.get_config()["logging"]
    assert (written["handler"]["file"], written["level"], config.get_config_dir()) == (
        False,
        "DEBUG",
        tmp_path / "third",
    )


@pytest.mark.filterwarnings("error::funcnodes_core.utils.deprecations.FuncNodesDeprecationWarning")
async def test_published_tests_may_turn_our_warning_into_an_error(settings: Path) -> None:
    """13.3: what they still call does not warn."""
    assert issubclass(FuncNodesDeprecationWarning, Warning)
    assert await inc.inti_call(a=1) == 2
    before = fn.config.get_in_test()
    try:
        fn.testing.setup()
        fn.testing.teardown()
        fn.config.IN_NODE_TEST = True
        fn.config.set_in_test()
    finally:
        fn.config._in_test = before
    assert await inc.inti_call(a=1) == 2


async def test_classes_work_after_the_registry_was_cleared() -> None:
    """13.1: made, run, and taken into a library."""
    known = dict(REGISTERED_NODES)
    REGISTERED_NODES.clear()
    try:
        assert await add.inti_call(a=1, b=2) == 3
        assert ("tests.add" in REGISTERED_NODES, REGISTERED_NODES.get("tests.add")) == (False, None)
    finally:
        REGISTERED_NODES.update(known)
    assert REGISTERED_NODES["tests.add"] is add


@pytest.fixture
def own_handlers(settings: Path) -> Iterator[logging.Logger]:
    """Return the logger of funcnodes, whose handlers are put back."""
    logger = _logging.FUNCNODES_LOGGER
    before, level = list(logger.handlers), logger.level
    logger.handlers[:] = []
    try:
        yield logger
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers[:] = before
        logger.setLevel(level)
        fn.set_log_format()
        _logging._logging_dir = None


def test_logs_are_written_where_they_are_wished(own_handlers: logging.Logger, tmp_path: Path) -> None:
    """12: below the folder; a handler that is False is not there; long messages are cut."""
    fn.config.update_config({"logging": {"handler": {"console": False}}})
    _logging.set_logging_dir(tmp_path / "logs")
    fn.set_log_format("%(message)s", max_length=20)
    fn.get_logger("tests").error("x" * 100)
    text = (tmp_path / "logs" / "funcnodes.log").read_text()
    assert (text, [handler.get_name() for handler in own_handlers.handlers]) == ("x" * 20 + "...\n", ["file"])


def test_the_handlers_that_the_original_wrote_are_understood(
    own_handlers: logging.Logger, tmp_path: Path
) -> None:
    """12: its `config.json` names them with their modules; one that is none is left out, with a word."""
    rotating = {"handlerclass": "logging.handlers.RotatingFileHandler", "options": {"maxBytes": 100_000}}
    handlers = {
        "console": {"handlerclass": "logging.StreamHandler", "options": {}},
        "file": rotating,
        "own": {"handlerclass": "tests.there.is.no.such"},
        "wrong": {"handlerclass": "FileHandler", "options": {"no_such": 1}},
    }
    fn.config.update_config({"logging": {"handler": handlers}})
    _logging.set_logging_dir(tmp_path / "logs")
    fn.get_logger("tests").error("said")
    assert [(each.get_name(), type(each)) for each in own_handlers.handlers] == [
        ("console", logging.StreamHandler),
        ("file", RotatingFileHandler),
    ]
    text = (tmp_path / "logs" / "funcnodes.log").read_text()
    assert "said" in text
    for name, why in (("own", "no handler class 'tests.there.is.no.such'"), ("wrong", "no_such")):
        assert f"the handler {name!r} of logging in config.json is left out" in text
        assert why in text


def test_closed_handlers_break_no_later_logging(
    own_handlers: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """13.2: the test tool closes all of them."""
    fn.config.update_config({"logging": {"handler": {"console": False}}})
    _logging.set_logging_dir(tmp_path / "logs")
    logger = fn.get_logger("tests")
    logger.warning("first")
    for handler in own_handlers.handlers:
        handler.close()
    logger.warning("second")
    assert "second" in (tmp_path / "logs" / "funcnodes.log").read_text()
    assert capsys.readouterr().err == ""


def test_tracebacks_are_never_cut(own_handlers: logging.Logger, tmp_path: Path) -> None:
    """12: only the message is."""
    fn.config.update_config({"logging": {"handler": {"console": False}}})
    _logging.set_logging_dir(tmp_path / "logs")
    fn.set_log_format("%(message)s", max_length=5)
    try:
        fail.o_func(-1)  # type: ignore[attr-defined]
    except ValueError:
        fn.get_logger("tests").exception("long message")
    text = (tmp_path / "logs" / "funcnodes.log").read_text()
    assert text.startswith("long ...\n")
    assert "ValueError: -1 is negative" in text


def test_a_failing_run_is_logged_under_its_published_name(caplog: pytest.LogCaptureFixture) -> None:
    """6.3: logger `funcnodes.trigger`."""

    async def run() -> Any:
        with pytest.raises(fn.NodeTriggerError):
            await fail.inti_call(a=-1)

    asyncio.run(run())
    assert "funcnodes.trigger" in {record.name for record in caplog.records}
