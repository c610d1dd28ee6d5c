"""The number of a port's latest change, also while somebody hears every step."""

from __future__ import annotations

import asyncio

from funcnodes_core.engine.runner import current_engine
from funcnodes_core.nodemaker import NodeDecorator
from funcnodes_core.nodespace import NodeSpace
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.records import Batch
from funcnodes_worker.runtime.running import RunningNode
from funcnodes_worker.runtime.values import look


@NodeDecorator("test.steps.same", outputs=[{"name": "out"}])
def same(x: int = 0) -> int:
    return x


async def test_a_changed_value_has_another_number_while_every_step_is_heard() -> None:
    space = NodeSpace()
    node = space.add_node_instance(same(uuid="a"))
    living = LivingGraph(space, RunningNode())
    living.enter(Feed(lambda _: None, living.state_of, lambda _: Batch()))
    living.tell_steps("me", lambda _: None)
    seen: list[tuple[int, int]] = []
    for value in (1, 2):
        node.inputs["x"].value = value
        await current_engine().wait_idle()
        seen.append(look(space, "a", "out"))
    living.tell_no_steps("me")
    current_engine().sink = None
    await asyncio.sleep(0)
    assert [value for _, value in seen] == [1, 2]
    assert 0 < seen[0][0] < seen[1][0]
