"""Values go ahead of the disk: the graph computes while the edit is written; it is told when that is done."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from funcnodes_core.document.edits import AddEdge, AddNode, Edit, RenameNode, SetDefault, SetValue
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import ClassRecord, Document, Edge, PortRecord
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.nodemaker import NodeDecorator
from funcnodes_core.nodespace import NodeSpace
from funcnodes_worker.process.telling import Teller
from funcnodes_worker.runtime.ahead import HeldBack
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.records import Batch, Noted, Preview
from funcnodes_worker.runtime.running import RunningNode
from funcnodes_worker.runtime.steps import Step, ValueStep
from funcnodes_worker.runtime.writer import Begin, Committed, WriteFailed, Writer, Written
from funcnodes_worker.server.hub import Hub

from tests.support.small_journal import SmallJournal

LIMIT_S = 20.0


@NodeDecorator("test.ahead.same", outputs=[{"name": "out"}])
def same(x: int = 0) -> int:
    return x


SAME = ClassRecord(
    class_id="test.ahead.same",
    class_name="Same",
    ports=(PortRecord(id="x", class_default=0), PortRecord(id="out", is_input=False)),
)


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so. The rooms under test share this loop, and living values have no event."""
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 - said above
            await asyncio.sleep(0.001)


class Worker:
    """The rooms between an edit and what is told of it, in one loop; a hub that writes down what it hears."""

    def __init__(self) -> None:
        self.disk = SmallJournal()
        self.heard: list[tuple[str, Any]] = []
        space = NodeSpace()
        space.lib.add_node(same, "test")
        self.living = LivingGraph(space, RunningNode())
        self.board = Board()
        self.board.listen(self._batch)
        self._loop = asyncio.get_running_loop()
        self.teller = Teller(self.board, _Quiet(self), self._follow, lambda: None, 0)
        self.writer = Writer(Document(), 0, self.disk, self.teller.committed, self.teller.observed)
        self.teller.writer = self.writer
        self.writer.eager = self
        observer = self.living.observer
        self.feed = Feed(
            lambda batch: self._post(lambda: self.teller.take(batch)),
            self.living.state_of,
            observer.changes_of,
            lambda: self.living.followed,
        )
        self.living.enter(self.feed)
        self.living.build(Document(), 0)
        self.feed.enter()

    def _post(self, work: Any) -> None:
        self._loop.call_soon(work)

    def _follow(self, committed: Committed) -> None:
        self._post(lambda: self.living.follow(committed.edits, committed.document, committed.revision))

    def _batch(self, batch: Batch) -> None:
        for (node, port), preview in batch.values.items():
            if port == "out" and preview is not None:
                self.heard.append(("value", (node, int(preview.data))))

    def begin(self, written: Written, document: Document) -> Begin:
        return lambda: self._post(lambda: self.living.begin(written.edits, document, written.revision))

    def take_back(self, begun: Sequence[Written], document: Document, revision: int) -> None:
        ways = {written.revision: written.inverse for written in begun}
        number = self.teller.took_back()
        self._post(lambda: self.living.take_back(ways, document, revision, number))

    async def submit(self, *edits: Edit) -> Committed:
        committed = await self.writer.submit(edits, "me")
        committed.answered.set()
        return committed

    def begin_to_submit(self, *edits: Edit) -> asyncio.Task[Committed]:
        return asyncio.get_running_loop().create_task(self.submit(*edits))

    def value(self, node: str, port: str = "out") -> Any:
        living = self.living.space.get_node_by_id(node)
        return (living.outputs if port == "out" else living.inputs)[port].value

    async def computed(self, node: str, value: int) -> None:
        """Return when the living node has given this."""
        await until(lambda: self.value(node) == value)

    async def told(self, what: tuple[str, Any]) -> None:
        """Return when this was told."""
        await until(lambda: what in self.heard)

    async def fed(self) -> None:
        """Return when the feed has delivered all, and it was taken."""
        await until(lambda: not any(self.feed.untold()))
        await asyncio.sleep(0)

    async def at_rest(self) -> None:
        """Return when nothing is under way and all was told."""
        await self.writer.wait_durable()
        await self.writer.wait_told()
        await self.living.wait_idle()
        await self.fed()


class _Quiet(Hub):
    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    def committed(self, committed: Committed) -> None:
        self._worker.heard.append(("edit", committed.revision))
        for edit in committed.edits:
            if isinstance(edit, SetValue):
                self._worker.heard.append(("set", (edit.node, edit.value)))

    def observed(self, noted: Noted) -> None:
        pass


@asynccontextmanager
async def worker_with(*nodes: str) -> AsyncGenerator[Worker]:
    worker = Worker()
    async with worker.writer.running():
        for node in nodes:
            await worker.submit(AddNode(new_node(SAME, node)))
        await worker.at_rest()
        yield worker
        worker.disk.may_write.set()
        worker.disk.is_full = False
    current_engine().sink = None


async def test_the_graph_computes_while_the_disk_is_waited_for_and_nothing_of_it_is_told() -> None:
    async with worker_with("a") as worker:
        worker.disk.may_write.clear()
        setting = worker.begin_to_submit(SetValue("a", "x", 7))
        await worker.computed("a", 7)
        await worker.fed()
        before = list(worker.heard)
        assert ("value", ("a", 7)) not in before
        assert not setting.done()

        worker.disk.may_write.set()
        await setting
        await worker.told(("value", ("a", 7)))
        told = [one for one in worker.heard if one in (("set", ("a", 7)), ("value", ("a", 7)))]
        assert told == [("set", ("a", 7)), ("value", ("a", 7))]
        await worker.at_rest()
        assert worker.living.space.get_node_by_id("a").figures.runs == 2, "made ready, and once for the value"


