"""A node whose outputs are there already is asked before its next run, and once only."""

from __future__ import annotations

import pytest
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.node.node import Node

import funcnodes_core as fn


@fn.NodeDecorator("spared.plain")
def plain(x: int) -> int:
    """Return one more."""
    return x + 1


@fn.NodeDecorator("spared.thread", separate_thread=True)
def threaded(x: int) -> int:
    """Return one more, from a thread."""
    return x + 1


@pytest.fixture(params=[plain, threaded])
def node(request: pytest.FixtureRequest) -> type[Node]:
    return request.param


async def test_a_node_that_is_let_off_does_not_run_and_who_waits_goes_on(node: type[Node]) -> None:
    one, engine = node(), current_engine()
    asked: list[bool] = []
    engine.lasting.ask_before(one.cell, lambda: not asked.append(True))
    one["x"] = 1
    await engine.wait_idle()
    await engine.wait_idle()
    assert (one.run_state.status, one.figures.runs, asked) == ("idle", 0, [True])
    assert one["out"].value is fn.NoValue
    one["x"] = 2
    await engine.wait_idle()
    assert (one["out"].value, one.figures.runs, asked) == (3, 1, [True])


async def test_a_node_that_is_not_let_off_runs_as_ever(node: type[Node]) -> None:
    one, engine = node(), current_engine()
    engine.lasting.ask_before(one.cell, lambda: False)
    one["x"] = 1
    await one
    assert one["out"].value == 2


async def test_whoever_asks_by_force_gets_a_run(node: type[Node]) -> None:
    one, engine = node(), current_engine()
    one["x"] = 1
    await engine.wait_idle()
    engine.lasting.ask_before(one.cell, lambda: True)
    await one.trigger()
    assert one.figures.runs == 2
