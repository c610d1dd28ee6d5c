"""A manager for one command: the one of the base folder, or this command itself for as long as it runs.

Owns that choice. Does not know the commands.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcnodes.server.client import ManagerClient, ManagerUnreachable, Notification, connect

if TYPE_CHECKING:
    from funcnodes_worker.home.base import Base


@dataclass(frozen=True)
class Reached:
    """A manager, and whether it ends with this command."""

    manager: ManagerClient
    is_ours: bool


@contextlib.asynccontextmanager
async def reach_manager(
    base: Base, on_notification: Notification | None = None, *, no_auth: bool = False
) -> AsyncGenerator[Reached, None]:
    """Give the manager of this base folder; where none stands, become it until the block ends.

    Workers that run go on when we leave: only a command that started one in the foreground stops it.
    """
    try:
        async with connect(base, on_notification) as manager:
            yield Reached(manager, is_ours=False)
            return
    except ManagerUnreachable:
        pass
    # Imported here only: most commands find a manager, and need not pay for becoming one.
    from funcnodes.server.manager.service import open_manager

    # Port 0: the settings' port belongs to a manager that stays. `autostart` would start workers that nobody
    # asked this command for.
    async with (
        open_manager(base, host="127.0.0.1", port=0, no_auth=no_auth, autostart=False),
        connect(base, on_notification) as manager,
    ):
        yield Reached(manager, is_ours=True)
