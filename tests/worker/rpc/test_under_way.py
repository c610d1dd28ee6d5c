"""`rpc/under_way`: a handler is stepped like a task would step it, and ends in the same ways."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from funcnodes_worker.rpc.envelope import Call, Dialect
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.rpc.under_way import UnderWay, result_of

CALL = Call(Dialect.PUBLISHED, "write", {})
ANSWER = Frame(b"done")


def under_way(steps: Coroutine[Any, Any, Frame | None], ended: list[str] | None = None) -> UnderWay[None]:
    """Return an edit that notes its end."""
    heard = [] if ended is None else ended
    return UnderWay(CALL, None, steps, lambda: heard.append("ended"))


async def test_an_edit_that_waits_for_nothing_has_ended_at_once() -> None:
    async def steps() -> Frame:
        return ANSWER

    ended: list[str] = []
    edit = under_way(steps(), ended)
    edit.begin()

    assert (edit.has_ended, edit.answer, ended) == (True, ANSWER, ["ended"])


@pytest.mark.parametrize("as_task", [False, True])
async def test_an_edit_takes_its_next_step_when_what_it_waits_for_has_come(as_task: bool) -> None:
    """Futures, turns of the loop and errors come in as in a task."""
    loop = asyncio.get_running_loop()
    first, failing = loop.create_future(), loop.create_future()
    seen: list[object] = []

    async def steps() -> Frame:
        seen.append(await first)
        await asyncio.sleep(0)
        try:
            await failing
        except ValueError as error:
            seen.append(str(error))
        return ANSWER

    over = asyncio.Event()
    edit = UnderWay(CALL, None, result_of(loop.create_task(steps())) if as_task else steps(), over.set)
    edit.begin()
    assert not edit.has_ended
    first.set_result("came")
    failing.set_exception(ValueError("bad"))
    async with asyncio.timeout(5):
        await over.wait()

    assert (edit.has_ended, edit.answer, edit.is_broken_off) == (True, ANSWER, False)
    assert seen == ["came", "bad"]


async def test_an_edit_that_is_broken_off_leaves_nothing_behind() -> None:
    """Its handler hears of it, what it waited for is given up, and it ends once."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    async def steps() -> Frame:
        try:
            await future
        except asyncio.CancelledError:
            seen.append("broken off")
            raise
        return ANSWER

    ended: list[str] = []
    edit = under_way(steps(), ended)
    edit.begin()
    edit.break_off()
    edit.break_off()
    await asyncio.sleep(0)

    assert (edit.has_ended, edit.is_broken_off, edit.answer) == (True, True, None)
    assert (future.cancelled(), seen, ended) == (True, ["broken off"], [])


async def test_an_edit_whose_waiting_is_given_up_by_others_is_broken_off() -> None:
    future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

    async def steps() -> Frame:
        return await future

    ended: list[str] = []
    edit = under_way(steps(), ended)
    edit.begin()
    future.cancel()
    await asyncio.sleep(0)

    assert (edit.has_ended, edit.is_broken_off, edit.answer, ended) == (True, True, None, ["ended"])
