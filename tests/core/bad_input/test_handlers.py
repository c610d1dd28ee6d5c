"""Handlers that raise: the error is named, everybody waiting hears of it, and the graph goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeTriggerError
from tests.core.graphs import chain, inc, nap


def breaks(**_: Any) -> None:
    raise RuntimeError("the handler broke")


@NodeDecorator("tests.handlers.waits")
async def waits(a: int) -> int:
    await nap()
    return a + 1


@NodeDecorator("tests.handlers.fails")
def fails(a: int) -> int:
    if a < 0:
        raise ValueError("below zero")
    return a


@NodeDecorator("tests.handlers.fails_late")
async def fails_late(a: int) -> int:
    await nap()
    if a < 0:
        raise ValueError("below zero")
    return a


EVENTS = (
    *("before_request_trigger", "before_trigger", "after_trigger", "after_request_trigger"),
    *("triggerstart", "triggerdone", "triggerfast", "progress"),
)


async def quietly(node: Node, value: Any) -> None:
    """Set an input; a handler's error goes to whoever set it."""
    try:
        node["a"] = value
    except RuntimeError as error:
        if str(error) != "the handler broke":
            raise


async def settle(engine: Engine) -> None:
    await asyncio.wait_for(engine.wait_idle(), 10)


@pytest.mark.parametrize("node_class", [inc, waits], ids=["plain", "coroutine"])
@pytest.mark.parametrize("event", EVENTS)
async def test_a_handler_of_a_runs_event_that_raises(engine: Engine, node_class: Any, event: str) -> None:
    """The node or the setter hears of it; afterwards node and neighbours run as ever."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    node, after, other = node_class(), inc(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node.on(event, breaks)
    other["a"] = 1
    await quietly(node, 1)
    await settle(engine)
    assert other.outputs["out"].value == 2

    node.off(event, breaks)
    node["a"] = 10
    await settle(engine)
    assert (after.outputs["out"].value, node.run_state.status) == (12, "idle")


@pytest.mark.parametrize("node_class", [inc, waits], ids=["plain", "coroutine"])
async def test_a_handler_of_an_output_that_raises_fails_its_node(engine: Engine, node_class: Any) -> None:
    """The value went on to everyone all the same."""
    node, after = node_class(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node.outputs["out"].on("after_set_value", breaks)
    node["a"] = 1
    await settle(engine)
    error = node.run_state.error
    assert error is not None
    assert (error.kind, error.message, after.outputs["out"].value) == ("RuntimeError", "the handler broke", 3)
    node.outputs["out"].off("after_set_value")
    node["a"] = 2
    await settle(engine)
    assert (node.run_state.status, after.outputs["out"].value) == ("idle", 4)


async def test_a_handler_of_an_input_that_raises_tells_the_setter(engine: Engine) -> None:
    """And the run it asked for happens."""
    node = inc()
    node.inputs["a"].on("after_set_value", breaks)
    with pytest.raises(RuntimeError, match="the handler broke"):
        node["a"] = 1
    await settle(engine)
    assert (node.outputs["out"].value, node.run_state.status) == (2, "idle")


async def test_a_handler_far_down_fails_the_node_that_set_the_value(engine: Engine) -> None:
    """Of two children the other gets its value."""
    nodes, beside = chain(2), inc()
    nodes[0].outputs["out"].connect(beside.inputs["a"])
    nodes[1].inputs["a"].on("after_set_value", breaks)
    nodes[0]["a"] = 1
    await settle(engine)
    assert (beside.outputs["out"].value, nodes[1].outputs["out"].value) == (3, 3)
    assert nodes[0].run_state.status == "failed"


@pytest.mark.parametrize("node_class", [fails, fails_late], ids=["plain", "coroutine"])
@pytest.mark.parametrize("where", ["node", "nodespace"])
async def test_an_error_handler_that_raises_leaves_nobody_waiting(
    engine: Engine, node_class: Any, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever awaits the node hears the node's own error, and the log says what the handler did."""
    node, after, space = node_class(), inc(), NodeSpace()
    node.outputs["out"].connect(after.inputs["a"])
    if where == "node":
        node.on_error(breaks)
    else:
        space.add_node_instance(node)
        space.on("node_trigger_error", breaks)
    node["a"] = -1

    async def wait() -> None:
        await node

    with pytest.raises(NodeTriggerError, match="below zero"):
        await asyncio.wait_for(wait(), 10)
    await settle(engine)
    error = node.run_state.error
    assert error is not None
    assert (error.kind, error.message) == ("ValueError", "below zero")
    assert after.run_state.blocked_by == node.uuid
    assert "the handler broke" in caplog.text

    node["a"] = 5
    await settle(engine)
    assert after.outputs["out"].value == 6


