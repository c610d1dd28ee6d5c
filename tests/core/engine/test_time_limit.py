"""A run that takes longer than its node's limit is ended by the ladder of an interrupt, and says how."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from funcnodes_core.engine import interrupt
from funcnodes_core.engine.runner import Engine
from funcnodes_core.exceptions import RunTookTooLong

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput
from tests.core.graphs import nap
from tests.support.interrupts import handled_as_in_a_worker

LIMIT = 0.1


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Install the handler as a worker does; leave no process behind."""
    with handled_as_in_a_worker():
        yield


def spins(a: int) -> int:
    while a:
        pass
    return a


def sleeps(a: int) -> None:
    time.sleep(60 * a)


async def spins_in_coroutine(a: int) -> int:
    await asyncio.sleep(0)
    while a:
        pass
    return a


async def waits(a: int) -> int:
    if a:
        await asyncio.Event().wait()
    return a


async def waits_again_and_again(a: int) -> int:
    while a:
        await nap()
    return a


def yields_and_spins(a: int) -> Iterator[int]:
    yield a
    while a:
        pass


async def yields_and_waits(a: int) -> AsyncIterator[int]:
    yield a
    if a:
        await asyncio.Event().wait()


RUNGS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "inline": (spins, {}, ": it was interrupted"),
    "inline sleep": (sleeps, {}, ": it was interrupted"),
    "coroutine that spins": (spins_in_coroutine, {}, ": it was interrupted"),
    "coroutine": (waits, {}, ": it was cancelled"),
    "coroutine in steps": (waits_again_and_again, {}, ""),
    "thread": (spins, {"separate_thread": True}, ": its thread was asked to end"),
    "process": (spins, {"separate_process": True}, ": its process was killed"),
    "stream": (yields_and_spins, {}, ": it was interrupted"),
    "stream of a coroutine": (yields_and_waits, {}, ": it was cancelled"),
    "stream of a thread": (yields_and_spins, {"separate_thread": True}, ": its thread was asked to end"),
}


@pytest.mark.parametrize("rung", RUNGS)
async def test_a_run_that_takes_too_long_is_ended_where_it_runs(engine: Engine, rung: str) -> None:
    """And the next one, which is quick, is good."""
    function, options, done = RUNGS[rung]
    node = NodeDecorator(f"tests.limit.{rung}", time_limit_s=LIMIT, **options)(function)()
    started = time.monotonic()
    node["a"] = 1
    with pytest.raises(Exception, match=r"took longer than its limit of 0\.1 s") as caught:
        await node
    assert time.monotonic() - started < 30
    assert isinstance(caught.value.__cause__, RunTookTooLong)
    error = node.run_state.error
    assert error is not None
    assert error.kind == "RunTookTooLong"
    assert done in error.message

    node.time_limit_s = 60
    node["a"] = 0
    await node
    assert (node.run_state.status, node.run_state.error) == ("idle", None)


async def test_a_thread_that_does_not_end_is_left_behind(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says so."""
    monkeypatch.setattr(interrupt, "ABANDON_AFTER_S", 0.05)
    let_go = threading.Event()

    @NodeDecorator("tests.limit.stuck", separate_thread=True, time_limit_s=LIMIT)
    def stuck(a: int) -> int:
        while not let_go.is_set():
            with contextlib.suppress(KeyboardInterrupt):
                let_go.wait(1)
        return a

    node = stuck()
    node["a"] = 1
    with pytest.raises(Exception, match=r"took longer than .* its thread was left behind"):
        await node
    let_go.set()


async def test_who_gives_a_result_all_the_same_has_run(engine: Engine) -> None:
    """It may tidy up when it is cancelled, and give what it has; a notice says that it took too long."""

    @NodeDecorator("tests.limit.tidies_up", time_limit_s=LIMIT)
    async def tidies_up(a: int) -> int:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return a

    node = tidies_up(name="tidy")
    node["a"] = 3
    await node
    assert (node.outputs["out"].value, node.run_state.status) == (3, "idle")
    assert node.run_state.notice == (
        "tidy took longer than its limit of 0.1 s: it was cancelled, and gave a result all the same"
    )


async def test_the_limit_is_said_by_class_decorator_or_node(engine: Engine) -> None:
    class Limited(Node):
        node_id = "tests.limit.class"
        time_limit_s = 5  # type: ignore[assignment]
        a = NodeInput(id="a", type=int)
        out = NodeOutput(id="out", type=int)

        async def func(self, a: int) -> None:
            await asyncio.sleep(a)

    node = Limited()
    assert node.time_limit_s == 5
    node.time_limit_s = LIMIT
    node["a"] = 60
    with pytest.raises(Exception, match="it was cancelled"):
        await node
    assert (Limited().time_limit_s, NodeDecorator("tests.limit.none")(spins)().time_limit_s) == (5, None)
    for wrong in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="above zero"):
            node.time_limit_s = wrong
        with pytest.raises(ValueError, match="above zero"):
            NodeDecorator(f"tests.limit.wrong{wrong}", time_limit_s=wrong)(spins)


async def test_a_run_within_its_limit_is_not_touched(engine: Engine) -> None:
    """Also when many follow each other; no clock stays behind."""

    @NodeDecorator("tests.limit.quick", time_limit_s=30)
    def quick(a: int) -> int:
        return a + os.getpid() * 0

    node = quick()
    for i in range(50):
        node["a"] = i
        await node
    assert (node.outputs["out"].value, node.run_state.notice) == (49, None)


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), 1e12, "1", [1]], ids=str)
async def test_a_limit_that_no_clock_can_keep_is_refused(limit: Any) -> None:
    """On a node, by the decorator and in a class: the sentence says what to write."""
    sentence = "time_limit_s is a number of seconds above zero"
    node = NodeDecorator(f"tests.limit.plain.{limit}")(spins)()
    with pytest.raises(ValueError, match=sentence):
        node.time_limit_s = limit
    assert node.time_limit_s is None
    with pytest.raises(ValueError, match=sentence):
        NodeDecorator("tests.limit.refused", time_limit_s=limit)(spins)
