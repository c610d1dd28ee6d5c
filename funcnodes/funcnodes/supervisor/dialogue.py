"""The conversation with the workers on `/control`: their hellos, what they say, their hanging up.

Owns what each message means for the fleet. Does not know sockets: the manager's door hands in what it hears,
and a `Link` to answer on. Whether a hello is welcome is decided by the worker's `Life`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from funcnodes_worker.wire import control

from funcnodes.fleet import events as on
from funcnodes.fleet.events import Event, ProcessId
from funcnodes.fleet.phases import Phase
from funcnodes.launch.launcher import Launcher
from funcnodes.supervisor.errors import WishRefused
from funcnodes.supervisor.member import Dialled, Link, Member
from funcnodes.supervisor.roll import Roll, read_settings_again

LOGGER = logging.getLogger(__name__)


class Dialogue:
    """Hears the workers of a fleet."""

    def __init__(
        self,
        roll: Roll,
        launcher: Launcher,
        *,
        tell: Callable[[Member, Event], None],
        changed: Callable[[], None],
        fulfil: Callable[[Member, control.Wish], object],
        trusted: Callable[[str], object],
    ) -> None:
        """`fulfil` does what a worker wishes for, `trusted` starts it in its own environment."""
        self._roll, self._launcher = roll, launcher
        self._tell, self._changed = tell, changed
        self._fulfil, self._trusted = fulfil, trusted

    def hello(self, hello: control.Hello, link: Link) -> ProcessId | None:
        """Take in a worker's hello; return its process, or None when it was refused at once."""
        member = self._roll.find(hello.uuid)
        if member is None:
            sentence = f"there is no worker {hello.uuid[:80]!r} in this base folder"
            link.send(control.Refused(reason="unknown_worker", message=sentence))
            return None
        process = self._launcher.identify(hello.pid)
        if process is None:
            sentence = f"process {hello.pid} does not live on this machine"
            link.send(control.Refused(reason="stopped", message=sentence))
            return None
        member.dialled[process] = Dialled(link, hello)
        read_settings_again(member)
        self._tell(member, on.HelloReceived(process, time.monotonic()))
        return process

    def hear(self, uuid: str, process: ProcessId, message: control.FromWorker) -> None:
        """Take in what a worker says after its hello."""
        member = self._roll.known(uuid)
        if member is None or member.life.process != process:
            return
        match message:
            case control.Pong():
                self._tell(member, on.PongReceived(time.monotonic()))
            case control.Stopping():
                self._tell(member, on.StoppingSaid(process, time.monotonic()))
            case control.Changed():
                read_settings_again(member)
                self._changed()
            case control.NodeLetGo(node=node):
                self._tell(member, on.NodeLetGo(node, time.monotonic()))
            case control.ModulesLoaded(id=load_id, problems=problems):
                waiting = member.loads.get(load_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(problems)
            case control.Wish():
                self._fulfil(member, message)
            case control.Trusted():
                self._trusted(uuid)
            case control.Hello():
                LOGGER.warning("worker %s said hello twice on one connection", uuid)

    def hung_up(self, uuid: str, process: ProcessId, link: Link) -> None:
        """Take in that a worker's connection is gone. One that was replaced meanwhile means nothing."""
        member = self._roll.known(uuid)
        if member is None:
            return
        dialled = member.dialled.get(process)
        if dialled is not None and dialled.link is link:
            del member.dialled[process]
        if member.link is link:
            member.link = None
            for waiting in member.loads.values():
                _end_load(waiting, is_told_to_stop=member.life.phase is Phase.STOPPING)
            self._tell(member, on.ConnectionLost(process, time.monotonic()))


def _end_load(waiting: asyncio.Future[dict[str, str]], *, is_told_to_stop: bool) -> None:
    if waiting.done():
        return
    if is_told_to_stop:
        # As with a worker that does not run: what is installed is there at its next start.
        waiting.set_result({})
    else:
        sentence = "installed, but the worker's connection was lost while it loaded that; see why it ended"
        waiting.set_exception(WishRefused(sentence))
