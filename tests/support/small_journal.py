"""A journal in memory that a test can hold up or fill: what a writer needs of one, without a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from funcnodes_worker.runtime.writer import Written


class SmallJournal:
    """Keeps the revisions it is given, once it may write; refuses them while it is full."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_full = False

    async def keep(self, entries: Sequence[Written], written: Callable[[], None] | None) -> None:
        """Return when these are on disk. Called by the writer, once for each batch."""
        if written is not None:
            written()
        await self.may_write.wait()
        if self.is_full:
            raise OSError("no space left on device")
        self.writes.append([entry.revision for entry in entries])