async def test_a_value_waits_for_other_edits_before_it() -> None:
    async with worker_with("a", "b") as worker:
        worker.disk.may_write.clear()
        wiring = worker.begin_to_submit(AddEdge(Edge("a", "out", "b", "x")))
        setting = worker.begin_to_submit(SetValue("a", "x", 3))
        for _ in range(20):
            await asyncio.sleep(0)
        assert worker.value("a", "x") == 0
        worker.disk.may_write.set()
        await asyncio.gather(wiring, setting)
        await worker.told(("value", ("b", 3)))


async def test_what_the_disk_refuses_is_taken_back_in_the_graph() -> None:
    async with worker_with("a") as worker:
        await worker.submit(SetValue("a", "x", 1))
        await worker.at_rest()
        worker.disk.may_write.clear()
        first = worker.begin_to_submit(SetValue("a", "x", 2))
        second = worker.begin_to_submit(SetDefault("a", "x", 8), SetValue("a", "x", 9))
        renaming = worker.begin_to_submit(RenameNode("a", "never"))
        await worker.computed("a", 9)
        worker.disk.is_full = True
        worker.disk.may_write.set()
        answers = await asyncio.gather(first, second, renaming, return_exceptions=True)
        assert [type(answer) for answer in answers] == [WriteFailed] * 3
        await worker.computed("a", 1)
        await worker.told(("value", ("a", 1)))
        living = worker.living.space.get_node_by_id("a")
        assert (living.inputs["x"].default, living.name) == (0, "Same(a)")

        worker.disk.is_full = False
        assert (await worker.submit(SetValue("a", "x", 5))).revision == 3
        await worker.told(("value", ("a", 5)))
        assert ("value", ("a", 9)) not in worker.heard
        assert ("value", ("a", 2)) not in worker.heard


async def test_who_has_looked_learns_whether_it_is_on_disk() -> None:
    async with worker_with("a") as worker:
        assert await worker.writer.wait_durable()
        worker.disk.may_write.clear()
        setting = worker.begin_to_submit(SetValue("a", "x", 2))
        await worker.computed("a", 2)
        looks = [asyncio.create_task(worker.writer.wait_durable()) for _ in range(2)]
        await asyncio.sleep(0)
        looks.pop().cancel()
        assert not looks[0].done()
        worker.disk.is_full = True
        worker.disk.may_write.set()
        assert not await looks[0]
        with pytest.raises(WriteFailed):
            await setting


async def test_nothing_goes_ahead_while_somebody_hears_every_step() -> None:
    async with worker_with("a") as worker:
        steps: list[Step] = []
        worker.disk.may_write.clear()
        begun = worker.begin_to_submit(SetValue("a", "x", 1))
        await worker.computed("a", 1)
        worker.living.tell_steps("me", steps.extend)
        for _ in range(20):
            await asyncio.sleep(0)
        assert steps == [], "who listens waits for what is ahead"
        worker.disk.may_write.set()
        await begun
        await worker.at_rest()

        worker.disk.may_write.clear()
        waiting = worker.begin_to_submit(SetValue("a", "x", 2))
        for _ in range(20):
            await asyncio.sleep(0)
        assert worker.value("a") == 1
        worker.disk.may_write.set()
        await waiting
        await until(lambda: b"2" in given(steps))
        worker.living.tell_no_steps("me")
        await worker.at_rest()


def given(steps: Sequence[Step]) -> list[bytes]:
    """Return what outputs were told to give."""
    return [
        step.value.data
        for step in steps
        if isinstance(step, ValueStep) and step.port == "out" and step.value is not None
    ]


def test_batches_of_refused_edits_come_beneath_what_follows() -> None:
    held = HeldBack()
    numbers = (b"1", b"2", b"3")
    one, two, three = (Preview("application/json", text, cut=False, type="int") for text in numbers)
    shown = Batch({("a", "out"): one, ("b", "out"): two}, own_values={("a", "x"): 1}, followed=2)
    assert held.put(shown, told=1) == []
    number = held.take_back()
    assert held.put(Batch({("a", "out"): three}, followed=1), told=1) == []
    assert held.release(told=2) == [], "the revision that was refused is another edit's now"
    ready = held.put(Batch(followed=1, settled=number), told=2)
    assert ready == [Batch({("a", "out"): three, ("b", "out"): two}, followed=1)]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_the_disk_does_values_are_told_behind_their_edits(seed: int) -> None:
    """Edits, syncs that hang and disks that refuse, at random: the graph ends as the document says."""
    chance = random.Random(seed)
    async with worker_with("a", "b") as worker:
        tasks: list[asyncio.Task[Committed]] = []
        for number in range(1, 60):
            match chance.randrange(6):
                case 0:
                    worker.disk.may_write.clear()
                case 1:
                    worker.disk.may_write.set()
                case 2:
                    worker.disk.is_full = not worker.disk.is_full
                case 3:
                    tasks.append(worker.begin_to_submit(RenameNode("b", f"b{number}")))
                case _:
                    node = chance.choice("ab")
                    tasks.append(worker.begin_to_submit(SetValue(node, "x", 1000 * number)))
            await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))
        worker.disk.is_full = False
        worker.disk.may_write.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        last = [await worker.submit(SetValue(node, "x", number)) for number, node in enumerate("ab", 1)]
        assert [committed.document for committed in last][-1] == worker.writer.document
        await worker.at_rest()
        await worker.told(("value", ("a", 1)))
        await worker.told(("value", ("b", 2)))
        known: set[Any] = {("a", 0), ("b", 0)}
        for kind, what in worker.heard:
            if kind == "set":
                known.add(what)
            elif kind == "value":
                assert what in known, "a value was told before its edit, or of one that was refused"
        assert {node: worker.value(node, "x") for node in "ab"} == {"a": 1, "b": 2}
