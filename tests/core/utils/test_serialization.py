"""Values as JSON and bytes; settings; events; the published names."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.eventmanager import EventEmitterMixin, emit_after, emit_before

import funcnodes_core as fn
from funcnodes_core import ByteEncoder, BytesEncdata, Encdata, JSONDecoder, JSONEncoder, NoValue
from tests.core.graphs import inc


@dataclasses.dataclass
class Point:
    x: int
    y: Any


class Odd:
    pass


class Table:
    def _repr_json_(self) -> dict[str, int]:
        return {"rows": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NoValue, "<NoValue>"),
        (b"ab", "YWI="),
        (fn.types.databytes(b"ab"), "databytes(2)"),
        (Path("a/b"), "a/b"),
        (Point(1, [NoValue]), {"x": 1, "y": ["<NoValue>"]}),
        ({1}, [1]),
        ((1, 2.5, True, None), [1, 2.5, True, None]),
        (math.nan, None),
        (Table(), {"rows": 3}),
    ],
)
def test_values_as_json(value: Any, expected: Any) -> None:
    """What is built in."""
    assert JSONEncoder.apply_custom_encoding(value) == expected
    assert json.loads(json.dumps({"v": value}, cls=JSONEncoder)) == {"v": expected}


def test_previews_are_cut() -> None:
    """Long texts and long lists."""
    assert JSONEncoder.apply_custom_encoding("x" * 2000, preview=True) == "x" * 1000 + "..."
    assert JSONEncoder.apply_custom_encoding(list(range(20)), preview=True) == list(range(10))
    around: list[Any] = []
    around.append(around)
    with pytest.raises(ValueError, match="contains itself"):
        JSONEncoder.apply_custom_encoding(around)


def test_encoders_are_asked_by_class_the_nearest_first() -> None:
    """A record or a pair; what is not done is encoded again."""

    class Odder(Odd):
        pass

    def as_pair(obj: Any, preview: bool = False) -> Any:
        return ["pair", preview], True

    def as_record(obj: Any, preview: bool = False) -> Any:
        return Encdata([b"a"], handeled=isinstance(obj, Odder))

    JSONEncoder.add_encoder(as_pair, [Odd])
    JSONEncoder.add_encoder(as_record, enc_cls=[Odder])
    assert JSONEncoder.apply_custom_encoding(Odd(), preview=True) == ["pair", True]
    assert JSONEncoder.apply_custom_encoding(Odder()) == ["YQ=="]
    assert JSONEncoder.apply_custom_encoding(inc(uuid="n"))["id"] == "n"


def test_json_as_values() -> None:
    """`<NoValue>` comes back, also in lists and dictionaries."""
    assert json.loads('["<NoValue>", {"a": "<NoValue>"}, 1]', cls=JSONDecoder) == [NoValue, {"a": NoValue}, 1]


@pytest.mark.parametrize(
    ("value", "data", "mime"),
    [
        ("ä", "ä".encode(), "text/plain"),
        (b"a", b"a", "application/octet-stream"),
        (True, b"\x01", "application/fn.struct.?"),
        (-1, b"\xff" * 8, "application/fn.struct.!q"),
        (0.0, b"\x00" * 8, "application/fn.struct.!d"),
        (None, b"", "application/fn.null"),
        ([1], b"[1]", "application/json"),
        (2**70, b"1180591620717411303424", "application/json"),
    ],
)
def test_values_as_bytes(value: Any, data: bytes, mime: str) -> None:
    """Each with its MIME type."""
    assert ByteEncoder.encode(value) == BytesEncdata(data, handeled=True, mime=mime)


def test_without_fallback_unknown_values_are_refused() -> None:
    """By the published exception."""
    with pytest.raises(ByteEncoder.NoEncoderException):
        ByteEncoder.encode([1], json_fallback=False)


def test_events_before_and_after() -> None:
    """Specific listeners first, then those of everything."""

    class Thing(EventEmitterMixin):
        @emit_before(include_kwargs=["b"])
        @emit_after()
        def go(self, a: int, b: int = 0) -> int:
            return a + b

    thing, told = Thing(), list[Any]()
    thing.on("*", lambda src, event, **m: told.append((event, m)))
    thing.once("after_go", lambda src, result: told.append(result))
    thing.go(1, b=2)
    thing.go(1)
    assert told == [
        ("before_go", {"b": 2}),
        3,
        ("after_go", {"result": 3}),
        ("before_go", {}),
        ("after_go", {"result": 1}),
    ]
    with pytest.raises(ValueError, match="src"):
        thing.emit("x", {"src": 1})
    with pytest.raises(KeyError):
        thing.error(KeyError("k"))
    heard: list[Any] = []
    thing.on_error(lambda error, src: heard.append(error))
    assert thing.error(ValueError("v"))
    assert len(heard) == 1


def test_settings_are_read_without_a_trace_and_written_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delay that the original wrote by itself counts as unset."""
    config = fn.config
    monkeypatch.setenv("FUNCNODES_CONFIG_DIR", str(tmp_path / "base"))
    monkeypatch.chdir(tmp_path)
    before = config._BASE_CONFIG_DIR
    try:
        config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = tmp_path / "base", True
        assert config.get_config()["worker_manager"] == {"host": "localhost", "port": 9380}
        assert not (tmp_path / "base").exists()
        config.reload(tmp_path / "other")
        config.update_config({"nodes": {"default_pretrigger_delay": 0.01}, "frontend": {"port": 1}})
        written = json.loads((tmp_path / "other" / "config.json").read_text())
        assert (written["frontend"], fn.Node.default_pretrigger_delay) == (
            {"port": 1, "host": "localhost"},
            0,
        )
        config.update_config({"nodes": {"default_pretrigger_delay": 0.5}})
        assert fn.Node.default_pretrigger_delay == 0.5
        (tmp_path / "other" / "config.json").write_text("{broken")
        config._CONFIG_CHANGED = True
        assert config.get_config()["frontend"]["port"] == 1
    finally:
        fn.Node.default_pretrigger_delay = 0.0
        config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = before, True


