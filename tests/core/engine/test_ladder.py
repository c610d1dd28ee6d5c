"""The ladder of ending a run, each rung for each executor: waiting, running, refusing, native, late."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.engine import interrupt
from funcnodes_core.engine.runner import Engine
from funcnodes_core.engine.states import RunError

from funcnodes_core import Node, NodeDecorator
from tests.core.graphs import inc
from tests.support.interrupts import handled_as_in_a_worker


@pytest.fixture(autouse=True)
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the handler as a worker does, with short limits; leave no process behind."""
    monkeypatch.setattr(interrupt, "ABANDON_AFTER_S", 0.05)
    with handled_as_in_a_worker():
        yield


# --- what each executor is given to do ------------------------------------------------------------
# A folder that appears says that the function runs; no name for one means: return at once.
def spins(told: str) -> int:
    if told:
        Path(told).mkdir()  # in one step: an interrupt leaves no open file
    while told:
        pass
    return 5


async def waits(told: str) -> int:
    if told:
        Path(told).mkdir()  # in one step: an interrupt leaves no open file
        await asyncio.Event().wait()
    return 5


def yields(told: str) -> Iterator[int]:
    if told:
        Path(told).mkdir()  # in one step: an interrupt leaves no open file
    while told:
        pass
    yield 5


async def yields_later(told: str) -> AsyncIterator[int]:
    if told:
        Path(told).mkdir()  # in one step: an interrupt leaves no open file
        await asyncio.Event().wait()
    yield 5


@dataclass(frozen=True)
class Executor:
    """Where a function runs, and what ends it there."""

    function: Callable[..., Any]
    options: dict[str, Any]
    said: str
    kind: str
    """The class of the error that an interrupt leaves on the node."""
    done: str
    """What its message says was done."""

    def make(self, name: str, **more: Any) -> Node:
        return NodeDecorator(f"tests.ladder.{name}", **self.options, **more)(self.function)()


SPUN = "is interrupted with KeyboardInterrupt", "KeyboardInterrupt", "the run was interrupted"
WAITED = "is cancelled", "CancelledError", "the run was cancelled"
THREADED = "is asked to end its thread", "KeyboardInterrupt", "the run was interrupted"
SENT = "its process is killed", "CancelledError", "its process was killed"
EXECUTORS = {
    "inline": Executor(spins, {}, *SPUN),
    "coroutine": Executor(waits, {}, *WAITED),
    "thread": Executor(spins, {"separate_thread": True}, *THREADED),
    "process": Executor(spins, {"separate_process": True}, *SENT),
    "generator": Executor(yields, {}, *SPUN),
    "async generator": Executor(yields_later, {}, *WAITED),
    "generator in a thread": Executor(yields, {"separate_thread": True}, *THREADED),
}
EACH = pytest.mark.parametrize("name", EXECUTORS)


def when(ready: Callable[[], object], act: Callable[[], str]) -> tuple[threading.Thread, list[str]]:
    """Act from another thread as soon as something is so: the graph's own may be spinning."""
    said: list[str] = []

    def wait_and_act() -> None:
        limit = time.monotonic() + 20
        while not ready():
            assert time.monotonic() < limit
            time.sleep(0.002)
        said.append(act())

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread, said


async def settle(engine: Engine) -> None:
    await asyncio.wait_for(engine.wait_idle(), 30)


async def runs_again(engine: Engine, node: Node, after: Node) -> None:
    """The node is as good as new, and so is what follows it."""
    node["told"] = ""
    await settle(engine)
    assert (node.run_state.status, node.run_state.error) == ("idle", None)
    assert (node.outputs["out"].value, after.outputs["out"].value) == (5, 6)
    assert after.run_state.status == "idle"


def ends(engine: Engine, node: Node, kind: str) -> RunError:
    error = node.run_state.error
    assert error is not None
    assert (error.kind, node.run_state.status) == (kind, "failed")
    assert not engine.lasting.runs
    return error


