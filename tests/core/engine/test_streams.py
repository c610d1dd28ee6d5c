"""A function that yields sets its outputs for each item."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest
from funcnodes_core.engine.runner import Engine

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput
from tests.core.graphs import nap

seen: list[Any] = []
ready = threading.Event()


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()
    ready.clear()


@NodeDecorator("tests.stream_plain")
def plain(n: int) -> Iterator[int]:
    for i in range(n):
        seen.append(f"asked {i}")
        yield i
    seen.append("closed")


@NodeDecorator("tests.stream_async")
async def in_coroutine(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await nap()
        seen.append(f"asked {i}")
        yield i
    seen.append("closed")


@NodeDecorator("tests.stream_thread", separate_thread=True)
def in_thread(n: int) -> Iterator[int]:
    for i in range(n):
        seen.append(f"asked {i}")
        yield i
    seen.append("closed" if threading.current_thread() is not threading.main_thread() else "in main")


@NodeDecorator("tests.stream_async_thread", separate_thread=True)
async def async_in_thread(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        seen.append(f"asked {i}")
        yield i
    seen.append("closed" if threading.current_thread() is not threading.main_thread() else "in main")


class OfAClass(Node):
    """The same as a class."""

    node_id = "tests.stream_class"
    n = NodeInput(id="n", type=int)
    out = NodeOutput(id="out", type=int)

    async def func(self, n: int) -> AsyncIterator[int]:  # type: ignore[override]
        for i in range(n):
            seen.append(f"asked {i}")
            yield i
        seen.append("closed")


@NodeDecorator("tests.stream_taker")
async def taker(a: int) -> int:
    await nap()
    seen.append(f"done {a}")
    return a


@pytest.mark.parametrize("stream_class", [plain, in_coroutine, in_thread, async_in_thread, OfAClass])
async def test_the_next_item_is_asked_for_when_the_last_has_settled(
    engine: Engine, stream_class: Any
) -> None:
    """However long what follows takes."""
    node, after = stream_class(), taker()
    node.outputs["out"].connect(after.inputs["a"])
    node["n"] = 3
    await node
    await engine.wait_idle()
    expected = [text for i in range(3) for text in (f"asked {i}", f"done {i}")]
    assert seen == [*expected, "closed"]
    assert (node.outputs["out"].value, after.outputs["out"].value) == (2, 2)
    assert node.run_state.status == "idle"


async def test_latest_does_not_wait(engine: Engine) -> None:
    """What follows takes what is newest when it comes to it."""

    @NodeDecorator("tests.stream_latest", latest=True)
    def latest(n: int) -> Iterator[int]:
        for i in range(n):
            seen.append(f"asked {i}")
            yield i

    node, after = latest(), taker()
    node.outputs["out"].connect(after.inputs["a"])
    node["n"] = 50
    await engine.wait_idle()
    done = [text for text in seen if text.startswith("done")]
    assert (len(seen) - len(done), done[-1]) == (50, "done 49")
    assert len(done) < 50
    assert seen.index("asked 1") < seen.index(done[0])


async def test_outputs_have_the_type_of_one_item(engine: Engine) -> None:
    """Several, where the items are tuples; the function keeps its own annotations."""

    def pairs(n: int) -> Generator[tuple[int, str], None, None]:
        for i in range(n):
            yield i, str(i)

    kept = dict(pairs.__annotations__)
    node = NodeDecorator("tests.stream_pairs")(pairs)()
    own = [port for key, port in node.outputs.items() if key != "_triggeroutput"]
    assert [port.type for port in own] == ["int", "str"]
    assert [port.type for port in plain.class_outputs[:1]] == ["int"]
    assert pairs.__annotations__ == kept
    node["n"] = 3
    await node
    assert [port.value for port in own] == [2, "2"]


async def test_an_error_in_the_middle_keeps_what_was_set(engine: Engine) -> None:
    @NodeDecorator("tests.stream_fails")
    def fails(n: int) -> Iterator[int]:
        yield n
        raise ValueError("no more")

    node = fails()
    node["n"] = 5
    with pytest.raises(Exception, match="no more"):
        await node
    assert (node.outputs["out"].value, node.run_state.status) == (5, "failed")


async def test_a_stream_without_items_sets_nothing(engine: Engine) -> None:
    node = plain()
    node["n"] = 0
    await node
    assert (seen, node.run_state.status) == (["closed"], "idle")


@pytest.mark.parametrize("kind", ["plain", "async", "thread"])
async def test_interrupting_closes_the_generator(engine: Engine, kind: str) -> None:
    """While what follows its item lasts."""
    waits = asyncio.Event()

    @NodeDecorator(f"tests.stream_blocks_{kind}")
    async def blocks(a: int) -> int:
        ready.set()
        await waits.wait()
        return a

    def endless(a: int) -> Iterator[int]:
        try:
            while True:
                yield a
        finally:
            seen.append("closed")

    async def async_endless(a: int) -> AsyncIterator[int]:
        try:
            while True:
                yield a
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    function: Any = async_endless if kind == "async" else endless
    node = NodeDecorator(f"tests.stream_endless_{kind}", separate_thread=kind == "thread")(function)()
    after = blocks()
    node.outputs["out"].connect(after.inputs["a"])
    node["a"] = 1
    assert await asyncio.to_thread(ready.wait, 10)
    engine.interrupt(node.uuid)
    waits.set()
    await engine.wait_idle()
    error = node.run_state.error
    assert (seen, error.kind if error else None) == (["closed"], "CancelledError")


async def test_a_thread_that_makes_an_item_is_asked_to_end(engine: Engine) -> None:
    @NodeDecorator("tests.stream_spins", separate_thread=True)
    def spins(a: int) -> Iterator[int]:
        yield a
        ready.set()
        while True:
            pass

    node = spins()
    node["a"] = 1
    assert await asyncio.to_thread(ready.wait, 10)
    assert "asked to end its thread" in engine.interrupt(node.uuid)
    await engine.wait_idle()
    error = node.run_state.error
    assert (error.kind if error else None) == "KeyboardInterrupt"


async def test_a_stream_declared_for_a_process_runs_in_a_thread(engine: Engine) -> None:
    @NodeDecorator("tests.stream_process", separate_process=True)
    def stream(n: int) -> Iterator[str]:
        for _ in range(n):
            yield threading.current_thread().name

    node = stream()
    node["n"] = 2
    await node
    assert node.outputs["out"].value != threading.main_thread().name
    assert "a generator cannot be sent" in (node.run_state.notice or "")