def test_testing_keeps_the_settings_apart_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is called."""
    config = fn.config
    (tmp_path / "temporary").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("FUNCNODES_CONFIG_DIR", str(tmp_path / "home"))
    for name in ("_BASE_CONFIG_DIR", "_CONFIG_DIR"):
        monkeypatch.setattr(config, name, tmp_path / "home")
    monkeypatch.setattr(config, "_in_test", False)
    fn.testing.setup()
    first = config.get_config_dir()
    config.set_in_test()
    config.IN_NODE_TEST = True
    assert (config.get_config_dir(), config.IN_NODE_TEST, first.parent) == (
        first,
        True,
        tmp_path / "temporary",
    )
    fn.testing.teardown()
    config._CONFIG_CHANGED = True


PUBLISHED = """
funcnodes_core.node: Node REGISTERED_NODES ALLOW_REGISTERED_NODES_OVERRIDE get_nodeclass register_node
    NodeTriggerError PlaceHolderNode
funcnodes_core.io: NodeInput NodeOutput NoValue InputMeta OutputMeta NodeIO EnumOf
funcnodes_core.nodemaker: NodeDecorator NodeClassMixin instance_nodefunction NodeClassNode
funcnodes_core.lib: Shelf module_to_shelf check_shelf find_shelf flatten_shelf flatten_shelves serialize_shelf
    get_node_in_shelf libfinder
funcnodes_core.lib.libfinder: find_shelf_from_module
funcnodes_core.decorator: update_other_io_options update_other_io_value_options update_other_io fn
funcnodes_core.utils.serialization: JSONEncoder JSONDecoder Encdata ByteEncoder BytesEncdata
funcnodes_core.utils.functions: make_sync_if_needed make_async_if_needed call_sync make_run_in_new_thread
    make_run_in_new_process ExecutorWrapper
funcnodes_core.utils.deprecations: FuncNodesDeprecationWarning
funcnodes_core._logging: FUNCNODES_LOGGER _update_logger _update_logger_handlers set_logging_dir
funcnodes_core.testing: setup teardown
funcnodes_core.utils.plugins: InstalledModule BasePlugin register_setup_plugin get_installed_modules
    PLUGIN_FUNCTIONS
funcnodes_core.config: get_config get_config_dir update_config write_config load_config check_config_dir
    reload update_render_options FUNCNODES_RENDER_OPTIONS ConfigType
funcnodes_core.eventmanager: EventEmitterMixin emit_after emit_before
funcnodes_core.datapath: DataPath
funcnodes_core.triggerstack: TriggerStack
funcnodes_core.exceptions: NodeReadyError
funcnodes_core.nodespace: NodeSpace
funcnodes_core.data: DataEnum
funcnodes_core.utils.nodeutils: run_until_complete get_deep_connected_nodeset
funcnodes_core.utils.nodetqdm: NodeTqdm
funcnodes_core.utils.wrapper: signaturewrapper
funcnodes_core.utils.saving: serialize_node_for_saving
"""


def test_published_names_can_be_imported() -> None:
    """Modules ask for them by these paths."""
    for line in PUBLISHED.replace("\n    ", " ").strip().splitlines():
        path, names = line.split(":")
        module = importlib.import_module(path)
        missing = [name for name in names.split() if not hasattr(module, name)]
        assert (path, missing) == (path, [])
    assert len(set(fn.__all__)) == len(fn.__all__)
    assert all(hasattr(fn, name) for name in fn.__all__)
    assert fn.__version__ == "3.0.0"
