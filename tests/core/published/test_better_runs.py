"""Where runs are better than those of the original: section 16 of the contract, what concerns the engine."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from funcnodes_core.engine.runner import current_engine

import funcnodes_core as fn
from funcnodes_core import Node, NodeDecorator, NodeInput, NodeTriggerError
from tests.core.graphs import add, fail, inc


class Gated(Node):
    """Waits for its gate in every run."""

    node_id = "tests.published.gated"
    a = NodeInput(id="a", type=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.started, self.gate = asyncio.Event(), asyncio.Event()
        self.seen: list[int] = []

    async def func(self, a: int) -> None:
        self.seen.append(a)
        self.started.set()
        await self.gate.wait()


async def test_a_queued_run_starts_by_itself_when_the_running_one_ends() -> None:
    """Point 1: nobody awaits the node; its inputs arriving meanwhile are met all the same."""
    node, twice = Gated(), asyncio.Event()
    node["a"] = 1
    await asyncio.wait_for(node.started.wait(), 5)
    node["a"] = 2
    # Told at the end of every run; `triggerdone` is not, when runs of the node are quick.
    node.on("progress", lambda **_: twice.set() if node.seen == [1, 2] else None)
    node.gate.set()
    await asyncio.wait_for(twice.wait(), 5)
    assert node.seen == [1, 2]


async def test_a_failed_run_is_not_raised_again_from_an_innocent_place() -> None:
    """Point 2: after it was raised once, setting, asking and running are as if nothing had been."""
    node = fail()
    node["a"] = -1
    with pytest.raises(NodeTriggerError):
        await node
    node["a"] = 3
    assert node.in_trigger
    await node
    assert (node.outputs["out"].value, node.in_trigger) == (3, False)


async def test_a_cancelled_run_leaves_a_node_that_can_be_asked() -> None:
    """Point 2: `in_trigger` answers, whatever became of the run."""
    node = Gated()
    node["a"] = 1
    await asyncio.wait_for(node.started.wait(), 5)
    engine = current_engine()
    engine.interrupt(node.uuid)
    await engine.wait_idle()
    assert (node.in_trigger, node.run_state.status) == (False, "failed")
    node.gate.set()
    node["a"] = 2
    await node
    assert node.seen == [1, 2]


async def test_methods_without_inputs_run_only_when_told() -> None:
    """Point 11: calling a node function from one's own code triggers no node."""

    class Camera(fn.NodeClassMixin):
        NODECLASSID = "tests.published.camera"

        @fn.instance_nodefunction()
        def picture(self) -> int:
            return 1

        @fn.instance_nodefunction(trigger_on_call=True)
        def loud(self) -> int:
            return 2

    camera = Camera()
    camera.uuid = "c"
    quiet, loud = camera.get_nodeclass("picture")(), camera.get_nodeclass("loud")()
    assert (camera.picture(), quiet.in_trigger, quiet.requests_trigger) == (1, False, False)
    assert (camera.loud(), loud.in_trigger) == (2, True)
    await loud
    camera.cleanup()


async def test_triggers_of_an_async_method_wait_for_its_end() -> None:
    """Point 12: not when the coroutine is made, but when it is over."""

    class Device(fn.NodeClassMixin):
        NODECLASSID = "tests.published.device"
        value = 0

        @fn.instance_nodefunction()
        def read(self) -> int:
            return self.value

        @read.triggers
        async def measure(self, gate: asyncio.Event) -> str:
            await gate.wait()
            self.value = 7
            return "measured"

    device, gate = Device(), asyncio.Event()
    device.uuid = "d"
    node = device.get_nodeclass("read")()
    measuring = asyncio.ensure_future(device.measure(gate))
    await asyncio.sleep(0)
    assert (node.in_trigger, node.run_state.run) == (False, 0)
    gate.set()
    assert await measuring == "measured"
    await fn.run_until_complete(node)
    assert (node.outputs["out"].value, node.run_state.run) == (7, 1)
    device.cleanup()


async def test_waiting_for_a_run_cannot_miss_it() -> None:
    """Point 24: whoever asks before, during or after gets an answer at once, without polling."""
    node = inc()
    node["a"] = 1
    during = asyncio.ensure_future(node.await_trigger())
    assert await asyncio.wait_for(during, 0.4) == [2]
    assert await asyncio.wait_for(node.await_trigger(), 0.4) == [2]
    first, second = asyncio.ensure_future(node.await_trigger()), asyncio.ensure_future(node.await_trigger())
    assert await asyncio.wait_for(asyncio.gather(first, second), 0.4) == [[2], [2]]


async def test_an_input_set_from_another_thread_runs_the_node() -> None:
    """Point 25: nobody awaits the node, its function runs in the graph's thread."""
    node, done, where = add(), asyncio.Event(), list[threading.Thread]()
    node["a"] = 1

    def note(io: str, **_: Any) -> None:
        if io == "out":
            where.append(threading.current_thread())
            done.set()

    node.on("after_set_value", note)
    thread = threading.Thread(target=lambda: node.inputs["b"].set_value(4))
    thread.start()
    await asyncio.wait_for(done.wait(), 5)
    thread.join()
    assert (node.outputs["out"].value, where) == (5, [threading.main_thread()])


async def test_progress_told_in_a_thread_arrives_in_the_graphs_thread() -> None:
    """Point 25: listeners need no locks."""

    @NodeDecorator("tests.published.threaded_progress", separate_thread=True)
    def counting(n: int, node: Any = None) -> int:
        return sum(node.progress(range(n), mininterval=0))

    where: set[threading.Thread] = set()
    node = counting()
    node.on("progress", lambda **_: where.add(threading.current_thread()))
    node["n"] = 5
    await node
    assert (node.outputs["out"].value, where) == (10, {threading.main_thread()})


def test_a_progress_bar_can_be_reset() -> None:
    """Point 27: as in tqdm itself."""
    told: list[dict[str, Any]] = []
    node = inc()
    node.on("progress", lambda info, **_: told.append(info))
    bar = node.progress(total=4, mininterval=0)
    bar.update(3)
    bar.reset(total=9)
    bar.close()
    assert (bar.n, told[-1]["n"], told[-1]["total"]) == (0, 0, 9)
