"""When the snapshot is written: after a second of quiet, at the latest every ten seconds, and on stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger("funcnodes.worker")
QUIET_S = 1.0
AT_LATEST_S = 10.0


class SnapshotKeeper:
    """Waits for quiet. What is acknowledged is in the journal already, so nothing depends on its pace."""

    def __init__(self, write: Callable[[], Awaitable[None]]) -> None:
        self._write = write
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Note that the document changed."""
        self._changed.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._changed.wait()
            await self._wait_for_quiet()
            try:
                await self._write()
            # A full disk may have room again at the next edit; the journal refuses edits meanwhile and says
            # so.
            except Exception:  # noqa: BLE001
                _log.exception("the snapshot could not be written; all edits are in the journal")

    async def _wait_for_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + AT_LATEST_S
        while self._changed.is_set() and loop.time() < latest:
            self._changed.clear()
            await asyncio.sleep(QUIET_S)
        self._changed.clear()
