"""One bounded, ordered queue of frames per client.

Owns order, bounds and coalescing. Answers and edits are never dropped: a client so far behind that its queue
is full is closed with a reason, and resumes from its last revision. What only the newest counts of (values,
states) is put as *late*: it keeps one place in the queue and is written when it is sent. Does not know
sockets; the server drains it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import NamedTuple, TypeAlias


class Frame(NamedTuple):
    """One frame: encoded JSON, or binary."""

    body: bytes
    is_text: bool = True


Render: TypeAlias = Callable[[], Frame | None]
"""Writes a late frame at the moment it is sent; None when there is nothing left to say."""


class _Place(NamedTuple):
    key: Hashable


DEFAULT_MAX_FRAMES = 20_000
DEFAULT_MAX_BYTES = 16 * 1024 * 1024
DEFAULT_ROOM_BYTES = 4 * 1024 * 1024
DEFAULT_ROOM_FRAMES = 5000


class Outbox:
    """What waits to be sent to one client, in order. Belongs to one event loop."""

    def __init__(self, max_frames: int = DEFAULT_MAX_FRAMES, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._queue: deque[Frame | _Place] = deque()
        self._late: dict[Hashable, Render] = {}
        self._bytes = 0
        self._frames = 0
        self._grown = asyncio.Event()
        self._closed = asyncio.Event()
        self._shrunk = asyncio.Event()
        self._shrunk.set()
        self.closed_because: str | None = None
        self._is_held = False

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, frame: Frame) -> None:
        """Queue a frame. A full queue closes the client instead: it hears the reason and resumes."""
        if self.closed_because is not None:
            return
        # One frame larger than the bound is fine while nothing else waits: the bound is for clients that fall
        # behind.
        if self._frames and (
            self._frames >= self._max_frames or self._bytes + len(frame.body) > self._max_bytes
        ):
            self.fall_behind(f"{self._frames} messages waited")
            return
        self._queue.append(frame)
        self._frames += 1
        self._bytes += len(frame.body)
        if self._bytes > DEFAULT_ROOM_BYTES or self._frames > DEFAULT_ROOM_FRAMES:
            self._shrunk.clear()
        self._grown.set()

    def hold(self) -> None:
        """Let what is queued wait until somebody is answered or `release` is called."""
        self._is_held = True

    def release(self) -> None:
        """Let what waits be sent."""
        self._is_held = False
        self._grown.set()

    def put_answer(self, frame: Frame) -> None:
        """Queue an answer; the first one to a client who was told nothing yet goes before all else."""
        self.put(frame)
        if self._is_held:
            # A client may read one frame only, to see who is there: `put` has set it behind the news.
            if self._queue:
                self._queue.rotate(1)
            self.release()

    def put_late(self, key: Hashable, render: Render) -> None:
        """Queue a frame that is written when it is sent; one that waits under this key keeps its place."""
        if self.closed_because is not None:
            return
        if key not in self._late:
            self._queue.append(_Place(key))
            self._grown.set()
        self._late[key] = render

    def fall_behind(self, why: str) -> None:
        """Close because the client does not keep up; what waits is thrown away, it asks anew."""
        self.close(f"this client fell behind: {why}; connect again to resume")
        # Its connection may stand for as long as it does not read: what waits must not be held until then.
        self._queue.clear()
        self._late.clear()
        self._bytes = self._frames = 0

    @property
    def is_behind(self) -> bool:
        """Whether it was closed because the client does not keep up."""
        return self.closed_because is not None and "fell behind" in self.closed_because

    async def get(self) -> Frame | None:
        """Return the next frame, in order; None once the outbox is closed and empty."""
        frames = await self.get_some(0)
        return None if frames is None else frames[0]

    async def get_some(self, max_bytes: int) -> list[Frame] | None:
        """Return what waits now, in order, at least one frame and about so much; None as for `get`."""
        while True:
            frames: list[Frame] = []
            size = 0
            while self._queue and not self._is_held and (size < max_bytes or not frames):
                frame = self._take()
                if frame is not None:
                    frames.append(frame)
                    size += len(frame.body)
            if frames:
                return frames
            if self.closed_because is not None:
                return None
            self._grown.clear()
            await self._grown.wait()

    def _take(self) -> Frame | None:
        first = self._queue.popleft()
        if isinstance(first, _Place):
            return self._late.pop(first.key)()
        self._frames -= 1
        self._bytes -= len(first.body)
        if self._bytes <= DEFAULT_ROOM_BYTES and self._frames <= DEFAULT_ROOM_FRAMES:
            self._shrunk.set()
        return first

    def has_room(self) -> bool:
        """Tell whether little enough waits for the next call to be handled."""
        return self._shrunk.is_set()

    async def wait_for_room(self) -> None:
        """Return when little enough waits.

        Asked before a client's next call is handled, so that one who sends without reading slows down.
        """
        await self._shrunk.wait()

    def close(self, reason: str) -> None:
        """Accept nothing more. What waits is thrown away when the client fell behind, else still sent."""
        if self.closed_because is None:
            self.closed_because = reason
        self._closed.set()
        self.release()
        self._shrunk.set()

    async def wait_closed(self) -> None:
        """Return when nothing more is accepted."""
        await self._closed.wait()