async def test_a_sink_that_raises_does_not_stop_the_engine(engine: Engine) -> None:
    """A feed is ours; if it breaks, computing goes on."""

    class Broken:
        def port_changed(self, io: Any, /) -> None:
            raise RuntimeError("the handler broke")

        def state_changed(self, node: Any, /) -> None:
            raise RuntimeError("the handler broke")

        def progressed(self, node: Any, info: dict[str, Any], /) -> None:
            raise RuntimeError("the handler broke")

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    nodes = [inc(), waits()]
    engine.sink = Broken()
    for node in nodes:
        await quietly(node, 1)
    await settle(engine)
    engine.sink = None
    for node in nodes:
        node["a"] = 2
    await settle(engine)
    assert [node.outputs["out"].value for node in nodes] == [3, 3]


async def test_handlers_that_come_and_go_while_they_are_told(engine: Engine) -> None:
    node, heard = inc(), list[str]()

    def again(**_: Any) -> None:
        heard.append("again")
        node.outputs["out"].on("after_set_value", lambda **_: heard.append("new"))

    node.outputs["out"].once("after_set_value", lambda **_: heard.append("once"))
    node.outputs["out"].once("after_set_value", again)
    for value in (1, 2):
        node["a"] = value
        await settle(engine)
    assert heard == ["once", "again", "new"]


async def test_a_handler_of_whom_the_trigger_output_starts_fails_the_node(engine: Engine) -> None:
    """Which has run: what it set stays, and it can run again."""
    for node in (inc(), waits()):
        after = inc()
        after["a"] = 5
        await settle(engine)
        node.outputs["_triggeroutput"].connect(after.inputs["_triggerinput"])
        after.on("before_trigger", breaks)
        node["a"] = 1
        await settle(engine)
        assert (node.run_state.status, node.outputs["out"].value) == ("failed", 2)
        after.off("before_trigger")
        node["a"] = 2
        await settle(engine)
        assert (node.run_state.status, node.outputs["out"].value) == ("idle", 3)


async def test_an_error_whose_text_breaks_is_named_by_its_class(engine: Engine) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    @NodeDecorator("tests.handlers.mute")
    def mute(a: int) -> int:
        raise Mute

    node = mute()
    node["a"] = 1
    await settle(engine)
    error = node.run_state.error
    assert error is not None
    assert (error.kind, error.message) == ("Mute", "<Mute that cannot be shown>")


async def test_who_awaits_a_node_is_told_the_class_of_an_error_without_text(engine: Engine) -> None:
    """As the node itself says it: an empty sentence would help nobody."""

    @NodeDecorator("tests.handlers.wordless")
    def wordless(a: int) -> int:
        raise LookupError

    node = wordless()
    node["a"] = 1
    with pytest.raises(NodeTriggerError, match=r"^raised LookupError without saying why$"):
        await node
    error = node.run_state.error
    assert error is not None
    assert error.message == "raised LookupError without saying why"


async def test_a_node_that_wants_to_end_the_program_fails(engine: Engine) -> None:
    """A worker goes on."""

    @NodeDecorator("tests.handlers.exits")
    def exits(a: int) -> int:
        raise SystemExit(a)

    node = exits()
    node["a"] = 3
    with pytest.raises(NodeTriggerError, match=r"asked the whole program to end \(exit code 3\)"):
        await node
    assert node.run_state.status == "failed"


async def test_a_default_that_breaks_when_it_is_read_is_the_error_of_its_node(engine: Engine) -> None:
    """It was there when the run was asked for and raises when the run reads it, in each executor."""
    is_broken = False

    def made(_: NodeInput) -> int:
        if is_broken:
            raise RuntimeError("the default broke")
        return 5

    options = {"a": {"default": NodeInput.DefaultFactory(made)}}

    def plus(a: int, b: int) -> int:
        return a + b

    async def plus_later(a: int, b: int) -> int:
        await nap()
        return a + b

    classes = (
        NodeDecorator("tests.handlers.default", default_io_options=options)(plus),
        NodeDecorator("tests.handlers.default_later", default_io_options=options)(plus_later),
        NodeDecorator("tests.handlers.default_beside", default_io_options=options, separate_thread=True)(
            plus
        ),
    )
    nodes = [node_class() for node_class in classes]
    after = inc()
    nodes[0].outputs["out"].connect(after.inputs["a"])
    for node in nodes:
        node["b"] = 1
    is_broken = True
    await settle(engine)
    messages = [node.run_state.error.message for node in nodes if node.run_state.error is not None]
    assert messages == ["the default broke"] * 3
    assert nodes[0].figures.reason == "input `b` changed"
    assert nodes[0].figures.last_s < 10

    is_broken = False
    for node in nodes:
        node["b"] = 2
    await settle(engine)
    assert [node.outputs["out"].value for node in nodes] == [7, 7, 7]
    assert after.outputs["out"].value == 8
