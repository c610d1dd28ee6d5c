"""Which task carries a coroutine: one for several short ones, but none that a run could tell from its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from funcnodes_core.engine.executors import carriers
from funcnodes_core.engine.runner import Engine

from funcnodes_core import NodeDecorator
from tests.core.graphs import chain

NOTE: ContextVar[str] = ContextVar("tests_carriers_note", default="")
Deed = Callable[[], Awaitable[Any]]
_deeds: list[Deed] = []
"""What the next runs do, one each; then nothing."""
_seen: list[tuple[int, str, int]] = []
"""Of each run: its task, what it found in its context, how often its task was asked to cancel."""


@NodeDecorator("tests.carriers.doing")
async def doing(a: int) -> int:
    task: Any = asyncio.current_task()
    _seen.append((id(task), NOTE.get(), task.cancelling()))
    if _deeds:
        await _deeds.pop(0)()
    return a + 1


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Begin with nothing to do and nothing seen."""
    _deeds.clear()
    _seen.clear()
    yield
    _deeds.clear()


async def _run(engine: Engine, count: int, *deeds: Deed) -> list[Any]:
    nodes = chain(count, doing)
    _deeds.extend(deeds)
    nodes[0]["a"] = 0
    await engine.wait_idle()
    return nodes


async def _nothing() -> None: ...


def _me() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def test_short_coroutines_share_a_task_that_nobody_knows(engine: Engine) -> None:
    """Otherwise each takes a task and a round of the loop."""
    nodes = await _run(engine, 20)

    assert nodes[-1].outputs["out"].value == 20
    # A slice may end on the way, on a busy machine more than once.
    assert len({task for task, _, _ in _seen}) <= 5


async def test_a_task_that_someone_holds_carries_no_other_run(engine: Engine) -> None:
    """Cancelling it later does not hit the next run, and its end is told when the run is over."""
    kept: list[asyncio.Task[Any]] = []
    ended: list[int] = []

    async def keep() -> None:
        kept.append(_me())

    async def listen() -> None:
        _me().add_done_callback(lambda _task: ended.append(len(_seen)))

    async def cancel_the_first() -> None:
        kept[0].cancel()
        await asyncio.sleep(0)

    nodes = await _run(engine, 5, keep, cancel_the_first, listen)

    assert [node.run_state.status for node in nodes] == ["idle"] * 5
    assert nodes[-1].outputs["out"].value == 5
    assert kept[0].done()
    assert not kept[0].cancelled()
    tasks = [task for task, _, _ in _seen]
    assert tasks[0] not in tasks[1:]
    assert ended


async def test_a_node_that_cancels_itself_hits_no_other(engine: Engine) -> None:
    """Neither when it never pauses again, nor when it takes the cancelling back."""

    async def cancel() -> None:
        _me().cancel()

    async def cancel_and_take_back() -> None:
        _me().cancel()
        _me().uncancel()

    async def pause() -> None:
        await asyncio.sleep(0)

    nodes = await _run(engine, 6, cancel, pause, cancel_and_take_back, pause)

    assert nodes[-1].outputs["out"].value == 6
    assert [node.run_state.status for node in nodes] == ["idle"] * 6
    assert [asked for _, _, asked in _seen] == [0] * 6


async def test_what_a_run_sets_in_its_context_no_other_sees(engine: Engine) -> None:
    """Also across a pause, and a token can be given back."""

    async def write() -> None:
        NOTE.set("mine")

    async def write_and_pause() -> None:
        token = NOTE.set("for a while")
        await asyncio.sleep(0)
        assert NOTE.get() == "for a while"
        NOTE.reset(token)
        assert await asyncio.create_task(_noted()) == ""

    await _run(engine, 5, write, write_and_pause)

    assert [note for _, note, _ in _seen] == [""] * 5
    assert NOTE.get() == ""


async def _noted() -> str:
    return NOTE.get()


async def test_a_timeout_inside_ends_only_what_is_inside(engine: Engine) -> None:
    """`asyncio.timeout` cancels the task that carries the run, and takes it back."""
    late: list[str] = []

    async def too_long() -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            late.append("late")

    async def in_time() -> None:
        async with asyncio.timeout(10):
            late.append("in time")
            await _nothing()

    nodes = await _run(engine, 6, _nothing, too_long, in_time, too_long)

    assert late == ["late", "in time", "late"]
    assert nodes[-1].outputs["out"].value == 6


