"""A manager for one command: the one of the base folder, or this command itself for as long as it runs.

Owns that choice. Does not know the commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcnodes_worker.disk.lock import LockHeld
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from funcnodes.server.client import ManagerClient, ManagerUnreachable, Notification, connect, is_alive

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from funcnodes_worker.home.base import Base

    from funcnodes.server.manager.service import Manager


@dataclass(frozen=True)
class Reached:
    """A manager, and whether it ends with this command."""

    manager: ManagerClient
    is_ours: bool


_PASSING_S = 3.0
"""How long another command may keep us waiting before we ask it in its own time."""
_LIMIT_S = 30.0
"""A manager opens and closes within seconds; half a minute without an answer is one that hangs."""
_LOOK_S = 0.05


@contextlib.asynccontextmanager
async def reach_manager(
    base: Base, on_notification: Notification | None = None, *, no_auth: bool = False, stays: bool = False
) -> AsyncGenerator[Reached, None]:
    """Give the manager of this base folder; where none stands, become it until the block ends.

    Workers that run go on when we leave: only a command that started one in the foreground stops it. `stays`:
    this command lasts, so others are to ask it instead of waiting for its end.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield await _reach(base, on_notification, stack, no_auth=no_auth, stays=stays)


async def _reach(
    base: Base,
    on_notification: Notification | None,
    stack: contextlib.AsyncExitStack,
    *,
    no_auth: bool,
    stays: bool,
) -> Reached:
    begun = time.monotonic()
    while True:
        waited_s = time.monotonic() - begun
        with contextlib.suppress(ManagerUnreachable):
            if waited_s > _PASSING_S or not _is_passing(base):
                return Reached(await stack.enter_async_context(connect(base, on_notification)), is_ours=False)
        # Another command, or a manager that opens or closes, may hold the base folder right now. It lets go,
        # or listens, in a moment: then it is our turn, or it answers.
        try:
            manager = await stack.enter_async_context(_own_manager(base, no_auth=no_auth, stays=stays))
        except LockHeld:
            if waited_s > _LIMIT_S:
                raise
            await asyncio.sleep(_LOOK_S)
            continue
        # Whoever asked us meanwhile gets an answer before we end.
        stack.push_async_callback(manager.wait_answered)
        return Reached(await stack.enter_async_context(connect(base, on_notification)), is_ours=True)


def _is_passing(base: Base) -> bool:
    address = read_supervisor_file(base)
    return address is not None and address.passing and is_alive(address)


def _own_manager(base: Base, *, no_auth: bool, stays: bool) -> AbstractAsyncContextManager[Manager]:
    # Imported here only: most commands find a manager, and need not pay for becoming one.
    from funcnodes.server.manager.service import open_manager

    # Port 0: the settings' port belongs to a manager that stays. `autostart` would start workers that nobody
    # asked this command for.
    return open_manager(base, host="127.0.0.1", port=0, no_auth=no_auth, autostart=False, passing=not stays)
