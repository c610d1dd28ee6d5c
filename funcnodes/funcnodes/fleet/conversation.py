"""What a worker's process says, and what is seen of it while it lives: hellos, silence, markers, memory.

Owns whose hello is welcome, and when a process counts as deaf or too large. Does not launch nor judge an end
(`course`).
"""

from __future__ import annotations

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet import limits
from funcnodes.fleet.alarms import Alarm
from funcnodes.fleet.body import Body
from funcnodes.fleet.events import ProcessId
from funcnodes.fleet.memory import HardPassed, SoftPassed
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.wishes import AfterEnd


class Conversation(Body):
    """The part of a life that hears its process."""

    def _adopt(self, process: ProcessId) -> None:
        self.process, self._is_adopted, self._kills, self._failure = process, True, 0, None
        self._forced_end = None
        self._do(do.Watch(process))

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
        self._wake(Alarm.DEAF, at + limits.DEAF_AFTER_S)

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

    def _remember_stop(self, was_stopped: bool) -> None:
        if self._stop_is_remembered is not was_stopped:
            self._stop_is_remembered = was_stopped
            self._do(do.RememberStop(was_stopped))
