"""Small nodes and graphs that tests of the core are told in."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from itertools import pairwise
from typing import Any

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput

runs: Counter[str] = Counter()
"""How often each node ran, by uuid; a test clears it first."""


@NodeDecorator("tests.source")
def source(value: int) -> int:
    return value


@NodeDecorator("tests.add")
def add(a: int, b: int, node: Node | None = None) -> int:
    if node is not None:
        runs[node.uuid] += 1
    return a + b


@NodeDecorator("tests.inc")
def inc(a: int) -> int:
    return a + 1


@NodeDecorator("tests.fail")
def fail(a: int) -> int:
    if a < 0:
        raise ValueError(f"{a} is negative")
    return a


async def nap() -> None:
    """Let the loop go round a few times: a run that really waits."""
    for _ in range(3):
        await asyncio.sleep(0)


class Summing(Node):
    """Adds up whatever is connected; ports are made as needed."""

    node_id = "tests.summing"
    out = NodeOutput(id="out", type=int)

    def __init__(self, *args: Any, parents: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, trigger_on_create=False, **kwargs)
        for i in range(max(1, parents)):
            self.add_input(NodeInput(id=f"x{i}", type=int))

    async def func(self, **inputs: int) -> None:
        runs[self.uuid] += 1
        self.outputs["out"].value = sum(inputs.values()) + 1


class Napping(Summing):
    """The same, but slow, and it sets its output at the very end."""

    node_id = "tests.napping"

    async def func(self, **inputs: int) -> None:
        runs[self.uuid] += 1
        await nap()
        self.outputs["out"].value = sum(inputs.values()) + 1


@NodeDecorator("tests.plain_sum")
def plain_sum(x0: int, x1: int = 0, x2: int = 0, node: Node | None = None) -> int:
    assert node is not None
    runs[node.uuid] += 1
    return x0 + x1 + x2 + 1


@NodeDecorator("tests.napping_sum")
async def napping_sum(x0: int, x1: int = 0, x2: int = 0, node: Node | None = None) -> int:
    assert node is not None
    runs[node.uuid] += 1
    await nap()
    return x0 + x1 + x2 + 1


@NodeDecorator("tests.threaded_sum", separate_thread=True)
def threaded_sum(x0: int, x1: int = 0, x2: int = 0, node: Node | None = None) -> int:
    assert node is not None
    runs[node.uuid] += 1
    time.sleep(0)
    return x0 + x1 + x2 + 1


KINDS = {"plain": plain_sum, "napping": napping_sum, "threaded": threaded_sum}


def chain(count: int, node_class: Any = inc) -> list[Node]:
    """Return nodes in a row, the first without a value."""
    nodes = [node_class() for _ in range(count)]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return nodes
