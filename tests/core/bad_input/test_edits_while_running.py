"""Nodes that change the graph while they run: they delete, connect, set and make, themselves and others."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import Node, NodeDecorator
from tests.core.graphs import chain, inc, nap

acts: dict[str, Any] = {}
"""What the node at hand is to do, by its uuid."""


@NodeDecorator("tests.acting.plain")
def plain(a: int, *, node: Node) -> int:
    acts.get(node.uuid, lambda: None)()
    return a + 1


@NodeDecorator("tests.acting.coroutine")
async def coroutine(a: int, *, node: Node) -> int:
    await nap()
    acts.get(node.uuid, lambda: None)()
    await nap()
    return a + 1


@NodeDecorator("tests.acting.stream")
def stream(a: int, *, node: Node) -> Iterator[int]:
    yield a
    acts.get(node.uuid, lambda: None)()
    yield a + 1


@NodeDecorator("tests.acting.async_stream")
async def async_stream(a: int, *, node: Node) -> AsyncIterator[int]:
    yield a
    await nap()
    acts.get(node.uuid, lambda: None)()
    yield a + 1


@pytest.fixture(autouse=True)
def no_acts() -> Iterator[None]:
    yield
    acts.clear()


KINDS = pytest.mark.parametrize(
    "node_class", [plain, coroutine, stream, async_stream], ids=["plain", "coroutine", "stream", "async"]
)


async def settle(engine: Engine) -> None:
    await asyncio.wait_for(engine.wait_idle(), 10)
    invariants.check(engine.scheduler)


async def usable(engine: Engine) -> None:
    """Another graph on the same engine computes."""
    nodes = chain(3)
    nodes[0]["a"] = 1
    await settle(engine)
    assert nodes[2].outputs["out"].value == 4


def graph(node_class: Any) -> tuple[NodeSpace, Node, Node, Node]:
    space, before, node, after = NodeSpace(), inc(), node_class(), inc()
    before.outputs["out"].connect(node.inputs["a"])
    node.outputs["out"].connect(after.inputs["a"])
    for each in (before, node, after):
        space.add_node_instance(each)
    return space, before, node, after


@KINDS
async def test_a_node_that_removes_itself(engine: Engine, node_class: Any) -> None:
    """It is gone, with its run; its neighbours stay, unblocked."""
    space, before, node, after = graph(node_class)
    acts[node.uuid] = lambda: space.remove_node_instance(node)
    before["a"] = 1
    await settle(engine)
    assert space.nodes == [before, after]
    assert (node.cell.engine, engine.lasting.runs) == (None, {})
    assert {n.run_state.status for n in space.nodes} == {"idle"}
    before["a"] = 5
    await settle(engine)
    assert before.outputs["out"].value == 6
    await usable(engine)


@KINDS
@pytest.mark.parametrize("whom", ["before", "after", "both"])
async def test_a_node_that_removes_its_neighbours(engine: Engine, node_class: Any, whom: str) -> None:
    """Its own run goes on to its end."""
    space, before, node, after = graph(node_class)

    def act() -> None:
        for name, other in (("before", before), ("after", after)):
            if whom in (name, "both"):
                space.remove_node_instance(other)

    acts[node.uuid] = act
    before["a"] = 1
    await settle(engine)
    assert (node.run_state.status, node.outputs["out"].value) == ("idle", 3)
    assert len(space.nodes) == (1 if whom == "both" else 2)
    if whom == "before":
        assert after.outputs["out"].value == 4
    await usable(engine)


@KINDS
async def test_a_node_that_clears_the_graph(engine: Engine, node_class: Any) -> None:
    space, before, node, _ = graph(node_class)
    acts[node.uuid] = space.clear
    before["a"] = 1
    await settle(engine)
    assert (space.nodes, engine.lasting.runs) == ([], {})
    await usable(engine)


@KINDS
async def test_a_removed_node_dies(engine: Engine, node_class: Any) -> None:
    """Nothing of the engine keeps it."""
    space, before, node, _ = graph(node_class)
    acts[node.uuid] = lambda uuid=node.uuid: space.remove_node_by_id(uuid)
    before["a"] = 1
    await settle(engine)
    gone = weakref.ref(node)
    del node
    acts.clear()
    await asyncio.sleep(0)
    gc.collect()
    assert gone() is None


@KINDS
async def test_a_node_that_connects_itself_while_it_runs(engine: Engine, node_class: Any) -> None:
    """The new child gets what comes out."""
    _, before, node, after = graph(node_class)
    new = inc()
    acts[node.uuid] = lambda: node.outputs["out"].connect(new.inputs["a"])
    before["a"] = 1
    await settle(engine)
    assert (new.outputs["out"].value, after.outputs["out"].value) == (4, 4)
    await usable(engine)


@KINDS
async def test_a_node_that_closes_a_cycle_while_it_runs(engine: Engine, node_class: Any) -> None:
    """The cycle goes round until its limit or until someone breaks it, and everything else goes on."""
    _, before, node, after = graph(node_class)
    rounds = 0

    def act() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            after.outputs["out"].connect(node.inputs["a"], replace=True)
        if rounds == 20:
            after.outputs["out"].disconnect()

    acts[node.uuid] = act
    before["a"] = 1
    await settle(engine)
    assert rounds >= 20
    assert before.outputs["out"].targets == ()
    await usable(engine)


@KINDS
async def test_a_node_that_makes_nodes_and_sets_values(engine: Engine, node_class: Any) -> None:
    """They run after it."""
    space, before, node, _ = graph(node_class)
    made: list[Node] = []

    def act() -> None:
        new = space.add_node_instance(inc())
        new["a"] = 10
        made.append(new)

    acts[node.uuid] = act
    before["a"] = 1
    await settle(engine)
    assert [(n.outputs["out"].value, n.run_state.status) for n in made] == [(11, "idle")]
    await usable(engine)


@KINDS
async def test_a_node_that_sets_its_own_input_goes_round_once_more_each_time(
    engine: Engine, node_class: Any
) -> None:
    """And is stopped by the limit of a cycle when it never ends and never waits."""
    _, before, node, after = graph(node_class)
    before.outputs["out"].disconnect()
    left = 5

    def act() -> None:
        nonlocal left
        if left:
            left -= 1
            node["a"] = 100 - left

    acts[node.uuid] = act
    node["a"] = 1
    await settle(engine)
    assert (left, node.outputs["out"].value, after.outputs["out"].value) == (0, 101, 102)


async def test_a_plain_node_that_asks_for_itself_for_ever_is_stopped(engine: Engine) -> None:
    engine.scheduler.lap_limit = 50
    node = plain()
    acts[node.uuid] = node.request_trigger
    node["a"] = 1
    await settle(engine)
    error = node.run_state.error
    assert error is not None
    assert (error.kind, node.run_state.run <= 52) == ("CycleRunsAway", True)
    await usable(engine)


@KINDS
async def test_a_node_that_takes_its_own_ports_away(engine: Engine, node_class: Any) -> None:
    """The run ends somehow, the node says how it stands, and nothing hangs."""
    _, before, node, after = graph(node_class)
    acts[node.uuid] = lambda: node.outputs["out"].disconnect()
    before["a"] = 1
    await settle(engine)
    assert node.run_state.status == "idle"
    assert after.run_state.status == "idle"
    await usable(engine)


async def test_a_thread_that_removes_its_node(engine: Engine) -> None:
    """Whatever a thread may do to the graph, the engine stays sound."""

    @NodeDecorator("tests.acting.thread", separate_thread=True)
    def thread(a: int, *, node: Node) -> int:
        loop.call_soon_threadsafe(space.remove_node_by_id, node.uuid)
        return a

    loop, space, node = asyncio.get_running_loop(), NodeSpace(), thread()
    space.add_node_instance(node)
    node["a"] = 1
    await settle(engine)
    await asyncio.sleep(0)
    await settle(engine)
    assert (space.nodes, engine.lasting.runs) == ([], {})
    await usable(engine)
