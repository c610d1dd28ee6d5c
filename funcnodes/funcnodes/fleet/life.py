"""The life of one worker: what happened goes in, what is to be done comes out.

Owns what follows from a wish, and the one door. The other decisions stand in the rooms below it: `course`
(a process comes and goes), `conversation` (what it says), `body` (the ladder of its end). None of them has a
clock or a loop, and none starts anything; `supervisor` tells events and `carry_out` does what is said. One
`Life` per worker folder.
"""

from __future__ import annotations

from typing import assert_never

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet import limits
from funcnodes.fleet.alarms import Alarm
from funcnodes.fleet.commands import Command
from funcnodes.fleet.course import Course
from funcnodes.fleet.events import Event
from funcnodes.fleet.phases import IDLE, Phase
from funcnodes.fleet.quarantine import Quarantine
from funcnodes.fleet.wishes import AfterEnd

_AT_REST = frozenset({Phase.STOPPED, Phase.FAILED})


class Life(Course):
    """One worker's life. `handle` is its only door."""

    def __init__(
        self,
        phase: Phase = Phase.STOPPED,
        reason: str = "",
        *,
        quarantine: Quarantine | None = None,
        stop_is_remembered: bool = False,
    ) -> None:
        """`reason` says why a life begins as failed: its settings cannot be read. The rest is its past."""
        super().__init__(phase, reason, quarantine or Quarantine(), stop_is_remembered=stop_is_remembered)
        self._shown = self.status
        """As it was after the last event: nothing else changes it."""

    def handle(self, event: Event) -> list[Command]:
        """Return what is to be done now that this has happened, in order."""
        before = self._shown
        self._out, self._event = [], event
        self._take(event)
        if self.phase in _AT_REST and before.phase not in _AT_REST:
            self._out.append(do.ForgetRun())
        self._shown = self.status
        if self._shown != before and not self.is_gone:
            self._out.append(do.Publish(self._shown))
        return self._out

    def _take(self, event: Event) -> None:
        match event:
            case on.StartWished():
                self._start_wished(event)
            case on.StopWished():
                self._stop_wished(event)
            case on.RestartWished():
                self._restart_wished(event)
            case on.DeleteWished():
                self._delete_wished(event)
            case on.ProvisionWished():
                self._provision_wished(event)
            case on.Provisioned():
                self._provisioned(event)
            case on.ProvisionFailed():
                self._provision_failed(event)
            case on.Launched():
                self._launched(event)
            case on.LaunchFailed():
                self._launch_failed(event)
            case on.FoundAlive():
                self._found_alive(event)
            case on.FoundDead():
                self._found_dead(event)
            case on.HelloReceived():
                self._hello_received(event)
            case on.ConnectionLost():
                self._connection_lost(event)
            case on.StoppingSaid():
                self._stopping_said(event)
            case on.ProcessExited():
                self._process_exited(event)
            case on.Looked():
                self._looked(event)
            case on.PongReceived():
                self._answered_ping()
            case on.NodeLetGo(node):
                self._aftermath.quarantine.let_go(node)
                self._do(do.NoteLetGo(node))
            case on.Woken():
                self._woken(event)
            case on.Removed():
                self._removed(event)
            case _:
                assert_never(event)

    def _start_wished(self, event: on.StartWished) -> None:
        if self._is_leaving_for_good(event.number):
            return
        self._needs_environment = event.needs_environment
        self._was_told_to_stop = False
        self._remember_stop(False)
        if self.phase is Phase.RUNNING:
            safe = "it runs already: stop it first, or restart it, to open its graph without running"
            self._answer(event.number, safe if event.is_safe and not self._is_safe else None)
            return
        self.wishes.start.append(event.number)
        if self.phase is not Phase.STARTING:
            self._is_safe = event.is_safe
        match self.phase:
            case Phase.STOPPING | Phase.PROVISIONING:
                self._after_end = AfterEnd.START
            case Phase.STARTING:
                if self._is_adopted:
                    self._wake(Alarm.HELLO, event.at + limits.HELLO_LIMIT_S)
            case _:
                self._aftermath.budget.forgive()
                self._begin_start(event.at)

    def _stop_wished(self, event: on.StopWished) -> None:
        if self._is_leaving_for_good(event.number):
            return
        self._was_told_to_stop = True
        if not event.manager_ends:
            self._remember_stop(True)
        self._after_end = AfterEnd.NOTHING
        self._failure = None
        self._answer_all(self.wishes.start, "the start was called off: the worker was told to stop")
        match self.phase:
            case Phase.STARTING | Phase.RUNNING:
                self.wishes.stop.append(event.number)
                self._begin_stop(event.at)
            case Phase.STOPPING:
                self.wishes.stop.append(event.number)
            case Phase.WAITING | Phase.FAILED:
                self._move(Phase.STOPPED)
                self._answer(event.number)
            case _:
                self._answer(event.number)

    def _restart_wished(self, event: on.RestartWished) -> None:
        if self.phase not in (Phase.STARTING, Phase.RUNNING, Phase.STOPPING):
            self._start_wished(on.StartWished(event.number, event.at, event.needs_environment, event.is_safe))
            return
        if self._is_leaving_for_good(event.number):
            return
        self._needs_environment, self._is_safe = event.needs_environment, event.is_safe
        self._was_told_to_stop = False
        self._remember_stop(False)
        if event.by_force and not self._kills:
            self._forced_end = "" if self._blame_deaf_run() else "killed by hand"
        self.wishes.start.append(event.number)
        self._after_end = AfterEnd.START
        self._aftermath.budget.forgive()
        if self.phase is not Phase.STOPPING:
            self._begin_stop(event.at, by_force=event.by_force)
        elif event.by_force:
            self._kill(event.at)

    def _delete_wished(self, event: on.DeleteWished) -> None:
        if self.is_gone:
            self._answer(event.number)
            return
        self.wishes.delete.append(event.number)
        if self._after_end is AfterEnd.REMOVE:
            return
        self._after_end = AfterEnd.REMOVE
        self._was_told_to_stop = True
        self._answer_all(self.wishes.start, "the worker is being deleted")
        match self.phase:
            case Phase.STARTING | Phase.RUNNING:
                self._begin_stop(event.at)
            case Phase.STOPPING | Phase.PROVISIONING:
                pass
            case _:
                self._remove()

    def _provision_wished(self, event: on.ProvisionWished) -> None:
        if self._is_leaving_for_good(event.number):
            return
        if self.phase in IDLE and self.phase is not Phase.WAITING:
            self.wishes.provision.append(event.number)
            self._move(Phase.PROVISIONING)
            self._do(do.Provision())
        elif self.phase is Phase.PROVISIONING:
            self.wishes.provision.append(event.number)
        else:
            self._answer(event.number)

    def _is_leaving_for_good(self, number: int) -> bool:
        if self.is_gone or self._after_end is AfterEnd.REMOVE:
            self._answer(number, "the worker is being deleted")
            return True
        return False
