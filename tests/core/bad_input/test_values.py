"""Values that cannot be compared, copied, shown, encoded or pickled are handed on, and the graph goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine
from funcnodes_core.nodespace import NodeSpace, serialize_nodespace_for_saving
from funcnodes_core.utils.serialization import ByteEncoder, JSONEncoder
from funcnodes_worker.runtime.feed import preview_of
from funcnodes_worker.runtime.previews import full_value, json_text

from funcnodes_core import Node, NodeDecorator
from tests.core.bad_input.values import UNWRITABLE, VALUES

ALL = pytest.mark.parametrize("name", VALUES)
UNSENDABLE = ["refuses all", "itself in a list", "deep list", "cannot be read back"]
UNSHOWABLE = ("refuses all", "list of what refuses", "liar", "wrong text")


@NodeDecorator("tests.bad.hand_on")
def hand_on(a: Any) -> Any:
    return a


@NodeDecorator("tests.bad.hand_on_async")
async def hand_on_async(a: Any) -> Any:
    await asyncio.sleep(0)
    return a


@NodeDecorator("tests.bad.hand_on_thread", separate_thread=True)
def hand_on_thread(a: Any) -> Any:
    return a


@NodeDecorator("tests.bad.stream")
def hand_on_stream(a: Any) -> Iterator[Any]:
    yield a


@NodeDecorator("tests.bad.fails")
def fails(a: Any) -> Any:
    raise ValueError("as it should")


@NodeDecorator("tests.bad.process", separate_process=True)
def hand_on_process(a: Any) -> Any:
    return a


def row(*classes: Any) -> list[Node]:
    nodes = [each() for each in classes]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return nodes


@pytest.mark.parametrize("heard", [False, True], ids=["alone", "heard"])
@ALL
async def test_it_goes_through_every_kind_of_node(engine: Engine, name: str, heard: bool) -> None:
    """As the very object, listened to or not; and the next value goes the same way."""
    nodes = row(hand_on, hand_on_async, hand_on_thread, hand_on_stream, hand_on)
    space, told = NodeSpace(), list[str]()
    for node in nodes:
        space.add_node_instance(node)
    if heard:
        space.on("*", lambda event, **_: told.append(event))
    for value in (VALUES[name](), 1):
        nodes[0]["a"] = value
        await engine.wait_idle()
        assert all(node.outputs["out"].value is value for node in nodes)
    assert {node.run_state.status for node in nodes} == {"idle"}
    assert bool(told) == heard


@ALL
async def test_the_node_that_fails_with_it_says_why(engine: Engine, name: str) -> None:
    """And shows the input as far as it can be shown."""
    node, after = row(fails, hand_on)
    node["a"] = VALUES[name]()
    await engine.wait_idle()
    error = node.run_state.error
    assert error is not None
    assert (error.kind, error.message) == ("ValueError", "as it should")
    assert len(error.inputs["a"]) <= 201
    assert after.run_state.blocked_by == node.uuid


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_a_process_gets_it_or_a_thread_does(engine: Engine, name: str) -> None:
    """What cannot be sent computes in a thread, with a notice; nothing hangs."""
    (node,) = row(hand_on_process)
    node["a"] = VALUES[name]()
    await asyncio.wait_for(engine.wait_idle(), 60)
    assert node.run_state.status == "idle", node.run_state.error
    node["a"] = 5
    await engine.wait_idle()
    assert node.outputs["out"].value == 5


def told(name: str, data: Any) -> str | None:
    """Return the text of plain data; None when the call said clearly that there can be none."""
    if name not in UNWRITABLE:
        text = json.dumps(data, cls=JSONEncoder)
        text.encode()
        return text
    with pytest.raises(ValueError, match=UNWRITABLE[name]):
        json.dumps(data, cls=JSONEncoder)
    return None


@ALL
async def test_the_graph_can_be_told_and_saved_around_it(engine: Engine, name: str) -> None:
    """In every published form; what holds no values is told whatever they are."""
    nodes = row(hand_on, hand_on)
    space = NodeSpace()
    for node in nodes:
        space.add_node_instance(node)
    nodes[0]["a"] = VALUES[name]()
    await engine.wait_idle()
    for said in (space.serialize(), space.full_serialize(with_io_values=True), nodes[0].serialize()):
        told(name, said)
    json.dumps(space.full_serialize(), cls=JSONEncoder).encode()
    again = NodeSpace()
    again.deserialize(json.loads(json.dumps(serialize_nodespace_for_saving(space), cls=JSONEncoder)))
    assert [node.uuid for node in again.nodes] == [node.uuid for node in nodes]
    assert len(again.edges) == 1
    # Once the value is gone, so is the trouble.
    nodes[0]["a"] = 1
    await engine.wait_idle()
    assert told("", space.serialize())


@ALL
async def test_previews_and_full_values_answer(engine: Engine, name: str) -> None:
    """A port is always shown; a whole value is given, or the call says what hinders it."""
    value = VALUES[name]()
    preview = preview_of(value)
    assert preview is not None
    assert preview.type == type(value).__name__
    for encode in (full_value, json_text):
        if name in UNWRITABLE:
            with pytest.raises(ValueError, match=UNWRITABLE[name]):
                encode(value)
        elif name in UNSHOWABLE:
            with pytest.raises(Exception, match=r"must not be asked|no attribute|non-string"):
                encode(value)
        else:
            assert encode(value)
    if name in UNWRITABLE:
        with pytest.raises(ValueError, match=UNWRITABLE[name]):
            ByteEncoder.encode(value)
    else:
        assert ByteEncoder.encode(value).mime
    told(name, value)
