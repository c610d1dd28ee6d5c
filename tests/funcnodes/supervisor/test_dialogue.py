"""The conversation with workers, without sockets: what a lost connection means to those who wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from funcnodes.fleet import events as on
from funcnodes.fleet.events import ProcessId
from funcnodes.launch.local import LocalLauncher
from funcnodes.supervisor.dialogue import Dialogue
from funcnodes.supervisor.errors import WishRefused
from funcnodes.supervisor.member import Member
from funcnodes.supervisor.registry import NewWorker, Registry
from funcnodes.supervisor.roll import Roll
from funcnodes_worker.home.base import prepare_base
from funcnodes_worker.wire import control

from tests.support.fleet import base_in

PROCESS = ProcessId(101, 1.0)


class Line:
    """A connection that nobody reads."""

    def send(self, message: object) -> None:
        """Take a message."""

    def close(self) -> None:
        """End it."""


def loading(folder: Path) -> tuple[Dialogue, Member, Line, asyncio.Future[dict[str, str]]]:
    """Return a running worker that was asked to load what was installed, and who hears it."""
    base = base_in(folder)
    prepare_base(base)
    registry = Registry(base)
    roll, line = Roll(registry), Line()
    member = roll.add(*registry.make(NewWorker(name="demo", in_venv=False)))
    for event in (on.StartWished(1, 0.0), on.Launched(PROCESS, 0.0), on.HelloReceived(PROCESS, 0.0)):
        member.life.handle(event)
    member.link = line
    member.loads["1"] = answer = asyncio.get_running_loop().create_future()
    nothing = list[object]().append
    dialogue = Dialogue(
        roll,
        LocalLauncher(),
        tell=lambda member, event: nothing(member.life.handle(event)),
        changed=lambda: None,
        fulfil=lambda member, wish: nothing((member, wish)),
        trusted=nothing,
    )
    return dialogue, member, line, answer


async def test_a_worker_that_is_stopped_while_it_loads_fails_no_installation(tmp_path: Path) -> None:
    """Found by the storm: it was installed, and the next start has it; the manager said that it failed."""
    dialogue, member, line, answer = loading(tmp_path)
    member.life.handle(on.StopWished(2, 1.0))
    dialogue.hung_up(member.home.uuid, PROCESS, line)

    assert await answer == {}


async def test_a_worker_that_is_lost_while_it_loads_is_told_of(tmp_path: Path) -> None:
    """What it loaded may have ended it."""
    dialogue, member, line, answer = loading(tmp_path)
    dialogue.hung_up(member.home.uuid, PROCESS, line)

    with pytest.raises(WishRefused, match="connection was lost while it loaded"):
        await answer


async def test_what_was_loaded_is_told_to_who_waits(tmp_path: Path) -> None:
    dialogue, member, _line, answer = loading(tmp_path)
    dialogue.hear(member.home.uuid, PROCESS, control.ModulesLoaded(id="1", problems={"a": "b"}))

    assert await answer == {"a": "b"}