@EACH
async def test_a_run_is_ended_where_it_runs(engine: Engine, tmp_path: Path, name: str) -> None:
    """Its node says what happened, those below are blocked by it, others compute, and it can run again."""
    executor = EXECUTORS[name]
    node, after, other = executor.make(f"running.{name}"), inc(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    told = tmp_path / "told"
    pauses = executor.said == "is cancelled"
    thread, said = when(
        lambda: told.exists() and not (pauses and engine.current), lambda: engine.interrupt(node.uuid)
    )
    node["told"] = str(told)
    other["a"] = 1
    await settle(engine)
    thread.join()
    assert executor.said in said[0]
    assert said[0].startswith(node.name)
    error = ends(engine, node, executor.kind)
    assert error.message == (
        f"{executor.done}. Its outputs keep what they have; change an input or run the node to try again"
    )
    assert (after.run_state.blocked_by, other.outputs["out"].value) == (node.uuid, 2)
    await runs_again(engine, node, after)


@EACH
async def test_a_run_that_waits_before_it_begins_is_ended(engine: Engine, name: str) -> None:
    """Its function is never called."""
    executor = EXECUTORS[name]
    node, after = executor.make(f"delayed.{name}"), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node.pretrigger_delay = 600
    node["told"] = "/nowhere/at/all"
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert node.run_state.status == "marked"
    assert engine.interrupt(node.uuid) == f"{node.name} is cancelled"
    await settle(engine)
    ends(engine, node, "CancelledError")
    node.pretrigger_delay = 0
    await runs_again(engine, node, after)


@EACH
async def test_a_node_that_waits_for_its_turn_gives_its_mark_back(engine: Engine, name: str) -> None:
    """It is held back by a slow ancestor; what comes later marks it again."""
    gate = asyncio.Event()

    @NodeDecorator(f"tests.ladder.slow.{name}")
    async def slow(a: int) -> int:
        await gate.wait()
        if a < 0:
            raise ValueError("below zero")
        return a

    executor = EXECUTORS[name]
    first, node, after = slow(), executor.make(f"held.{name}"), inc()
    node.outputs["out"].connect(after.inputs["a"])
    first.outputs["_triggeroutput"].connect(node.inputs["_triggerinput"])
    first["a"] = -1
    node["told"] = ""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert node.run_state.status == "marked"
    waiter = asyncio.ensure_future(engine.waiting.until_over(node.cell))
    await asyncio.sleep(0)
    assert "waited for its turn" in engine.interrupt(node.uuid)
    await asyncio.wait_for(waiter, 10)
    gate.set()
    await settle(engine)
    assert node.run_state.run == 0
    first["a"] = 1
    await settle(engine)
    assert after.outputs["out"].value == 6


@EACH
async def test_a_run_over_its_limit_is_ended_the_same_way(engine: Engine, tmp_path: Path, name: str) -> None:
    """The error names the limit and says what was done."""
    executor = EXECUTORS[name]
    node, after = executor.make(f"limit.{name}", time_limit_s=0.2), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node["told"] = str(tmp_path / "told")
    await settle(engine)
    error = ends(engine, node, "RunTookTooLong")
    done = executor.done.replace("the run", "it")
    if "thread" in name:
        done = "its thread was asked to end"
    assert error.message == (
        f"{node.name} took longer than its limit of 0.2 s: {done}. Its outputs keep what they have; "
        "give it less to do, or raise its time_limit_s"
    )
    node.time_limit_s = 600
    await runs_again(engine, node, after)


# --- who refuses ----------------------------------------------------------------------------------
class Refusing:
    """Functions that catch what is to end them, `times` times."""

    def __init__(self, times: int) -> None:
        self.times, self.caught, self.runs, self.let_go = times, 0, threading.Event(), threading.Event()
        self.gives_in, self.let_loop_go = False, asyncio.Event()

    def spins(self, a: int) -> int:
        while a:
            try:
                self.runs.set()
                while not self.let_go.is_set():
                    pass
                return a
            except BaseException:
                self.caught += 1
                if self.caught > self.times:
                    raise
                if self.gives_in:
                    return a
        return a

    async def waits(self, a: int) -> int:
        while a:
            try:
                self.runs.set()
                await self.let_loop_go.wait()
                return a
            except asyncio.CancelledError:
                self.caught += 1
                if self.caught > self.times:
                    raise
                if self.gives_in:
                    return a
        return a

    def yields(self, a: int) -> Iterator[int]:
        yield self.spins(a)

    async def yields_later(self, a: int) -> AsyncIterator[int]:
        yield await self.waits(a)


def refusing(name: str, times: int) -> tuple[Refusing, Node, Node]:
    refuses, after = Refusing(times), inc()
    function = {
        "inline": refuses.spins,
        "coroutine": refuses.waits,
        "thread": refuses.spins,
        "generator": refuses.yields,
        "async generator": refuses.yields_later,
        "generator in a thread": refuses.yields,
    }[name]

    def plain(a: int) -> Any:
        return function(a)

    async def later(a: int) -> Any:
        return await function(a)

    def stream(a: int) -> Any:
        yield from function(a)

    async def later_stream(a: int) -> Any:
        async for item in function(a):
            yield item

    by_name: dict[str, Any] = {"coroutine": later, "async generator": later_stream}
    given = by_name.get(name, stream if "generator" in name else plain)
    options = {"separate_thread": True} if "thread" in name else {}
    node = NodeDecorator(f"tests.ladder.refuses.{name}.{times}", **options)(given)()
    node.outputs["out"].connect(after.inputs["a"])
    return refuses, node, after


@pytest.mark.parametrize("name", ["inline", "generator"])
async def test_who_catches_the_interrupt_in_the_graphs_thread_is_asked_again(
    engine: Engine, name: str
) -> None:
    """Until it ends, or the asking does."""
    refuses, node, _ = refusing(name, times=2)
    thread, said = when(refuses.runs.is_set, lambda: engine.interrupt(node.uuid))
    node["a"] = 1
    await settle(engine)
    thread.join()
    assert (refuses.caught, "KeyboardInterrupt" in said[0]) == (3, True)
    ends(engine, node, "KeyboardInterrupt")
    node["a"] = 0
    await settle(engine)
    assert node.run_state.error is None


@pytest.mark.parametrize("name", ["coroutine", "async generator", "thread", "generator in a thread"])
async def test_who_catches_it_elsewhere_is_left_behind(engine: Engine, name: str) -> None:
    """Its node fails and says so, and runs again; what the old run returns is dropped by its number."""
    refuses, node, after = refusing(name, times=1000)
    thread, _ = when(refuses.runs.is_set, lambda: engine.interrupt(node.uuid))
    node["a"] = 1
    await settle(engine)
    thread.join()
    error = node.run_state.error
    assert error is not None
    assert error.kind == "CancelledError"
    how = "asked, so its thread" if "thread" in name else "cancelled, so it"
    assert error.message == (
        f"it did not end when {how} was left behind, and what it gives later is dropped. "
        "Its outputs keep what they have; change an input or run the node to try again"
    )
    assert after.run_state.blocked_by == node.uuid
    number = node.run_state.run

    node["a"] = 0
    await settle(engine)
    assert (node.outputs["out"].value, after.outputs["out"].value) == (0, 1)
    refuses.let_go.set()
    refuses.let_loop_go.set()
    late = [t for t in threading.enumerate() if t.name.startswith("run of")]
    await asyncio.to_thread(lambda: [t.join(10) for t in late])
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait([task], timeout=10)
    assert (node.outputs["out"].value, after.outputs["out"].value) == (0, 1)
    assert (node.run_state.status, node.run_state.run) == ("idle", number + 1)


@pytest.mark.parametrize("name", ["inline", "coroutine", "thread", "generator", "async generator"])
async def test_who_catches_it_and_returns_has_simply_run(engine: Engine, name: str) -> None:
    """A function may tidy up and give what it has."""
    refuses, node, after = refusing(name, times=1000)

    refuses.gives_in = True
    thread, _ = when(refuses.runs.is_set, lambda: engine.interrupt(node.uuid))
    node["a"] = 1
    await settle(engine)
    thread.join()
    assert (node.run_state.status, after.outputs["out"].value) == ("idle", 2)


# --- native code ----------------------------------------------------------------------------------
NATIVE_S = 0.4


async def test_native_code_in_the_graphs_thread_ends_when_it_returns(engine: Engine) -> None:
    """The sentence says so beforehand."""
    runs = threading.Event()

    @NodeDecorator("tests.ladder.native")
    def native(a: int) -> int:
        runs.set()
        until = time.perf_counter() + NATIVE_S * a
        while time.perf_counter() < until:
            sum(range(2_000_000))
        return a

    node = native()
    thread, said = when(runs.is_set, lambda: engine.interrupt(node.uuid))
    node["a"] = 100
    await settle(engine)
    thread.join()
    assert said[0].endswith("if it is inside native code, it ends only when that code returns")
    ends(engine, node, "KeyboardInterrupt")


async def test_a_thread_in_native_code_is_left_behind(engine: Engine) -> None:
    """Its node is free at once."""
    lock = threading.Lock()
    lock.acquire()
    runs = threading.Event()

    @NodeDecorator("tests.ladder.native_thread", separate_thread=True)
    def native(a: int) -> int:
        if a:
            runs.set()
            with lock:
                pass
        return a

    node = native()
    thread, _ = when(runs.is_set, lambda: engine.interrupt(node.uuid))
    node["a"] = 1
    await settle(engine)
    thread.join()
    error = node.run_state.error
    assert error is not None
    assert "its thread was left behind" in error.message
    node["a"] = 0
    await settle(engine)
    assert node.outputs["out"].value == 0
    lock.release()


async def test_a_process_in_native_code_is_killed(engine: Engine, tmp_path: Path) -> None:
    """At once, whatever it is in the middle of."""
    node = NodeDecorator("tests.ladder.native_process", separate_process=True)(_sleeps_long)()
    told = tmp_path / "told"
    thread, said = when(told.exists, lambda: engine.interrupt(node.uuid))
    node["told"] = str(told)
    await settle(engine)
    thread.join()
    assert said == [f"{node.name} is ended: its process is killed"]
    ends(engine, node, "CancelledError")


def _sleeps_long(told: str) -> int:
    Path(told).mkdir()  # in one step: an interrupt leaves no open file
    time.sleep(600)
    return 1


def test_the_figures_are_those_of_the_design() -> None:
    """A thread is asked, and left behind after five seconds; an interrupt is repeated as long."""
    text = Path(interrupt.__file__).read_text()
    assert "ABANDON_AFTER_S = 5.0" in text
    assert "ASK_FOR_S = 5.0" in text
