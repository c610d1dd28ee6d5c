"""The nodes and graphs that the engine's figures are taken on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain as chain_of_lists
from itertools import pairwise
from typing import Any

from funcnodes_core import Node, NodeDecorator

SLOW_S = 2.0


@NodeDecorator("bench.increment")
def increment(a: int) -> int:
    return a + 1


@NodeDecorator("bench.add")
def add(a: int, b: int) -> int:
    return a + b


@NodeDecorator("bench.increment_soon")
async def increment_soon(a: int) -> int:
    return a + 1


@NodeDecorator("bench.slow_coroutine")
async def slow_coroutine(a: int) -> int:
    await asyncio.sleep(SLOW_S)
    return a


@NodeDecorator("bench.slow_thread", separate_thread=True)
def slow_thread(a: int) -> int:
    time.sleep(SLOW_S)
    return a


@NodeDecorator("bench.slow_process", separate_process=True)
def slow_process(a: int) -> int:
    time.sleep(SLOW_S)
    return a


@dataclass
class Graph:
    """What is measured: the node that a change is set on, all nodes, and how many runs one change causes."""

    first: Node
    nodes: list[Node]
    runs: int
    port: str = "a"
    make: Callable[[int], object] = int

    def change(self, value: int) -> None:
        """Set the first input."""
        self.first.inputs[self.port].value = self.make(value)


def chain(count: int, node_class: Any = increment) -> Graph:
    """Return nodes in a row."""
    nodes = [node_class() for _ in range(count)]
    for before, after in pairwise(nodes):
        before.outputs["out"].connect(after.inputs["a"])
    return Graph(nodes[0], nodes, count)


def grid(side: int) -> Graph:
    """Return rows of nodes that add what is above and what is to the left."""
    start = increment()
    rows = [[add() for _ in range(side)] for _ in range(side)]
    for y, row in enumerate(rows):
        for x, node in enumerate(row):
            (rows[y - 1][x] if y else start).outputs["out"].connect(node.inputs["a"])
            (row[x - 1] if x else start).outputs["out"].connect(node.inputs["b"])
    return Graph(start, [start, *chain_of_lists.from_iterable(rows)], side * side + 1)


def fan_out(count: int) -> Graph:
    """Return one node whose value goes to many."""
    start, nodes = increment(), [increment() for _ in range(count)]
    for node in nodes:
        start.outputs["out"].connect(node.inputs["a"])
    return Graph(start, [start, *nodes], count + 1)


def ladder(count: int) -> Graph:
    """Return nodes that each read the one before and the source."""
    start, nodes = increment(), [add() for _ in range(count)]
    for before, node in pairwise([start, *nodes]):
        before.outputs["out"].connect(node.inputs["a"])
        start.outputs["out"].connect(node.inputs["b"])
    return Graph(start, [start, *nodes], count + 1)
