"""`node.figures`: how often a node ran, how long it took, how long it waited, and why it ran."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine
from funcnodes_core.engine.states import ASKED_BY_USER, RunFigures

from funcnodes_core import Node, NodeDecorator, NodeSpace
from tests.core.graphs import add, chain, fail, inc


@NodeDecorator("tests.sleeping")
def sleeping(a: float) -> float:
    time.sleep(a)
    return a


@NodeDecorator("tests.sleeping_coroutine")
async def sleeping_coroutine(a: float) -> float:
    await asyncio.sleep(a)
    return a


@NodeDecorator("tests.sleeping_thread", separate_thread=True)
def sleeping_thread(a: float) -> float:
    time.sleep(a)
    return a


@NodeDecorator("tests.sleeping_process", separate_process=True)
def sleeping_process(a: float) -> float:
    time.sleep(a)
    return a


def test_a_node_that_never_ran_has_no_figures() -> None:
    """No loop, no run."""
    assert add().figures == RunFigures(0, 0.0, 0.0, 0.0, "")


@pytest.mark.alone
@pytest.mark.parametrize("kind", [sleeping, sleeping_coroutine, sleeping_thread, sleeping_process])
async def test_figures_tell_count_and_times(engine: Engine, kind: Any) -> None:
    """Wherever the function runs, the time is that of its call."""
    node: Node = kind()
    begun = time.perf_counter()
    for seconds in (0.05, 0.02):
        node["a"] = seconds
        await engine.wait_idle()
    spent = time.perf_counter() - begun

    figures = node.figures
    assert (figures.runs, figures.reason) == (2, "input `a` changed")
    assert 0.02 <= figures.last_s < 0.05 or figures.last_s < figures.total_s / 2
    assert 0.07 <= figures.total_s < spent
    assert 0 <= figures.queue_s < spent


@pytest.mark.alone
async def test_waiting_for_its_turn_is_queue_time(engine: Engine) -> None:
    """Two nodes are marked at once; the second waits while the first computes."""
    first, second = sleeping(), inc()
    first["a"] = 0.05
    second["a"] = 1
    await engine.wait_idle()

    assert first.figures.queue_s < 0.05 <= second.figures.queue_s
    assert second.figures.last_s < 0.05


@pytest.mark.alone
async def test_waiting_for_a_thread_is_queue_time(engine: Engine) -> None:
    """No thread is free: the function has not been called yet."""
    # One thread instead of 32, to be quick.
    engine.lasting.work.threads = asyncio.Semaphore(1)
    nodes = [sleeping_thread() for _ in range(2)]
    for node in nodes:
        node["a"] = 0.05
    await engine.wait_idle()

    assert sorted(node.figures.queue_s >= 0.05 for node in nodes) == [False, True]
    assert nodes[1].figures.last_s < 0.05 + nodes[1].figures.queue_s


@pytest.mark.alone
async def test_time_before_the_run_is_no_time_of_the_function(engine: Engine) -> None:
    """A delay before the run counts as waiting."""
    node = inc(pretrigger_delay=0.05)
    node["a"] = 1
    await engine.wait_idle()

    assert node.figures.last_s < 0.05 <= node.figures.queue_s


async def test_the_reason_is_the_input_that_came_first(engine: Engine) -> None:
    """Two inputs, one run: the one that started it is named."""
    node = add()
    node["a"] = 1
    node["b"] = 1
    await engine.wait_idle()
    assert node.figures.reason == "input `b` changed", "with `a` alone the node was not ready"

    node["a"] = 2
    node["b"] = 2
    await engine.wait_idle()

    assert (node.figures.runs, node.figures.reason) == (2, "input `a` changed")


async def test_the_reason_names_who_asked(engine: Engine) -> None:
    """Users, code, making, opening: each is said."""
    node = inc()
    node["a"] = 1
    await engine.wait_idle()
    said = [node.figures.reason]
    node.request_trigger()
    await node
    said.append(node.figures.reason)
    node.ask_for_run(ASKED_BY_USER)
    await engine.wait_idle()
    said.append(node.figures.reason)
    await node.trigger()
    said.append(node.figures.reason)

    assert said == ["input `a` changed", "asked by code", "asked by user", "asked by code"]
    assert node.figures.runs == 4


async def test_a_node_made_ready_and_one_read_from_a_file_say_so(engine: Engine) -> None:
    """Nobody asked for these runs."""

    @NodeDecorator("tests.ready_made")
    def ready_made(a: int = 1) -> int:
        return a

    node = ready_made()
    space, other = NodeSpace(), NodeSpace()
    space.add_node_instance(node)
    await engine.wait_idle()
    other.deserialize(space.serialize())
    await engine.wait_idle()

    again = other.get_node_by_id(node.uuid)
    assert (node.figures.reason, again.figures.reason) == ("made with all it needs", "the graph was opened")
    assert (node.figures.runs, again.figures.runs) == (1, 1)


async def test_a_queued_run_has_a_reason_of_its_own(engine: Engine) -> None:
    """What arrives while a node runs does not change why the present run came."""
    node = sleeping_coroutine()
    node["a"] = 0.01
    while not node.cell.lasting:
        await engine.waiting.turn()
    node.ask_for_run(ASKED_BY_USER)
    node["a"] = 0.02
    present = node.figures
    await engine.wait_idle()

    assert (present.runs, present.reason) == (0, "input `a` changed")
    assert (node.figures.runs, node.figures.reason) == (2, "asked by user")
    assert node.figures.queue_s < 5


async def test_failed_and_cancelled_runs_count(engine: Engine) -> None:
    """A run that raised was a run; one that waited for a thread in vain took no time."""
    bad = fail()
    bad["a"] = -1
    await engine.wait_idle()
    assert (bad.figures.runs, bad.figures.reason) == (1, "input `a` changed")
    assert 0 < bad.figures.last_s == bad.figures.total_s

    slow = inc(pretrigger_delay=30)
    slow["a"] = 1
    while not slow.cell.lasting:
        await engine.waiting.turn()
    engine.interrupt(slow.uuid)
    await engine.wait_idle()
    assert (slow.figures.runs, slow.figures.last_s) == (1, 0.0)


async def test_a_chain_names_the_edge_that_brought_the_change(engine: Engine) -> None:
    """Through an edge a value arrives at an input: that one is named."""
    nodes = chain(3)
    nodes[0].request_trigger()
    nodes[0]["a"] = 1
    await engine.wait_idle()

    assert [node.figures.reason for node in nodes] == ["input `a` changed"] * 3
    assert [node.figures.runs for node in nodes] == [1, 1, 1]


async def test_a_value_from_another_thread_gives_the_same_reason(engine: Engine) -> None:
    """What a thread sets is handed to the graph's thread, and the reason with it."""
    node = inc()
    node["a"] = 1
    await engine.wait_idle()
    thread = threading.Thread(target=node.ask_for_run, args=(ASKED_BY_USER,))
    thread.start()
    thread.join()
    await engine.waiting.turn()
    await engine.wait_idle()

    assert (node.figures.runs, node.figures.reason) == (2, "asked by user")
