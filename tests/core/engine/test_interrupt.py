"""Ending a run from outside: only inside the very run that is to be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from funcnodes_core.engine import calls, interrupt
from funcnodes_core.engine.runner import Engine

from funcnodes_core import Node, NodeDecorator
from tests.core.graphs import inc
from tests.support.interrupts import handled_as_in_a_worker


@pytest.fixture
def handler() -> Iterator[list[str]]:
    """Install the handler for one test; return what was done in place of interrupting."""
    with handled_as_in_a_worker() as otherwise:
        yield otherwise


spinning = threading.Event()


@NodeDecorator("tests.spin")
def spin(a: int) -> int:
    spinning.set()
    while a:
        pass
    return a


@NodeDecorator("tests.sleep")
def sleep(a: int) -> int:
    spinning.set()
    time.sleep(a)
    return a


@NodeDecorator("tests.spin_async")
async def spin_async(a: int) -> int:
    await asyncio.sleep(0)
    spinning.set()
    while a:
        pass
    return a


def when_spinning(engine: Engine, node: Node | None = None) -> tuple[threading.Thread, list[str]]:
    """Interrupt from another thread as soon as the function runs."""
    said: list[str] = []
    spinning.clear()

    def ask() -> None:
        assert spinning.wait(10)
        said.append(engine.interrupt(node.uuid if node else None))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, said


@pytest.mark.parametrize("node_class", [spin, sleep, spin_async])
async def test_a_stuck_node_ends_with_keyboard_interrupt_and_the_graph_goes_on(
    engine: Engine, handler: list[str], node_class: Any
) -> None:
    """Pure Python, a wait in the system, and a coroutine that never lets go."""
    node, after = node_class(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    thread, said = when_spinning(engine, node)
    started = time.monotonic()
    node["a"] = 60
    await engine.wait_idle()
    thread.join()
    assert time.monotonic() - started < 10
    error = node.run_state.error
    assert error is not None
    assert (error.kind, node.run_state.status) == ("KeyboardInterrupt", "failed")
    assert "interrupted with KeyboardInterrupt" in said[0]

    node["a"] = 0
    await engine.wait_idle()
    assert (after.outputs["out"].value, handler) == (1, [])


async def test_asking_when_nothing_runs_does_nothing(engine: Engine, handler: list[str]) -> None:
    """There is nobody to be hit."""
    node = inc()
    assert (engine.interrupt(), engine.interrupt(node.uuid)) == (
        "nothing runs",
        f"node {node.uuid!r} does not run",
    )
    assert handler == []


async def test_a_signal_between_runs_hits_nobody(engine: Engine, handler: list[str]) -> None:
    """A person who presses Ctrl+C means stop, and the engine goes on until it is stopped."""
    nodes = [inc() for _ in range(200)]
    signal.raise_signal(signal.SIGINT)
    for node in nodes:
        node["a"] = 1
        signal.raise_signal(signal.SIGINT)
    await engine.wait_idle()
    assert {node.run_state.status for node in nodes} == {"idle"}
    assert handler == ["stop"] * 201


async def test_our_own_signal_that_is_handled_late_is_no_ctrl_c(engine: Engine, handler: list[str]) -> None:
    """On a busy machine the main thread may come to it long after the run has ended: the worker goes on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        thread = threading.Thread(target=interrupt._ask_main_thread)
        thread.start()
        thread.join()
        # The main thread gets no turn for a while: this is the load, not a wait for something.
        time.sleep(0.3)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)
    assert handler == []
    interrupt._last_heard -= interrupt.ECHO_S
    signal.raise_signal(signal.SIGINT)
    assert handler == ["stop"]


async def test_interrupts_never_land_outside_a_function(engine: Engine, handler: list[str]) -> None:
    """Hundreds of short runs under fire: only nodes fail, the engine itself is never hit."""

    @NodeDecorator("tests.short")
    def short(a: int) -> int:
        for _ in range(2_000):
            a += 1
        return a

    nodes = [short() for _ in range(300)]
    stop = threading.Event()

    def fire() -> None:
        while not stop.is_set():
            engine.interrupt()
            time.sleep(0.0005)

    thread = threading.Thread(target=fire)
    thread.start()
    for node in nodes:
        node["a"] = 0
    await engine.wait_idle()
    stop.set()
    thread.join()
    assert {node.run_state.status for node in nodes} <= {"idle", "failed"}
    assert {e.kind for node in nodes if (e := node.run_state.error) is not None} <= {"KeyboardInterrupt"}


async def test_a_waiting_coroutine_is_cancelled(engine: Engine) -> None:
    """It needs no signal."""

    @NodeDecorator("tests.waits_forever")
    async def waits(a: int) -> int:
        spinning.set()
        await asyncio.Event().wait()
        return a

    node = waits()
    thread, said = when_spinning(engine, node)
    node["a"] = 1
    await engine.wait_idle()
    thread.join()
    error = node.run_state.error
    assert error is not None
    assert error.kind == "CancelledError"
    assert said[0].endswith("is cancelled")


