"""The life of one worker: what happened goes in, what is to be done comes out.

Owns every decision about phases, processes, hellos, restarts and answers. Has no clock, no loop and starts
nothing; `supervisor` tells it events and `carry_out` does what it says. One `Life` per worker folder.
"""

from __future__ import annotations

import dataclasses
from typing import assert_never

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet import limits
from funcnodes.fleet.aftermath import Again, LeftToPerson, Rest
from funcnodes.fleet.alarms import Alarm
from funcnodes.fleet.body import Body
from funcnodes.fleet.commands import Command
from funcnodes.fleet.events import Event, ExitStatus, ProcessId
from funcnodes.fleet.exit_reason import exit_sentence
from funcnodes.fleet.hearing import DEAF_AFTER_S, Hearing
from funcnodes.fleet.memory import HardPassed, MemoryWatch, SoftPassed
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.quarantine import Quarantine
from funcnodes.fleet.restart_policy import PROMISES
from funcnodes.fleet.wishes import AfterEnd

_IDLE = frozenset({Phase.CREATED, Phase.STOPPED, Phase.FAILED, Phase.WAITING})
_AT_REST = frozenset({Phase.STOPPED, Phase.FAILED})


class Life(Body):
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
        super().__init__(phase, reason, quarantine or Quarantine())
        self._after_end = AfterEnd.NOTHING
        self._needs_environment = False
        self._early_hellos: list[ProcessId] = []
        self._was_told_to_stop = False
        self._stop_is_remembered = stop_is_remembered
        self._failure: str | None = None

    def handle(self, event: Event) -> list[Command]:
        """Return what is to be done now that this has happened, in order."""
        before = self.status
        self._out, self._event = [], event
        self._take(event)
        if self.phase in _AT_REST and before.phase not in _AT_REST:
            self._out.append(do.ForgetRun())
        if self.status != before and not self.is_gone:
            self._out.append(do.Publish(self.status))
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

    # Wishes -----------------------------------------------------------------------------------------------

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
        if event.by_force:
            self._blame_deaf_run()
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
        if self.phase in _IDLE and self.phase is not Phase.WAITING:
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

    # Environment and process ------------------------------------------------------------------------------

    def _begin_start(self, at: float) -> None:
        self._after_end = AfterEnd.NOTHING
        if self._needs_environment:
            self._after_end = AfterEnd.START
            self._move(Phase.PROVISIONING)
            self._do(do.Provision())
        else:
            self._launch(at)

    def _provisioned(self, event: on.Provisioned) -> None:
        if self.phase is not Phase.PROVISIONING:
            return
        self._needs_environment = False
        self._answer_all(self.wishes.provision)
        if self._after_end is AfterEnd.START:
            self._after_end = AfterEnd.NOTHING
            self._launch(event.at)
            return
        self._move(Phase.STOPPED)
        if self._after_end is AfterEnd.REMOVE:
            self._remove()

    def _provision_failed(self, event: on.ProvisionFailed) -> None:
        if self.phase is not Phase.PROVISIONING:
            return
        self._answer_all(self.wishes.provision, event.reason)
        self._fail(event.reason)

    def _launch(self, at: float, reason: str = "") -> None:
        assert self.process is None, "a worker has one process"
        assert not self.is_launching, "a worker has one process"
        self._move(Phase.STARTING, reason)
        self.is_launching, self._is_adopted, self._kills, self._failure = True, False, 0, None
        self._do(do.Launch())
        self._wake(Alarm.HELLO, at + limits.HELLO_LIMIT_S)

    def _launched(self, event: on.Launched) -> None:
        assert self.is_launching, "nothing was launched"
        self.is_launching = False
        self.process = event.process
        early, self._early_hellos = self._early_hellos, []
        if self.phase is Phase.STOPPING:
            self._terminate(event.at)
        for process in early:
            self._hello_received(on.HelloReceived(process, event.at))

    def _launch_failed(self, event: on.LaunchFailed) -> None:
        assert self.is_launching, "nothing was launched"
        self.is_launching = False
        # Strangers that dialled meanwhile are refused: nobody knows what they work on.
        for process in self._early_hellos:
            self._refuse(process, "its worker could not be started at that moment")
        self._early_hellos = []
        if self.phase is Phase.STOPPING:
            self._ended(event.at)
        else:
            self._fail(event.reason)

    def _found_alive(self, event: on.FoundAlive) -> None:
        if self.process is not None or self.is_launching or self.phase not in _IDLE:
            return
        self._adopt(event.process)
        if self.phase is Phase.WAITING:
            self._move(Phase.STOPPED)
        self._move(Phase.STARTING, "runs since before this manager, and has not said hello to it yet")

    def _found_dead(self, event: on.FoundDead) -> None:
        if self.phase is not Phase.STOPPED or self.is_launching:
            return
        sentence = exit_sentence(ExitStatus(), event.evidence)
        run = event.evidence.run
        again = PROMISES[event.policy].after_crash
        self._do(do.Note(sentence, "started again" if again else "left to a person", run and run.node))
        if run is not None:
            self._aftermath.quarantine.blame(run.node, sentence)
        if again:
            self._launch(event.at, f"started again after it {sentence}")
        else:
            self._move(Phase.STARTING)
            self._fail(f"{sentence}. It is not started again: its policy is {event.policy!s}")

    def _adopt(self, process: ProcessId) -> None:
        self.process, self._is_adopted, self._kills, self._failure = process, True, 0, None
        self._do(do.Watch(process))

    # Conversation -----------------------------------------------------------------------------------------

    def _hello_received(self, event: on.HelloReceived) -> None:
        process = event.process
        if process == self.process:
            self._hello_of_ours(process)
        elif self.is_launching:
            # Our process may dial before the launch has been reported; whose hello it is shows then.
            self._early_hellos.append(process)
        elif self.is_gone or self._after_end is AfterEnd.REMOVE:
            self._do(do.Refuse(process, "unknown_worker", "this worker was deleted"))
        elif self.process is not None or self.phase is Phase.PROVISIONING:
            self._refuse(process, "another process of this worker runs already, or is about to")
        elif self._was_told_to_stop:
            self._refuse(process, "this worker was told to stop")
        else:
            self._adopt(process)
            self._running()
            self._welcome(process)
            self._answer_all(self.wishes.start)

    def _hello_of_ours(self, process: ProcessId) -> None:
        self._is_connected = True
        self._answered_ping()
        self._welcome(process)
        if self.phase is Phase.STARTING:
            self._running()
            self._answer_all(self.wishes.start)
        elif self.phase is Phase.STOPPING and self._alarms.is_set(Alarm.TERMINATE):
            # It was asked over a connection that broke: the question may be lost with it.
            self._do(do.AskToStop())

    def _running(self) -> None:
        # The cause of an earlier end stays readable: who looks a minute later should still see why.
        self._move(Phase.RUNNING, "" if self._is_adopted else self._reason)
        self._is_connected = True

    def _connection_lost(self, event: on.ConnectionLost) -> None:
        if event.process != self.process or not self._is_connected:
            return
        self._is_connected = False
        if not self._hearing.awaits_pong:
            self._wait_for_pong(event.at)

    def _looked(self, event: on.Looked) -> None:
        if self.process is None:
            return
        if self._hearing.look(event.run, event.age) and self._is_connected:
            self._do(do.Ping())
            self._wait_for_pong(event.at)
        if self.phase is Phase.RUNNING:
            self._look_at_memory(event)

    def _look_at_memory(self, event: on.Looked) -> None:
        match self._memory.look(event.memory, event.bounds):
            case SoftPassed(sentence):
                self._reason = sentence
                self._do(do.Interrupt(event.run and event.run.node))
            case HardPassed(sentence) if not self._killed_for and self.process is not None:
                self._killed_for = sentence
                self._do(do.Kill(self.process))
            case _:
                pass

    def _wait_for_pong(self, at: float) -> None:
        self._hearing.awaits_pong = True
        self._wake(Alarm.DEAF, at + DEAF_AFTER_S)

    def _answered_ping(self) -> None:
        self._hearing.answered()
        self._alarms.forget(Alarm.DEAF)

    def _stopping_said(self, event: on.StoppingSaid) -> None:
        if event.process != self.process or self.phase not in (Phase.STARTING, Phase.RUNNING):
            return
        # Somebody told the worker itself, not us.
        self._remember_stop(True)
        self._answer_all(self.wishes.start, "the worker stops by itself")
        self._move(Phase.STOPPING, "it stops by itself")
        self._wake(Alarm.TERMINATE, event.at + limits.ASK_LIMIT_S)

    # The end ----------------------------------------------------------------------------------------------

    def _process_exited(self, event: on.ProcessExited) -> None:
        if event.process != self.process:
            return
        if self._killed_for:
            evidence = dataclasses.replace(event.evidence, killed_for=self._killed_for)
            event, self._killed_for = dataclasses.replace(event, evidence=evidence), ""
        phase = self.phase
        self.process, self._is_connected = None, False
        self._hearing, self._memory = Hearing(), MemoryWatch()
        if phase is Phase.STOPPING:
            self._ended(event.at)
            return
        is_starting, somebody_waits = phase is Phase.STARTING, bool(self.wishes.start)
        match self._aftermath.judge(event, is_starting=is_starting, somebody_waits=somebody_waits):
            case Rest(reason):
                self._note(event, "stays stopped")
                self._answer_all(self.wishes.start, reason)
                self._move(Phase.STOPPED, reason)
            case Again(wait, reason):
                self._note(event, "started again" if wait == 0.0 else f"starts again in {wait:.1f} s")
                self._move(Phase.WAITING, reason)
                if wait == 0.0:
                    self._launch(event.at, reason)
                else:
                    self._wake(Alarm.RESTART, event.at + wait)
            case LeftToPerson(reason):
                self._note(event, "left to a person")
                self._fail(reason)

    def _blame_deaf_run(self) -> None:
        run = self._hearing.long_run
        if run is not None and self._hearing.is_deaf:
            sentence = "it kept the worker from hearing until that was killed by hand"
            self._do(
                do.Note(
                    f"killed by hand while node `{run.node}` kept it from hearing", "started again", run.node
                )
            )
            self._aftermath.quarantine.blame(run.node, sentence)

    def _note(self, event: on.ProcessExited, followed: str) -> None:
        run = event.evidence.run
        sentence = exit_sentence(event.status, event.evidence)
        self._do(do.Note(sentence, followed, None if run is None else run.node))

    def _ended(self, at: float) -> None:
        self._answer_all(self.wishes.stop)
        after, self._after_end = self._after_end, AfterEnd.NOTHING
        if self._failure is not None and after is AfterEnd.NOTHING:
            self._fail(self._failure)
        elif after is AfterEnd.START:
            if self._needs_environment:
                self._move(Phase.STOPPED)
            self._begin_start(at)
        else:
            self._move(Phase.STOPPED, "it did not end when asked, so it was killed" if self._kills else "")
        if after is AfterEnd.REMOVE:
            self._after_end = after
            self._remove()

    def _fail(self, reason: str) -> None:
        self._move(Phase.FAILED, reason)
        self._answer_all(self.wishes.start, reason)
        self._answer_all(self.wishes.stop)
        if self._after_end is AfterEnd.REMOVE:
            self._remove()
        else:
            self._after_end = AfterEnd.NOTHING

    def _remove(self) -> None:
        if self.phase is Phase.WAITING:
            self._move(Phase.STOPPED)
        self._do(do.Remove())

    def _removed(self, event: on.Removed) -> None:
        self._after_end = AfterEnd.NOTHING
        self._answer_all(self.wishes.delete, event.problem)
        if event.problem is None:
            self.is_gone = True
            self._answer_everybody("the worker was deleted")
        else:
            self._reason = event.problem

    def _woken(self, event: on.Woken) -> None:
        match self._alarms.take(event.alarm):
            case None:
                pass  # What it was set for has happened, or is no longer wanted.
            case Alarm.HELLO:
                self._hello_is_late(event.at)
            case Alarm.TERMINATE:
                self._terminate(event.at)
            case Alarm.KILL:
                self._kill(event.at)
            case Alarm.RESTART:
                self._launch(event.at, self._reason)
            case Alarm.DEAF:
                self._hearing.silence()

    def _hello_is_late(self, at: float) -> None:
        sentence = f"the process has not said hello within {limits.HELLO_LIMIT_S:.0f} s"
        if self._is_adopted:
            # It lived before this manager and may be in the middle of a long native call: it is left alone.
            self._answer_all(self.wishes.start, f"{sentence}; it runs since before this manager")
            return
        self._failure = sentence
        self._begin_stop(at)

    # Tools ------------------------------------------------------------------------------------------------

    def _remember_stop(self, was_stopped: bool) -> None:
        if self._stop_is_remembered is not was_stopped:
            self._stop_is_remembered = was_stopped
            self._do(do.RememberStop(was_stopped))
