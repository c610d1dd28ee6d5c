"""Runs of living nodes: when they start, what they leave, how they end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine
from funcnodes_core.exceptions import CycleRunsAway, InTriggerError

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput, NodeTriggerError, run_until_complete
from tests.core.graphs import add, chain, fail, inc, nap, source


class Recording(Node):
    """Notes what it is called with, and waits for a gate."""

    node_id = "tests.recording"
    x = NodeInput(id="x", type=int)
    out = NodeOutput(id="out", type=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.seen: list[int] = []
        self.started, self.gate = asyncio.Event(), asyncio.Event()
        super().__init__(*args, **kwargs)

    async def func(self, x: int) -> None:
        self.seen.append(x)
        self.started.set()
        await self.gate.wait()
        self.outputs["out"].value = x


async def test_several_sets_in_a_row_are_one_run(engine: Engine) -> None:
    """The run sees the last values."""
    node = add()
    node["a"], node["b"], node["a"] = 1, 2, 3
    await engine.wait_idle()
    assert (node.outputs["out"].value, node.run_state.run) == (5, 1)


async def test_setting_an_equal_value_runs_again(engine: Engine) -> None:
    """Nobody compares values."""
    node = source()
    for _ in range(2):
        node["value"] = 1
        await node
    assert node.run_state.run == 2


async def test_a_value_arriving_while_running_queues_exactly_one_more_run(engine: Engine) -> None:
    """The engine starts it by itself when the run ends."""
    node = Recording()
    node["x"] = 1
    await node.started.wait()
    node["x"], node["x"], node["x"] = 2, 3, 4
    assert node.requests_trigger
    node.gate.set()
    await engine.wait_idle()
    assert (node.seen, node.outputs["out"].value) == ([1, 4], 4)


async def test_a_node_that_is_not_ready_keeps_the_request(engine: Engine) -> None:
    """It is asked again when the missing value arrives."""
    node = add()
    node["a"] = 1
    await node
    assert (node.in_trigger, node.requests_trigger, node.run_state.run) == (False, True, 0)
    node["b"] = 2
    await node
    assert node.outputs["out"].value == 3


def test_without_a_loop_a_node_keeps_its_mark() -> None:
    """A later `run_until_complete` runs it."""
    node = source()
    node["value"] = 4
    assert node.requests_trigger
    asyncio.run(run_until_complete(node))
    assert node.outputs["out"].value == 4


def test_a_node_can_be_used_in_one_loop_after_another() -> None:
    """Each loop has its own engine, and a node goes along."""
    nodes = chain(3)

    async def once(value: int) -> int:
        nodes[0]["a"] = value
        await run_until_complete(*nodes)
        return nodes[2].outputs["out"].value

    assert [asyncio.run(once(value)) for value in (1, 10)] == [4, 13]


async def test_trigger_runs_regardless_and_only_once_at_a_time(engine: Engine) -> None:
    """A run that misses an input fails; a second one at the same time is refused."""
    node = source()
    with pytest.raises(NodeTriggerError, match="missing 1 required"):
        await node.trigger()
    node["value"] = 2
    with pytest.raises(InTriggerError):
        node.trigger()
    await engine.wait_idle()
    assert await node.trigger() == [2]


async def test_what_a_triggered_run_raised_is_heard_by_who_awaits_it_later(engine: Engine) -> None:
    """Once the answer to `trigger` held a None where the run was over before it was awaited."""
    node = source()
    stack = node.trigger()
    await engine.wait_idle()
    assert stack.done()
    for _ in range(2):
        with pytest.raises(NodeTriggerError, match="missing 1 required"):
            await stack
    node["value"] = 2
    await engine.wait_idle()
    assert await node.trigger() == [2]


async def test_an_error_stays_on_the_node_which_can_be_used_again(engine: Engine) -> None:
    """The outputs keep their values, descendants are marked as blocked, and the next run heals both."""
    first, second = fail(), inc()
    first.outputs["out"].connect(second.inputs["a"])
    first["a"] = 1
    await engine.wait_idle()
    first["a"] = -1
    with pytest.raises(NodeTriggerError, match="-1 is negative") as caught:
        await first
    assert isinstance(caught.value.__cause__, ValueError)
    state = first.run_state
    assert state.error is not None
    assert (state.status, state.error.kind, state.error.inputs) == ("failed", "ValueError", {"a": "-1"})
    assert any("is negative" in line for line in state.error.traceback)
    assert (second.run_state.status, second.run_state.blocked_by) == ("blocked", first.uuid)
    assert (first.outputs["out"].value, second.outputs["out"].value) == (1, 2)

    first["a"] = 5
    await engine.wait_idle()
    assert (first.run_state.status, second.run_state.status, second.outputs["out"].value) == (
        "idle",
        "idle",
        6,
    )


async def test_who_runs_beside_a_failure_of_its_own_wave_is_shown_as_blocked(engine: Engine) -> None:
    """Half of what it reads is new, half is old; a later change that has nothing to do with it frees it."""
    start, failing, join, last, aside = inc(), fail(), add(), inc(), inc()
    start.outputs["out"].connect(failing.inputs["a"])
    failing.outputs["out"].connect(join.inputs["a"])
    start.outputs["out"].connect(join.inputs["b"])
    join.outputs["out"].connect(last.inputs["a"])
    aside.outputs["out"].connect(last.inputs["_triggerinput"])

    def states() -> list[str]:
        return [node.run_state.status for node in (failing, join, last)]

    start["a"] = 9
    await engine.wait_idle()
    assert (states(), join.outputs["out"].value) == (["idle"] * 3, 20)
    start["a"] = -9
    await engine.wait_idle()
    assert (states(), join.outputs["out"].value) == (["failed", "blocked", "blocked"], 2)
    assert (join.run_state.blocked_by, last.run_state.blocked_by) == (failing.uuid, failing.uuid)
    start["a"] = -10
    await engine.wait_idle()
    assert states() == ["failed", "blocked", "blocked"], "and again"

    aside["a"] = 1
    await engine.wait_idle()
    assert states() == ["failed", "blocked", "idle"]
    start["a"] = 4
    await engine.wait_idle()
    assert (states(), join.outputs["out"].value) == (["idle"] * 3, 10)


async def test_a_listener_for_errors_hears_them_and_nothing_is_raised(engine: Engine) -> None:
    """Whoever awaits is spared when somebody else has heard."""
    node, heard = fail(), list[Any]()
    node.on_error(lambda error, src: heard.append((str(error), src)))
    node["a"] = -2
    await node
    assert heard == [("-2 is negative", node)]


async def test_run_until_complete_raises_the_error_of_any_node(engine: Engine) -> None:
    """Also of one that it does not happen to wait for first."""
    slow, bad = Recording(), fail()
    slow["x"], bad["a"] = 1, -1
    with pytest.raises(NodeTriggerError):
        await run_until_complete(slow, bad)
    slow.gate.set()


async def test_an_error_of_the_past_is_not_raised_again(engine: Engine) -> None:
    """Setting a value and asking for the state are innocent."""
    node = fail()
    node["a"] = -1
    await engine.wait_idle()
    node["a"] = 3
    assert node.in_trigger
    await node
    assert node.outputs["out"].value == 3


async def test_a_cycle_settles_when_it_stops_setting(engine: Engine) -> None:
    """Cycles are legal; this one counts to ten."""

    class Count(Node):
        node_id = "tests.count"
        x = NodeInput(id="x", type=int)
        out = NodeOutput(id="out", type=int)

        async def func(self, x: int) -> None:
            if x < 10:
                self.outputs["out"].value = x + 1

    first, second = Count(), inc()
    first.outputs["out"].connect(second.inputs["a"])
    second.outputs["out"].connect(first.inputs["x"])
    first["x"] = 0
    await engine.wait_idle()
    assert (first.outputs["out"].value, first.run_state.status) == (9, "idle")


async def test_a_cycle_without_end_is_stopped_and_named(engine: Engine) -> None:
    """After 10,000 rounds without a cause from outside; the loop stays alive."""
    first, second = inc(name="one"), inc(name="two")
    first.outputs["out"].connect(second.inputs["a"])
    second.outputs["out"].connect(first.inputs["a"])
    first["a"] = 0
    await engine.wait_idle()
    failed = [node for node in (first, second) if node.run_state.status == "failed"]
    assert len(failed) == 1
    error = failed[0].run_state.error
    assert error is not None
    assert error.kind == CycleRunsAway.__name__
    assert "one" in error.message
    assert "two" in error.message
    assert 9_999 <= failed[0].run_state.run <= 10_001


async def test_a_cycle_that_really_waits_may_go_on(engine: Engine) -> None:
    """Nobody is kept from the loop, so it is no runaway."""
    engine.scheduler.lap_limit = 20

    @NodeDecorator("tests.waiting_round")
    async def waiting_round(a: int) -> int:
        await nap()
        if a >= 100:
            raise ValueError("enough")
        return a + 1

    node = waiting_round()
    node.outputs["out"].connect(node.inputs["a"])
    node["a"] = 0
    await engine.wait_idle()
    assert node.outputs["out"].value == 100


async def test_a_set_from_another_thread_reaches_the_loop(engine: Engine) -> None:
    """The thread stores, posts and goes on; the node runs where it belongs."""
    nodes, ran_in = chain(3), list[int]()
    nodes[2].outputs["out"].on("after_set_value", lambda src, result: ran_in.append(threading.get_ident()))
    nodes[0]["a"] = 0
    await engine.wait_idle()

    def from_outside() -> None:
        nodes[0]["a"] = 7

    await asyncio.to_thread(from_outside)
    await run_until_complete(*nodes)
    assert (nodes[2].outputs["out"].value, set(ran_in)) == (10, {threading.get_ident()})


async def test_a_thousand_sets_from_four_threads_end_with_the_last_value(engine: Engine) -> None:
    """No value is lost, and no run is."""
    nodes = [source() for _ in range(4)]
    for node in nodes:
        node["value"] = -1
    await engine.wait_idle()

    def hammer(node: Node) -> None:
        for value in range(250):
            node["value"] = value

    await asyncio.gather(*(asyncio.to_thread(hammer, node) for node in nodes))
    await nap()
    await engine.wait_idle()
    assert [node.outputs["out"].value for node in nodes] == [249] * 4


async def test_a_threaded_node_gets_its_node_and_tells_progress(engine: Engine) -> None:
    """What it tells arrives in the graph's thread."""

    @NodeDecorator("tests.threaded_progress", separate_thread=True)
    def threaded(n: int, node: Node | None = None) -> int:
        assert node is not None
        assert threading.get_ident() != engine.thread
        for _ in node.progress(range(n), mininterval=0):
            pass
        return n

    node, told = threaded(), list[tuple[int, int]]()
    node.on("progress", lambda src, info: told.append((info.get("n", -1), threading.get_ident())))
    node["n"] = 5
    await node
    assert node.outputs["out"].value == 5
    assert {thread for _, thread in told} == {engine.thread}
    assert (5, engine.thread) in told


