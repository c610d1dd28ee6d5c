"""Ids that are taken, types that nobody knows, files that are wrong: said by the call, with what to do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from exposedfunctionality.function_parser.ser_types import TypeNotFoundError
from funcnodes_core.engine.runner import Engine
from funcnodes_core.exceptions import (
    IONotFoundError,
    MultipleConnectionsError,
    NodeClassNotFoundError,
    NodeConnectionError,
    NodeIdAlreadyExistsError,
    NodeReadyError,
)
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import NodeDecorator, NodeInput, get_nodeclass, run_until_complete
from tests.core.graphs import inc


@NodeDecorator("tests.names.strict")
def strict(a: int, b: float = 1.0) -> float:
    return a * b


async def settle(engine: Engine) -> None:
    await asyncio.wait_for(engine.wait_idle(), 10)


@pytest.mark.parametrize("wrong", ["text", None, [1], {"a": 1}, object(), b"x", 1j])
async def test_a_value_of_a_wrong_type_fails_in_the_function_which_says_why(
    engine: Engine, wrong: Any
) -> None:
    """Types are promises, not checks: the function's own error stays on the node, with what it was given."""

    @NodeDecorator("tests.names.root")
    def root(a: float) -> float:
        return a.as_integer_ratio()[0]  # only numbers have one

    node, after = root(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node["a"] = wrong
    await settle(engine)
    error = node.run_state.error
    assert error is not None
    assert (error.kind, "as_integer_ratio" in error.message) == ("AttributeError", True)
    assert error.inputs["a"] == repr(wrong)[:200]
    assert any("test_names_and_types" in line for line in error.traceback)
    node["a"] = 2.0
    await settle(engine)
    assert (node.run_state.status, after.outputs["out"].value) == ("idle", 3)


@pytest.mark.parametrize(
    "text",
    [
        *("NoSuchType", "List[", "Dict[str,", "my.module.Klass", "int | ", "", " ", "Union[]", "🦆"),
        *("a" * 100_000, "__import__('os')"),
    ],
    ids=lambda text: text[:16] or "empty",
)
def test_an_unknown_type_is_refused_where_it_is_said(text: str) -> None:
    """With its name and what to write in its place; nothing is made of it, and nothing is run."""
    with pytest.raises(TypeNotFoundError, match=r"type '.*|type \".*") as caught:
        NodeInput(id="a", type=text)
    assert "add_type, or use Any" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_type_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deep; use a simpler one"):
        NodeInput(id="a", type="List[" * 500 + "int" + "]" * 500)


@pytest.mark.parametrize("text", ["NoSuchType", "List[", "os.path.join", 5, None, {"anyOf": 7}, ["x"]])
async def test_a_saved_type_that_nobody_knows_keeps_the_node(engine: Engine, text: Any) -> None:
    """A file says what it likes: the port has the type of its class, and the node runs."""
    space = NodeSpace()
    saved = inc(uuid="u").full_serialize()
    for port in saved["io"].values() if isinstance(saved["io"], dict) else saved["io"]:
        port["type"] = text
    space.deserialize({"nodes": [saved], "edges": [], "prop": {}})
    (node,) = space.nodes
    node["a"] = 1
    await settle(engine)
    assert (node.outputs["out"].value, node.inputs["a"].type) == (2, "int")


async def test_a_node_id_that_is_taken_is_refused(engine: Engine) -> None:
    """By the nodespace; the one that was there stays."""
    space = NodeSpace()
    first = space.add_node_instance(inc(uuid="same"))
    with pytest.raises(ValueError, match="'same' already"):
        space.add_node_instance(inc(uuid="same"))
    assert space.nodes == [first]
    first["a"] = 1
    await settle(engine)
    assert first.outputs["out"].value == 2


def test_a_class_id_that_is_taken_is_refused() -> None:
    def one(a: int) -> int:
        return a

    def other(b: str) -> str:
        return b

    # Held: the registry is weak, and the garbage collector may come by at any moment.
    first = NodeDecorator("tests.names.taken")(one)
    with pytest.raises(NodeIdAlreadyExistsError, match=r"tests\.names\.taken"):
        NodeDecorator("tests.names.taken")(other)
    assert get_nodeclass("tests.names.taken") is first


async def test_the_same_port_id_twice_is_refused(engine: Engine) -> None:
    node = inc()
    with pytest.raises(Exception, match="'a'"):
        node.add_input(NodeInput(id="a", type=int))
    node["a"] = 1
    await settle(engine)
    assert node.outputs["out"].value == 2


async def test_a_node_class_called_like_its_function_says_what_to_call(engine: Engine) -> None:
    """Its first argument is the id of the node."""
    sentence = r"is a text, not an int; give a value .*IncNode\.initialize_and_call\(…\)"
    with pytest.raises(TypeError, match=sentence):
        inc(5)
    sentence = (
        r"takes no 'a'; then set its inputs \(a\): node\['a'\] = …, or .*IncNode\.initialize_and_call\(a=…\)"
    )
    with pytest.raises(TypeError, match=sentence):
        inc(a=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"takes no 'uid', 'wrong'; then set its inputs \(a\)"):
        inc(uid="x", wrong=1)  # type: ignore[call-arg]
    assert await inc.initialize_and_call(a=5) == 6


async def test_names_that_are_not_there_say_what_is(engine: Engine) -> None:
    node, space = inc(), NodeSpace()
    with pytest.raises(KeyError, match=r"'nowhere'.*it has"):
        node["nowhere"] = 1
    with pytest.raises(IONotFoundError, match=r"'nowhere'.*it has"):
        node.get_input("nowhere")
    sentence = "node 'Nice' has no port 'zz'; it has {}"
    node.name = "Nice"
    for ports, known in ((node.inputs, "a, _triggerinput"), (node.outputs, "out, _triggeroutput")):
        with pytest.raises(IONotFoundError) as caught:
            _ = ports["zz"]
        assert (str(caught.value), isinstance(caught.value, KeyError)) == (sentence.format(known), True)
        assert (ports.get("zz"), "zz" in ports, type(dict(ports))) == (None, False, dict)
    gone = inc()
    gone.cleanup()
    with pytest.raises(IONotFoundError, match="this node has no port 'a'; it has none"):
        _ = gone.inputs["a"]
    with pytest.raises(ValueError, match="no node 'x'"):
        space.get_node_by_id("x")
    with pytest.raises(NodeClassNotFoundError, match=r"no\.such\.class"):
        space.add_node_by_id("no.such.class")
    assert space.remove_node_by_id("x") is None
    assert not space.nodes


async def test_a_value_in_the_place_of_a_port_is_refused(engine: Engine) -> None:
    """As it is set by who forgets `.value`; the node keeps its port."""
    node = inc()
    for ports in (node.inputs, node.outputs, node.i):
        with pytest.raises(TypeError, match=r"set that of 'a' with node\['a'\] = …"):
            ports["a"] = 1  # type: ignore[assignment]
    node["a"] = 1
    await settle(engine)
    assert (node.outputs["out"].value, list(node.outputs)) == (2, ["out", "_triggeroutput"])


async def test_ports_that_do_not_fit_are_not_connected(engine: Engine) -> None:
    """Nothing has changed after the refusal."""
    one, two, three = inc(), inc(), inc()
    one.outputs["out"].connect(two.inputs["a"])
    with pytest.raises(MultipleConnectionsError, match="connected already"):
        three.outputs["out"].connect(two.inputs["a"])
    for wrong in (one.outputs["out"], two.outputs["out"], "text", None, 5):
        with pytest.raises(NodeConnectionError, match="only an output and an input"):
            one.outputs["out"].connect(wrong)  # type: ignore[arg-type]
    one["a"] = 1
    await settle(engine)
    assert two.outputs["out"].value == 3


@pytest.mark.parametrize(
    "edge",
    [
        ["x", "out", "y", "a"],
        ["one", "nothing", "two", "a"],
        ["one", "out", "two", "nothing"],
        ["one", "out", "two"],
        [["one"], "out", "two", "a"],
        5,
        None,
    ],
)
def test_a_saved_edge_that_leads_nowhere_is_left_out(edge: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The others are there, and the log names it."""
    space = NodeSpace()
    nodes = [inc(uuid="one").serialize(), inc(uuid="two").serialize()]
    space.deserialize({"nodes": nodes, "edges": [edge, ["one", "out", "two", "a"]], "prop": {}})
    assert space.serialize_edges() == [["one", "out", "two", "a"]]
    assert [record.getMessage() for record in caplog.records] == [
        f"the saved edge {edge!r} leads nowhere and is left out"
    ]


@pytest.mark.parametrize(
    ("saved", "sentence"),
    [
        ([], "is a dictionary with `nodes` and `edges`, not a list"),
        ({"nodes": {"a": 1}}, "nodes of a saved graph are a list, not a dict"),
        ({"nodes": [], "edges": "text"}, "edges of a saved graph are a list, not a str"),
        ({"nodes": [{"id": "a"}]}, "node 1 of the saved graph has no node_id"),
        ({"nodes": [inc(uuid="one").serialize(), 3]}, "node 2 of the saved graph has no node_id"),
        (
            {"nodes": [{"node_id": "tests.inc", "id": [1]}]},
            "the id of node 1 of the saved graph is a text, not a list",
        ),
        ({"nodes": [inc(uuid="one").serialize()] * 2}, "two nodes of the saved graph have the id 'one'"),
    ],
)
def test_what_is_no_saved_graph_is_refused_before_anything_changes(saved: Any, sentence: str) -> None:
    """The graph that was there is there still."""
    space = NodeSpace()
    space.add_node_instance(inc(uuid="kept"))
    with pytest.raises(ValueError, match=sentence):
        space.deserialize(saved)
    assert [node.uuid for node in space.nodes] == ["kept"]


async def test_a_node_that_was_removed_runs_no_more(engine: Engine) -> None:
    """Whoever still holds it, and whatever asks it: its function would be called without its inputs."""
    runs: list[int] = []

    @NodeDecorator("tests.names.optional")
    def optional(a: int = 1) -> int:
        runs.append(a)
        return a

    space = NodeSpace()
    node = space.add_node_instance(optional())
    await settle(engine)
    space.remove_node_instance(node)
    node.request_trigger()
    await node
    await asyncio.wait_for(run_until_complete(node), 10)
    assert (runs, node.run_state.status) == ([1], "idle")
    for ask in (node.trigger, lambda: space.add_node_instance(node)):
        with pytest.raises((NodeReadyError, ValueError), match="was removed and has no ports any more"):
            ask()
    assert not space.nodes


def test_what_is_no_node_is_not_taken_in() -> None:
    """The class itself above all, without its brackets."""
    space = NodeSpace()
    for wrong in (inc, 3, None):
        with pytest.raises(TypeError, match=r"a nodespace takes nodes, not .*; make one"):
            space.add_node_instance(wrong)  # type: ignore[arg-type]
    assert not space.nodes


def test_a_saved_node_of_an_unknown_class_is_kept_as_it_is() -> None:
    space = NodeSpace()
    saved = {"id": "u", "node_id": "no.such.class", "name": "N", "io": {"x": {"value": [1, 2]}}, "more": 1}
    space.deserialize({"nodes": [saved], "edges": [], "prop": {}})
    (node,) = space.nodes
    assert isinstance(node, PlaceHolderNode)
    assert space.serialize()["nodes"] == [saved]
