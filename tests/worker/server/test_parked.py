"""Large messages wait a minute, once, and cost a bounded memory (contract 19.36)."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from funcnodes_worker.server import parked
from funcnodes_worker.server.parked import IN_MEMORY, Parked


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_text_is_fetched_once() -> None:
    waiting = Parked(Clock())
    small, large = waiting.park(b"small"), waiting.park(b"x" * (IN_MEMORY + 1))
    assert (waiting.fetch(large), waiting.fetch(large)) == (b"x" * (IN_MEMORY + 1), None)
    assert (waiting.fetch(small), waiting.fetch(small), waiting.fetch("unknown")) == (b"small", None, None)
    assert len(waiting) == 0


async def test_what_nobody_fetches_is_forgotten_without_anything_else_happening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stayed for as long as no other large message came."""
    monkeypatch.setattr(parked, "LIFE_S", 0.05)
    waiting = Parked(asyncio.get_running_loop().time)
    waiting.park(b"forgotten")
    async with asyncio.timeout(5):
        while len(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_oldest_goes_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_BYTES", 10)
    waiting = Parked(Clock())
    first, second = waiting.park(b"123456"), waiting.park(b"123456")
    assert (waiting.fetch(first), waiting.fetch(second)) == (None, b"123456")
    huge = waiting.park(b"x" * 100)
    assert waiting.fetch(huge) == b"x" * 100


async def test_many_large_messages_wait_on_disk() -> None:
    waiting = Parked(Clock())
    text = b"x" * 4_000_000
    tracemalloc.start()
    try:
        names = [waiting.park(bytes(bytearray(text))) for _ in range(30)]
        assert tracemalloc.get_traced_memory()[0] < IN_MEMORY + 2_000_000
    finally:
        tracemalloc.stop()
    assert [waiting.fetch(name) for name in names] == [text] * 30
