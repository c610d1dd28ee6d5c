"""Where each worker listens, as the manager last said it.

Owns one `watch` on the manager, held for as long as we live. Does not open connections to workers (`relay`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol, cast

from funcnodes_worker.home.base import Base

from funcnodes.server.client import ManagerGone, ManagerRefused, ManagerUnreachable, connect
from funcnodes.server.hub import WorkerAddress, WorkerAddresses, address_here

LOGGER = logging.getLogger(__name__)
_RETRY_S = 0.3


class KeptAddresses(WorkerAddresses, Protocol):
    """Addresses that somebody keeps true."""

    async def run(self) -> None:
        """Keep the addresses true until cancelled. Called once by the service."""
        ...


class OneWorker:
    """The addresses when there is no manager: one worker, given on the command line."""

    def __init__(self, address: WorkerAddress) -> None:
        self._address = address

    async def find(self, uuid: str, timeout_s: float) -> WorkerAddress | None:
        """Return the one address, whatever the uuid."""
        return self._address

    async def run(self) -> None:
        """Wait until cancelled: nothing changes."""
        await asyncio.Event().wait()


class WatchedWorkers:
    """The addresses as the manager tells them."""

    def __init__(self, base: Base, available: asyncio.Event) -> None:
        """Watch the manager of this base folder whenever `available` is set."""
        self._base = base
        self._available = available
        self._known: dict[str, WorkerAddress] = {}
        self._changed = asyncio.Event()

    async def find(self, uuid: str, timeout_s: float) -> WorkerAddress | None:
        """Return where this worker listens; None when it does not run within this time."""
        try:
            async with asyncio.timeout(timeout_s):
                while uuid not in self._known:
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self._known[uuid]

    async def run(self) -> None:
        """Watch the manager, again after each loss."""
        while True:
            await self._available.wait()
            try:
                async with connect(self._base, self._heard) as manager:
                    self._learn(await manager.call("watch"))
                    self._learn(await manager.call("status"))
                    await manager.wait_closed()
            except (ManagerUnreachable, ManagerRefused, ManagerGone) as problem:
                LOGGER.info("not watching the manager: %s", problem)
            await asyncio.sleep(_RETRY_S)

    def _heard(self, method: str, params: dict[str, Any]) -> None:
        if method == "status":
            self._learn(params)

    def _learn(self, status: object) -> None:
        if not isinstance(status, Mapping) or "workers" not in status:
            return
        workers = cast("Mapping[str, list[dict[str, Any]]]", status)["workers"]
        self._known = {
            w["uuid"]: _address(w) for w in workers if w.get("phase") == "running" and w.get("port")
        }
        # Whoever waits holds the old event and looks again; the next change gets an event of its own.
        self._changed.set()
        self._changed = asyncio.Event()


def _address(worker: Mapping[str, Any]) -> WorkerAddress:
    return address_here(worker.get("host"), int(worker["port"]), bool(worker.get("tls")))
