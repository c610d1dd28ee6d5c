"""A long span: a random graph is changed and run again and again, and memory stays where it is."""

from __future__ import annotations

import gc
import random
import tracemalloc
from typing import Any

import pytest
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine
from funcnodes_core.nodespace import NodeSpace

from funcnodes_core import Node, NodeDecorator

NODES = 60


@NodeDecorator("tests.span.sum")
def total(x0: int, x1: int = 0, x2: int = 0) -> int:
    return (x0 + x1 + x2 + 1) % 1009


@NodeDecorator("tests.span.slow")
async def slow(x0: int, x1: int = 0, x2: int = 0) -> int:
    return (x0 + x1 + x2 + 1) % 1009


@NodeDecorator("tests.span.fails")
def fails(x0: int, x1: int = 0, x2: int = 0) -> int:
    if x0 == 0:
        raise ValueError("zero")
    return x0


class Span:
    """A graph that is always about as large, and how often its nodes ran."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.random, self.space = engine, random.Random(seed), NodeSpace()
        self.gone = 0

    @property
    def runs(self) -> int:
        return self.gone + sum(node.figures.runs for node in self.space.nodes)

    async def step(self) -> None:
        """Replace a node, rewire another, and set some values."""
        draw, nodes = self.random, self.space.nodes
        if len(nodes) >= NODES:
            old = draw.choice(nodes)
            self.gone += old.figures.runs
            self.space.remove_node_instance(old)
        node = self.space.add_node_instance(draw.choice((total, total, total, slow, fails))())
        node["x0"] = draw.randrange(50)
        nodes = self.space.nodes
        for _ in range(3):
            a, b = sorted((draw.randrange(len(nodes)), draw.randrange(len(nodes))))
            if a != b:
                nodes[a].outputs["out"].connect(nodes[b].inputs[f"x{draw.randrange(3)}"], replace=True)
        for _ in range(20):
            self.set_one(draw.choice(nodes))
            await self.engine.wait_idle()

    def set_one(self, node: Node) -> None:
        socket: Any = node.inputs["x1"]
        if not socket.is_connected():
            socket.value = self.random.randrange(50)


async def live(engine: Engine, runs: int) -> tuple[int, int]:
    """Return how much memory was in use after a fifth of the runs, and after all of them."""
    span = Span(engine, seed=7)
    while span.runs < runs // 5:
        await span.step()
    gc.collect()
    tracemalloc.start()
    first, done = 0, span.runs
    while span.runs < runs:
        await span.step()
        if first == 0 and span.runs > done + runs // 5:
            gc.collect()
            first = tracemalloc.get_traced_memory()[0]
    invariants.check(engine.scheduler)
    gc.collect()
    last = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    span.space.clear()
    return first, last


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> None:
    """Nodes fail on purpose, and pytest would keep each of their records."""
    caplog.set_level("CRITICAL", logger="funcnodes.trigger")


async def test_memory_stays_flat_over_many_changes(engine: Engine) -> None:
    """In small; `make soak` runs a million."""
    first, last = await live(engine, 3_000)
    assert last - first < 150_000, f"grew from {first} to {last} bytes"


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_memory_stays_flat_over_a_million_runs(engine: Engine) -> None:
    first, last = await live(engine, 1_000_000)
    assert last - first < 150_000, f"grew from {first} to {last} bytes"