async def test_a_thread_is_asked_and_ends(engine: Engine) -> None:
    """By an exception at its next step of Python."""

    @NodeDecorator("tests.thread_spin", separate_thread=True)
    def thread_spin(a: int) -> int:
        spinning.set()
        while a:
            pass
        return a

    node = thread_spin()
    thread, said = when_spinning(engine, node)
    node["a"] = 1
    await engine.wait_idle()
    thread.join()
    error = node.run_state.error
    assert error is not None
    assert error.kind == "KeyboardInterrupt"
    assert "asked to end its thread" in said[0]


async def test_a_thread_that_does_not_end_is_left_behind(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it returns later is dropped, by the number of the run."""
    monkeypatch.setattr(interrupt, "ABANDON_AFTER_S", 0.05)
    let_go = threading.Event()

    @NodeDecorator("tests.thread_stuck", separate_thread=True)
    def stuck(a: int) -> int:
        spinning.set()
        while not let_go.is_set():
            with contextlib.suppress(KeyboardInterrupt):
                let_go.wait(1)
        return a

    node = stuck()
    thread, _ = when_spinning(engine, node)
    node["a"] = 1
    await engine.wait_idle()
    thread.join()
    assert node.run_state.status == "failed"
    let_go.set()
    node["a"] = 2
    await engine.wait_idle()
    assert (node.outputs["out"].value, node.run_state.status) == (2, "idle")


async def test_a_thread_that_raises_it_by_itself_fails_its_node_and_ends_no_program(engine: Engine) -> None:
    """Ctrl+C of a person arrives in the main thread only, so this one is the node's own."""

    @NodeDecorator("tests.raises_it_in_a_thread", separate_thread=True)
    def raises(a: int) -> int:
        raise KeyboardInterrupt

    node = raises()
    node["a"] = 1
    await engine.wait_idle()
    error = node.run_state.error
    assert (error.kind if error else None, node.run_state.status) == ("KeyboardInterrupt", "failed")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_interrupt_at_the_edge_of_a_step_reaches_the_coroutine(
    engine: Engine, handler: list[str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Just before its code goes on or just after it paused: it is closed in order, not dropped."""
    real, closed = calls._step, list[str]()

    def interrupted(*step: Any) -> Any:
        monkeypatch.setattr(calls, "_step", real)
        if moment == "after":
            real(*step)
        raise KeyboardInterrupt

    @NodeDecorator(f"tests.edge_{moment}")
    async def waits(a: int) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.append("closed")
        return a

    node = waits()
    monkeypatch.setattr(calls, "_step", interrupted)
    node["a"] = 1
    await engine.wait_idle()
    gc.collect()
    error = node.run_state.error
    assert (error.kind if error else None, closed) == (
        "KeyboardInterrupt",
        ["closed"] if moment == "after" else [],
    )


async def test_a_run_that_is_cancelled_before_its_first_step_ends(engine: Engine) -> None:
    """Its task never begins, so nothing in it could say so."""

    @NodeDecorator("tests.first_step")
    async def later(a: int) -> int:
        return a

    @NodeDecorator("tests.first_step_returned")
    def returned(a: int) -> Any:
        return later.func(None, a=a) if a else a

    for node in (later(), returned()):
        after = inc()
        node.outputs["out"].connect(after.inputs["a"])
        node["a"] = 1
        # As a turn of the engine does it: the run is taken, and its task is made.
        assert engine.drain(10)
        (run,) = engine.lasting.runs.values()
        assert not run.entered
        engine.lasting.give_up(run)
        await asyncio.wait_for(engine.wait_idle(), 10)
        assert (node.run_state.status, after.run_state.blocked_by) == ("failed", node.uuid)
        node["a"] = 0
        await asyncio.wait_for(engine.wait_idle(), 10)
        assert (node.run_state.status, after.outputs["out"].value) == ("idle", 1)
    gc.collect()


async def test_a_node_that_is_removed_before_its_runs_first_step_leaves_nothing(engine: Engine) -> None:
    @NodeDecorator("tests.removed_first")
    async def later(a: int) -> int:
        return a

    node = later()
    node["a"] = 1
    assert engine.drain(10)
    node.cleanup()
    assert not engine.lasting.runs
    await asyncio.wait_for(engine.wait_idle(), 10)
    assert node.run_state.error is None


async def test_interrupts_leave_nothing_behind(engine: Engine) -> None:
    """However often a node is ended: only the latest asking is remembered."""

    @NodeDecorator("tests.ended_often")
    async def waits(a: int) -> int:
        return await asyncio.Event().wait() or a

    node = waits()
    for value in range(20):
        node["a"] = value
        while not node.cell.lasting:
            await engine.waiting.turn()
        engine.interrupt(node.uuid)
        await engine.wait_idle()
    assert node.figures.runs == 20
    assert len(engine.lasting.interrupts._asked) <= 1
