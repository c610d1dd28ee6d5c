"""Where the workers of the fleet listen, for the hub on the manager's own port.

Owns the waiting for one that comes up. The addresses are what the workers said in their hello.
"""

from __future__ import annotations

import asyncio

from funcnodes.fleet.phases import Phase
from funcnodes.server.hub import WorkerAddress, address_here
from funcnodes.supervisor.errors import UnknownWorker
from funcnodes.supervisor.supervisor import Supervisor


class FleetAddresses:
    """The addresses as the supervisor knows them."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._changed = asyncio.Event()
        supervisor.on_change(self._wake)

    async def find(self, uuid: str, timeout_s: float) -> WorkerAddress | None:
        """Return where this worker listens; None when it does not run within this time."""
        try:
            async with asyncio.timeout(timeout_s):
                while (address := self._now(uuid)) is None:
                    await self._changed.wait()
                return address
        # For one that does not exist nobody waits.
        except (TimeoutError, UnknownWorker):
            return None

    def _now(self, uuid: str) -> WorkerAddress | None:
        member = self._supervisor.member(uuid)
        if member.life.phase is not Phase.RUNNING or member.port is None:
            return None
        return address_here(member.host, member.port, member.tls)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
