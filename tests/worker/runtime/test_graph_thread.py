"""The door into the graph's thread: order, a limit for answers, nothing lost before it opens."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from funcnodes_worker.rpc.errors import GraphBusy
from funcnodes_worker.runtime.graph_thread import GraphThread


@dataclass
class Graph:
    """A thread with a loop of its own that plays the graph's."""

    door: GraphThread = field(default_factory=lambda: GraphThread(lambda: "the-node"))
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        async def live() -> None:
            self.door.enter()
            await asyncio.to_thread(self.over.wait)
            self.door.leave()

        asyncio.run(live())


@pytest.fixture
def graph() -> Iterator[Graph]:
    made = Graph()
    thread = threading.Thread(target=made.run)
    done: list[int] = []
    made.door.post(lambda: done.append(0))
    thread.start()
    yield made
    made.over.set()
    thread.join(5)
    assert done == [0]


async def test_work_is_done_in_order_by_one_thread(graph: Graph) -> None:
    done: list[int] = []
    idents: set[int] = set()

    def work(number: int) -> None:
        graph.door.assert_inside()
        idents.add(threading.get_ident())
        done.append(number)

    for number in range(100):
        graph.door.post(lambda number=number: work(number))
    assert await graph.door.ask(lambda: len(done)) == 100
    assert done == list(range(100))
    assert idents.isdisjoint({threading.get_ident()})
    with pytest.raises(AssertionError):
        graph.door.assert_inside()


async def test_failing_work_keeps_nothing_away_and_a_failing_question_tells_who_asked(graph: Graph) -> None:
    graph.door.post(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await graph.door.ask(lambda: 1 / 0)
    assert await graph.door.ask(lambda: "here") == "here"


@pytest.mark.alone
async def test_a_busy_graph_is_named_after_the_limit(graph: Graph) -> None:
    release = threading.Event()
    graph.door.post(lambda: release.wait(5))
    begun = time.perf_counter()
    asked: list[int] = []
    with pytest.raises(GraphBusy, match="'the-node'"):
        await graph.door.ask(lambda: asked.append(1), limit_s=0.05)
    assert time.perf_counter() - begun < 1
    release.set()
    assert await graph.door.ask(lambda: "free") == "free"
    assert asked == []


async def test_work_that_has_begun_is_given_its_time(graph: Graph) -> None:
    def slow() -> str:
        time.sleep(0.2)
        return "done"

    assert await graph.door.ask(slow, limit_s=0.05) == "done"


async def test_work_that_wakes_nobody_waits_for_the_next_that_does_and_keeps_its_place(graph: Graph) -> None:
    done: list[int] = []
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    await graph.door.ask(lambda: None)
    graph.door.post(lambda: done.append(1), wakes=False)
    graph.door.post(lambda: done.append(2), wakes=False)
    assert await graph.door.ask(lambda: list(done)) == [1, 2]

    graph.door.post(lambda: loop.call_soon_threadsafe(woken.set), wakes=False)
    graph.door.wake()
    await asyncio.wait_for(woken.wait(), 10)
