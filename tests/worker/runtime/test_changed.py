"""The feed's list of what changed: each thing once, the longest wait first."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from funcnodes_core.document.model import NodeId
from funcnodes_worker.runtime.changed import Changed
from funcnodes_worker.runtime.feed import SLICE_S, Feed
from funcnodes_worker.runtime.records import Batch, NodeState


def test_things_come_in_order_and_once() -> None:
    """A change of what waits already adds nothing but its number."""
    changed: Changed[str] = Changed()
    changed.new.update(a=1, b=2)
    changed.new["a"] = 3

    assert [changed.take(), changed.take(), changed.take()] == [("a", 3), ("b", 2), None]
    assert not changed


def test_what_changes_again_while_others_are_taken_is_told_as_it_is_now() -> None:
    """It keeps its place, with the newer number, and is not told once more."""
    changed: Changed[str] = Changed()
    changed.new.update(a=1, b=2)
    assert changed.take() == ("a", 1)
    changed.new.update(b=3, c=4)

    assert (bool(changed), changed.number("b"), changed.number("c"), changed.number("d")) == (True, 3, 4, 0)
    assert [changed.take(), changed.take(), changed.take()] == [("b", 3), ("c", 4), None]


class SlowToRead:
    """A node whose state takes a millisecond to read."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid


def _slowly(node: Any) -> NodeState:
    until = time.perf_counter() + 0.001
    while time.perf_counter() < until:
        pass
    return NodeState("idle", 1, None, True)


async def test_states_of_very_many_nodes_come_in_slices() -> None:
    """The thread is not held up by a hundred states that are dear to read; all of them arrive, once."""
    batches: list[Batch] = []
    done = asyncio.Event()

    def deliver(batch: Batch) -> None:
        batches.append(batch)
        if sum(len(each.states) for each in batches) == 40:
            done.set()

    feed = Feed(deliver, _slowly, lambda _ports: Batch())
    for number in range(40):
        feed.state_changed(SlowToRead(str(number)))
    feed.enter()
    await asyncio.wait_for(done.wait(), 20)

    told: list[NodeId] = [node for batch in batches for node in batch.states]
    assert told == [str(number) for number in range(40)]
    assert all(len(batch.states) <= SLICE_S * 1000 + 1 for batch in batches)
