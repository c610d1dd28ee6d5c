"""What nodes cost, as far as it can be counted: bytes, rounds of the loop, imports. Times: `benchmarks`."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine

from funcnodes_core import NodeDecorator
from tests.core.graphs import chain, inc


@NodeDecorator("tests.inc_soon")
async def inc_soon(a: int) -> int:
    return a + 1


@pytest.fixture
def traced() -> Iterator[None]:
    """Trace what is allocated, and stop whatever happens."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def _kept() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.usefixtures("traced")
async def test_a_connected_node_takes_less_than_three_kilobytes(engine: Engine) -> None:
    """Two ports, the trigger pair, an edge, a seat in the engine; before its first run and after it."""
    chain(10)
    before = _kept()
    nodes = chain(2000)
    made = _kept() - before
    nodes[0]["a"] = 1
    await engine.wait_idle()
    ran = _kept() - before

    assert made < 2000 * 2_600
    assert ran < 2000 * 3_000


@pytest.mark.usefixtures("traced")
async def test_updates_leave_nothing_behind(engine: Engine) -> None:
    """Twenty thousand values later the graph takes what it took before."""
    nodes = chain(2)

    async def update(times: int) -> int:
        for value in range(times):
            nodes[0]["a"] = value
            if value % 100 == 0:
                await engine.wait_idle()
        await engine.wait_idle()
        return _kept()

    before = await update(1_000)
    after = await update(20_000)

    assert nodes[1].figures.runs > 200
    assert after - before < 20_000


async def test_a_chain_of_coroutines_takes_few_rounds_of_the_loop(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one marks at its end is carried by the same task, as long as none pauses."""
    nodes, rounds = chain(100, inc_soon), 0
    loop: Any = asyncio.get_running_loop()
    once = loop._run_once

    def counted() -> None:
        nonlocal rounds
        rounds += 1
        once()

    monkeypatch.setattr(loop, "_run_once", counted)
    nodes[0]["a"] = 0
    await engine.wait_idle()

    assert nodes[-1].outputs["out"].value == 100
    assert rounds <= 20


async def test_waiting_for_idle_wakes_nobody_before(engine: Engine) -> None:
    """Who waits until all is done is not asked again after every turn."""
    nodes, steps = chain(50, inc_soon), 0

    class Counting:
        def __init__(self, waiting: Any) -> None:
            self.waiting = waiting

        def __await__(self) -> Generator[Any, Any, None]:
            nonlocal steps
            for pause in self.waiting.__await__():
                steps += 1
                yield pause

    nodes[0]["a"] = 0
    await Counting(engine.wait_idle())

    assert (nodes[-1].outputs["out"].value, steps) == (50, 1)


def test_copies_of_a_port_share_what_nobody_changed() -> None:
    """And one that is told something keeps it to itself."""
    one, other = inc(), inc()
    mine, theirs, declared = one.inputs["a"], other.inputs["a"], inc.class_inputs[0]
    assert mine.declaration is theirs.declaration is declared.declaration

    mine.name, mine.hidden = "first", True
    mine.update_value_options(min=1)

    assert (mine.name, mine.hidden, mine.value_options) == ("first", True, {"step": 1, "min": 1})
    assert (theirs.name, theirs.hidden, theirs.value_options) == ("a", False, {"step": 1})
    assert theirs.declaration is declared.declaration
    assert inc().inputs["a"].name == "a"


def test_changing_a_class_s_port_changes_no_node_that_is_there() -> None:
    """A declaration that is shared is never changed."""

    @NodeDecorator("tests.changed_later")
    def changed_later(a: int) -> int:
        return a

    before = changed_later()
    changed_later.class_inputs[0].name = "renamed"

    assert (before.inputs["a"].name, changed_later().inputs["a"].name) == ("a", "renamed")


def test_a_plain_import_brings_nothing_that_few_need() -> None:
    """Each of these costs milliseconds, and is imported where it is used."""
    code = "import sys; bare = set(sys.modules); import funcnodes_core; print(*(set(sys.modules) - bare))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    imported = set(found.stdout.split())

    assert "funcnodes_core.engine.runner" in imported
    dear = {"ctypes", "logging.handlers", "msgspec", "pydantic", "tempfile", "tqdm", "uuid", "yaml"}
    assert imported & dear == set()
