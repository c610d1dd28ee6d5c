"""Commands beside each other where no manager stands: each gets its answer, none is in another's way."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

from funcnodes.cli import main
from funcnodes.cli.reach import reach_manager
from funcnodes.server.client import connect
from funcnodes.server.manager.service import open_manager
from funcnodes.server.ui.keeper import ManagerKeeper, ManagerWish
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file


def test_commands_at_the_same_moment_all_succeed(alone: Base) -> None:
    """One of them is the manager for a moment; the others wait for their turn."""
    line = ["--dir", str(alone.folder), "worker", "list"]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(main.run, [line] * 8)) == [0] * 8


async def test_a_manager_that_stays_waits_for_a_command(alone: Base) -> None:
    """It does not give up because a command holds the base folder for a moment."""
    async with asyncio.timeout(30):
        async with reach_manager(alone) as command:
            assert command.is_ours
            said: list[str] = []
            keeper = ManagerKeeper(alone, ManagerWish(), said.append)
            assert not keeper.is_standing(), "a page would lose it at once"
            opens = open_manager(alone, host="127.0.0.1", port=0)
            opening = asyncio.create_task(opens.__aenter__())
            done, _ = await asyncio.wait([opening], timeout=0.2)
            assert not done
        await opening
        try:
            address = read_supervisor_file(alone)
            assert address is not None
            assert not address.passing
            assert keeper.is_standing()
            async with reach_manager(alone) as command:
                assert not command.is_ours
        finally:
            await opens.__aexit__(None, None, None)


async def test_a_command_waits_for_one_that_ends_and_asks_one_that_stays(alone: Base) -> None:
    """A worker that a command keeps in the foreground can be asked about."""
    async with asyncio.timeout(30):
        async with reach_manager(alone):
            second = reach_manager(alone)
            entering = asyncio.create_task(second.__aenter__())
            done, _ = await asyncio.wait([entering], timeout=0.2)
            assert not done
        assert (await entering).is_ours
        await second.__aexit__(None, None, None)
        async with reach_manager(alone, stays=True), reach_manager(alone) as guest:
            assert not guest.is_ours


async def test_a_command_that_was_the_manager_answers_before_it_ends(alone: Base) -> None:
    """Another's call is not cut off."""
    async with asyncio.timeout(30), contextlib.AsyncExitStack() as guests:
        async with reach_manager(alone, stays=True):
            guest = await guests.enter_async_context(connect(alone))
            asking = asyncio.create_task(guest.call("pythons"))
            await asyncio.wait([asyncio.create_task(guest.call("status"))])
        assert (await asking)["pythons"]