async def test_runs_beside_one_that_waits_are_carried_by_others(engine: Engine) -> None:
    """And each is given up alone, also before its first step."""
    gate = asyncio.Event()
    nodes = [doing() for _ in range(4)]

    async def open_the_gate() -> None:
        gate.set()

    _deeds.extend([gate.wait, open_the_gate])
    for node in nodes:
        node["a"] = 0
    assert engine.drain(10)
    for n in (1, 3):
        engine.lasting.give_up(engine.lasting.runs[nodes[n].cell.index])
    await engine.wait_idle()

    assert [node.outputs["out"].value for node in (nodes[0], nodes[2])] == [1, 1]
    assert [nodes[n].run_state.status for n in (1, 3)] == ["failed"] * 2
    assert len(_seen) == 2


async def test_tasks_cancelled_before_their_first_step_fail_their_runs(engine: Engine) -> None:
    """Whoever cancels all tasks leaves none that waits for ever."""
    node, other = doing(), doing()
    node["a"], other["a"] = 0, 0
    assert engine.drain(10)
    for task in asyncio.all_tasks() - {_me()}:
        task.cancel()
    await engine.wait_idle()
    assert [n.run_state.status for n in (node, other)] == ["failed"] * 2

    node["a"] = 1
    await engine.wait_idle()
    assert node.outputs["out"].value == 2


async def test_the_loop_gets_its_turn_during_a_long_chain(engine: Engine) -> None:
    """Short coroutines in a row keep the thread for a slice at most."""
    rounds = 0

    async def count() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    nodes = await _run(engine, 3000)
    counting.cancel()

    assert nodes[-1].outputs["out"].value == 3000
    assert rounds > 2


async def test_a_run_that_pauses_in_its_first_step_is_carried_on(engine: Engine) -> None:
    """It holds its descendants back from then on, and is shown as running."""
    gate = asyncio.Event()
    nodes = chain(4, doing)
    _deeds.extend([_nothing, gate.wait])
    nodes[0]["a"] = 0
    nodes[3]["a"] = 0
    await engine.waiting.turn()
    while len(_seen) < 2:  # noqa: ASYNC110 - rounds of the loop are what is waited for
        await asyncio.sleep(0)

    assert nodes[1].run_state.status == "running"
    assert nodes[3].run_state.status == "marked", "it waits for its ancestor"
    gate.set()
    await engine.wait_idle()
    assert nodes[3].outputs["out"].value == 4
    assert len(_seen) == 4


async def test_a_node_that_removes_itself_and_pauses_keeps_nobody(engine: Engine) -> None:
    """Its run is cancelled at its pause; the others go on."""
    nodes = chain(3, doing)
    ended: list[str] = []

    async def leave() -> None:
        engine.dismiss(nodes[1].cell)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    _deeds.extend([_nothing, leave])
    nodes[0]["a"] = 0
    async with asyncio.timeout(10):
        await engine.wait_idle()
        while not ended:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    other = doing()
    other["a"] = 1
    await engine.wait_idle()

    assert ended == ["cancelled"]
    assert other.outputs["out"].value == 2
    assert engine.idle


async def test_where_nobody_can_tell_who_knows_a_task_each_run_has_its_own(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an interpreter that lacks what CPython tells: slower, and as right."""
    monkeypatch.setattr(carriers, "can_tell_who_knows", lambda _task: False)
    made = _count_tasks(engine)
    nodes = await _run(engine, 20)
    assert (len(made), nodes[-1].outputs["out"].value) == (20, 20)


async def test_tasks_of_another_kind_are_not_shared(engine: Engine) -> None:
    """A task factory may make what only behaves like a task."""

    class Other:
        """Knows what a task must, and nothing that only asyncio's own knows."""

    assert carriers.can_tell_who_knows(_me())
    assert not carriers.can_tell_who_knows(Other())


def _count_tasks(engine: Engine) -> list[asyncio.Task[Any]]:
    made: list[asyncio.Task[Any]] = []

    def make(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
        made.append(asyncio.Task(work, loop=loop, **named))
        return made[-1]

    engine.loop.set_task_factory(make)
    return made