async def test_the_sink_is_told_of_every_change(engine: Engine) -> None:
    """It is no listener: no event is made for it."""

    class Sink:
        def __init__(self) -> None:
            self.ports: list[Any] = []
            self.states: list[Any] = []

        def port_changed(self, io: Any) -> None:
            self.ports.append((io.node.uuid, io.uuid, io.value))

        def state_changed(self, node: Any) -> None:
            self.states.append((node.uuid, node.run_state.status))

        def progressed(self, node: Any, info: dict[str, Any]) -> None:
            raise AssertionError

    engine.sink = sink = Sink()
    a, b = chain(2)
    a["a"] = 1
    await engine.wait_idle()
    assert sink.states == [(a.uuid, "idle"), (b.uuid, "idle")]
    assert sink.ports == [(a.uuid, "a", 1), (a.uuid, "out", 2), (b.uuid, "a", 2), (b.uuid, "out", 3)]
    assert not a.cell.heard
    engine.sink = None


async def test_a_removed_node_that_runs_is_given_up(engine: Engine) -> None:
    """Its task ends, its result goes nowhere, and its place can be taken."""
    node, after = Recording(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node["x"] = 1
    await node.started.wait()
    node.cleanup()
    await engine.wait_idle()
    await nap()
    assert (after.run_state.run, engine.lasting.runs) == (0, {})


async def test_a_node_that_nobody_holds_goes(engine: Engine) -> None:
    """The engine keeps no node alive."""
    import gc
    import weakref

    node = source()
    node["value"] = 1
    await engine.wait_idle()
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None
    other = source()
    other["value"] = 1
    await engine.wait_idle()
    assert len(engine.cells()) == 1


async def test_a_replaced_function_is_called(engine: Engine) -> None:
    """Tests of modules put their own function in place of the class's for a while."""
    calls: list[int] = []
    original = source.func

    async def counting(self: Any, **kwargs: Any) -> Any:
        calls.append(kwargs["value"])
        return await original(self, **kwargs)

    node = source()
    source.func = counting  # type: ignore[method-assign]
    try:
        node["value"] = 3
        await node
    finally:
        source.func = original  # type: ignore[method-assign]
    assert (calls, node.outputs["out"].value) == ([3], 3)


async def test_a_delay_collects_what_arrives_meanwhile(engine: Engine) -> None:
    """The inputs are read after it."""
    node = source(pretrigger_delay=0.02)
    node["value"] = 1
    await nap()
    assert node.in_trigger
    node["value"] = 2
    await node
    assert (node.outputs["out"].value, node.run_state.run) == (2, 1)


async def test_inputs_are_reset_after_a_run_when_asked(engine: Engine) -> None:
    """Back to the default, without another run."""
    node = source(reset_inputs_on_trigger=True)
    node["value"] = 1
    await engine.wait_idle()
    assert (node.inputs["value"].value, node.ready(), node.run_state.run) == (
        node.inputs["value"].default,
        False,
        1,
    )


async def test_a_held_node_with_a_new_cause_runs_at_once(engine: Engine) -> None:
    """What a user sets on it does not wait for the slow branch that holds it back."""
    slow, other, join = Recording(), source(), add()
    slow.outputs["out"].connect(join.inputs["a"])
    other.outputs["out"].connect(join.inputs["b"])
    join.inputs["a"].value = 100
    slow["x"], other["value"] = 1, 1
    await slow.started.wait()
    await nap()
    assert (join.run_state.status, join.run_state.run) == ("marked", 0)
    join["b"] = 5
    await nap()
    assert (join.outputs["out"].value, slow.in_trigger) == (105, True)
    slow.gate.set()
    await engine.wait_idle()
    assert join.outputs["out"].value == 6


async def test_a_cut_edge_lets_go_at_once(engine: Engine) -> None:
    """Who waited because of it runs, though the slow branch goes on."""
    slow, other, join = Recording(), source(), add()
    slow.outputs["out"].connect(join.inputs["a"])
    other.outputs["out"].connect(join.inputs["b"])
    slow["x"], other["value"] = 1, 1
    await slow.started.wait()
    await nap()
    join.inputs["a"].value = 7
    slow.outputs["out"].disconnect(join.inputs["a"])
    join["a"] = 7
    await nap()
    assert (join.outputs["out"].value, slow.in_trigger) == (8, True)
    slow.gate.set()
    await engine.wait_idle()


async def test_a_stream_lets_go_at_its_first_word(engine: Engine) -> None:
    """A descendant that was marked and held before it runs now, not when the stream ends."""

    class Stream(Node):
        node_id = "tests.stream"
        x = NodeInput(id="x", type=int)
        out = NodeOutput(id="out", type=int)

        def __init__(self) -> None:
            self.word, self.gate = asyncio.Event(), asyncio.Event()
            super().__init__()

        async def func(self, x: int) -> None:
            await self.word.wait()
            self.outputs["out"].value = x
            await self.gate.wait()

    stream, other, join = Stream(), source(), add()
    stream.outputs["out"].connect(join.inputs["a"])
    other.outputs["out"].connect(join.inputs["b"])
    join.inputs["a"].value = 100
    stream["x"], other["value"] = 1, 1
    await nap()
    assert join.run_state.status == "marked"
    stream.word.set()
    await nap()
    assert (join.outputs["out"].value, stream.in_trigger) == (2, True)
    stream.gate.set()
    await engine.wait_idle()
