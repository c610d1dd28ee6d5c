"""Tasks that belong to a block: ended with it, and heard when they fail."""

import asyncio

import pytest
from funcnodes_worker.rpc.tasks import owned


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def fail(when: asyncio.Event) -> None:
    await when.wait()
    raise ZeroDivisionError("ours")


async def test_they_end_with_the_block() -> None:
    ended: list[str] = []
    async with owned(forever(ended), forever(ended)):
        await asyncio.sleep(0)
    assert ended == ["ended", "ended"]


async def test_one_that_fails_ends_the_block_and_the_others_and_is_heard() -> None:
    """The block is cancelled where it waits; who waits for it hears the error itself, in no group."""
    ended, when = list[str](), asyncio.Event()

    async def block() -> None:
        async with asyncio.timeout(5), owned(forever(ended), fail(when)):
            when.set()
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        await block()
    assert ended == ["ended"]


async def test_what_the_block_raises_is_passed_on_as_it_is() -> None:
    ended: list[str] = []

    async def block() -> None:
        async with owned(forever(ended)):
            await asyncio.sleep(0)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await block()
    assert ended == ["ended"]
