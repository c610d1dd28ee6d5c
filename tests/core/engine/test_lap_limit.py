"""How often a cycle goes round before it is stopped: a property of the nodespace, saved with the graph."""

from __future__ import annotations

import json
from typing import Any

import pytest
from funcnodes_core.document.graph_properties import HIGHEST_CYCLE_LIMIT
from funcnodes_core.engine.runner import Engine
from funcnodes_core.engine.scheduler import DEFAULT_LAP_LIMIT
from funcnodes_core.exceptions import CycleRunsAway
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import Node
from tests.core.graphs import inc


def round_in(space: NodeSpace | None, *names: str) -> list[Node]:
    """Return nodes in a cycle."""
    nodes = [inc(name=name) for name in names]
    for here, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        here.outputs["out"].connect(after.inputs["a"])
    if space is not None:
        for node in nodes:
            space.add_node_instance(node)
    return nodes


def stopped(nodes: list[Node]) -> tuple[int, str]:
    """Return how often the node ran at which its cycle was stopped, and what it says."""
    (failed,) = [node for node in nodes if node.run_state.status == "failed"]
    error = failed.run_state.error
    assert error is not None
    assert error.kind == CycleRunsAway.__name__
    return failed.run_state.run, error.message


async def test_a_cycle_is_stopped_after_the_nodespaces_rounds(engine: Engine) -> None:
    """The error names the cycle, the figure and the way out."""
    space = NodeSpace()
    space.cycle_limit = 7
    nodes = round_in(space, "one", "two", "three")
    nodes[0]["a"] = 0
    await engine.wait_idle()
    run, said = stopped(nodes)
    # The run that was taken back counts: its number was given out.
    assert run == 8
    for part in ("one", "two", "three", "went round 7 times", "For, While, Feedback", "cycle_limit"):
        assert part in said


async def test_each_nodespace_has_its_own_limit(engine: Engine) -> None:
    """Two graphs on one engine, and nodes that are in none."""
    first, second = NodeSpace(), NodeSpace()
    first.set_property("cycle_limit", 5)
    engine.scheduler.lap_limit = 50
    graphs = [round_in(space, "x", "y") for space in (first, second, None)]
    for nodes in graphs:
        nodes[0]["a"] = 0
    await engine.wait_idle()
    assert [stopped(nodes)[0] for nodes in graphs] == [6, 51, 51]


async def test_a_changed_limit_holds_from_the_next_cause_on(engine: Engine) -> None:
    """And without the property it is the engine's own again."""
    space = NodeSpace()
    nodes = round_in(space, "x", "y")
    ran: list[int] = []
    for limit in (3, 12, None):
        before = max(node.run_state.run for node in nodes)
        space.cycle_limit = limit
        nodes[0]["a"] = 0
        await engine.wait_idle()
        ran.append(stopped(nodes)[0] - before)
    assert ran == [4, 13, DEFAULT_LAP_LIMIT + 1]


async def test_a_node_that_goes_round_by_itself_is_stopped_too(engine: Engine) -> None:
    space = NodeSpace()
    space.cycle_limit = 4
    nodes = round_in(space, "self")
    nodes[0]["a"] = 0
    await engine.wait_idle()
    assert (stopped(nodes)[0], nodes[0].outputs["out"].value) == (5, 4)


async def test_who_stands_behind_a_stopped_cycle_is_shown_as_blocked(engine: Engine) -> None:
    """Also who was marked when it was stopped: it runs with what came last, which is nothing to rely on."""
    space = NodeSpace()
    space.cycle_limit = 7
    cycle, (after, last) = round_in(space, "one", "two"), [inc(), inc()]
    after.inputs["a"].connect(cycle[1].outputs["out"])
    last.inputs["a"].connect(after.outputs["out"])
    cycle[0]["a"] = 0
    await engine.wait_idle()
    blocker = next(node for node in cycle if node.run_state.status == "failed")
    others = [node for node in (*cycle, after, last) if node is not blocker]
    assert [(n.run_state.status, n.run_state.blocked_by) for n in others] == [("blocked", blocker.uuid)] * 3
    assert last.outputs["out"].value == cycle[1].outputs["out"].value + 2

    cycle[0].inputs["a"].disconnect()
    cycle[0]["a"] = 0
    await engine.wait_idle()
    assert {node.run_state.status for node in (*cycle, after, last)} == {"idle"}


async def test_it_is_saved_with_the_graph() -> None:
    space, again = NodeSpace(), NodeSpace()
    space.cycle_limit = 250
    saved = json.loads(json.dumps(space.serialize()))
    assert saved["prop"] == {"cycle_limit": 250}
    again.deserialize(saved)
    assert again.cycle_limit == 250
    again.remove_property("cycle_limit")
    assert again.cycle_limit is None


@pytest.mark.parametrize(
    "wrong", [0, -1, 1.5, float("nan"), float("inf"), True, "7", None, [7], 10**30, HIGHEST_CYCLE_LIMIT + 1]
)
async def test_what_is_no_limit_is_refused(wrong: Any) -> None:
    """By the call, with what it takes; what was said before stays."""
    space = NodeSpace()
    space.cycle_limit = 9
    with pytest.raises(ValueError, match=r"'cycle_limit' .* whole number from 1 to 1000000000, not"):
        space.set_property("cycle_limit", wrong)
    assert space.cycle_limit == 9


async def test_a_file_with_a_wrong_limit_opens_all_the_same(engine: Engine) -> None:
    """With the engine's limit; what the file says is kept."""
    space = NodeSpace()
    space.deserialize({"nodes": [], "edges": [], "prop": {"cycle_limit": "many", "title": "T"}})
    assert (space.cycle_limit, space.get_property("title")) == (None, "T")
    assert space.serialize()["prop"]["cycle_limit"] == "many"
    engine.scheduler.lap_limit = 20
    nodes = round_in(space, "x", "y")
    nodes[0]["a"] = 0
    await engine.wait_idle()
    assert stopped(nodes)[0] == 21
