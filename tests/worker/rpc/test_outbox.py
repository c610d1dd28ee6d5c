"""Order, bounds and coalescing of `rpc/outbox`."""

import asyncio

import pytest
from funcnodes_worker.rpc.outbox import Frame, Outbox


def frame(text: str) -> Frame:
    return Frame(text.encode())


async def drain(outbox: Outbox) -> list[str]:
    return [(await outbox.get() or frame("END")).body.decode() for _ in range(len(outbox))]


async def test_late_frames_keep_one_place_and_say_the_newest() -> None:
    """A value that changes three times is sent once, where it first stood, as it is when sent."""
    outbox, value = Outbox(), {"x": 1}
    outbox.put(frame("a"))
    for new in (2, 3):
        value["x"] = new
        outbox.put_late("x", lambda: frame(str(value["x"])))
    outbox.put(frame("b"))
    value["x"] = 4
    assert await drain(outbox) == ["a", "4", "b"]


async def test_nothing_left_to_say_is_passed_over() -> None:
    outbox = Outbox()
    outbox.put_late("x", lambda: None)
    outbox.put(frame("a"))
    assert (await outbox.get()) == frame("a")


@pytest.mark.parametrize("bounds", [{"max_frames": 3}, {"max_bytes": 30}])
async def test_who_falls_behind_is_closed_with_a_reason(bounds: dict[str, int]) -> None:
    outbox = Outbox(**bounds)
    for _ in range(4):
        outbox.put(frame("0123456789"))
    assert outbox.closed_because is not None
    assert "fell behind" in outbox.closed_because


async def test_who_falls_behind_holds_no_memory_and_is_sent_nothing_more() -> None:
    """It reads no more, so what waits for it would wait as long as its connection stands."""
    outbox = Outbox(max_frames=3)
    for _ in range(4):
        outbox.put(frame("0123456789"))
    assert len(outbox) == 0
    assert await outbox.get() is None


async def test_one_large_frame_is_no_falling_behind() -> None:
    outbox = Outbox(max_bytes=10)
    outbox.put(frame("x" * 1000))
    assert outbox.closed_because is None


async def test_a_closed_outbox_gives_what_waits_and_ends() -> None:
    outbox = Outbox()
    outbox.put(frame("a"))
    outbox.close("the worker stops")
    outbox.put(frame("b"))
    assert [await outbox.get(), await outbox.get()] == [frame("a"), None]


async def test_room_comes_back_when_the_client_reads() -> None:
    outbox = Outbox()
    outbox.put(Frame(bytes(5 * 1024 * 1024)))
    waiting = asyncio.create_task(outbox.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.get()
    await asyncio.wait_for(waiting, 1)


async def test_the_first_answer_goes_before_the_news_that_are_held() -> None:
    """Those that come later keep their places."""
    outbox = Outbox()
    outbox.hold()
    outbox.put(frame("news"))
    outbox.put_late("x", lambda: frame("late"))
    taking = asyncio.ensure_future(outbox.get())
    await asyncio.sleep(0)
    assert not taking.done()
    for text in ("first", "second"):
        outbox.put_answer(frame(text))

    assert await taking == frame("first")
    assert await drain(outbox) == ["news", "late", "second"]


async def test_what_is_held_is_told_to_who_only_listens_and_at_the_end() -> None:
    for let_go in (Outbox.release, lambda outbox: outbox.close("the end")):
        outbox = Outbox()
        outbox.hold()
        outbox.put(frame("news"))
        let_go(outbox)
        assert await outbox.get() == frame("news")
