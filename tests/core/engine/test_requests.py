"""A wish to run, made before a node is ready, is granted once."""

from __future__ import annotations

import funcnodes_core as fn


async def test_a_wish_from_before_the_node_was_ready_is_met_by_one_run() -> None:
    """`run_until_complete` once granted it again after every run, for ever."""
    runs: list[int] = []

    @fn.NodeDecorator(id="tests.requests.add", name="Requests Add")
    def add(a: int, b: int) -> int:
        runs.append(a + b)
        return a + b

    node = add()
    node.inputs["a"].value = 1
    node.inputs["b"].value = 2
    await fn.run_until_complete(node)

    assert runs == [3]
