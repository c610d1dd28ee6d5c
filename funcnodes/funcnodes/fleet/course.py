"""How a worker's process comes and goes: environment, launch, end, and what follows from the end.

Owns the way from a decision to start until the process has ended, and each alarm on that way. Does not know
what people wish (`life`), only what is to follow.
"""

from __future__ import annotations

import msgspec

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet import limits
from funcnodes.fleet.aftermath import Again, LeftToPerson, Rest
from funcnodes.fleet.alarms import Alarm
from funcnodes.fleet.conversation import Conversation
from funcnodes.fleet.events import ExitStatus, NodeRun
from funcnodes.fleet.exit_reason import during, exit_sentence, is_own_doing
from funcnodes.fleet.hearing import Hearing
from funcnodes.fleet.memory import MemoryWatch
from funcnodes.fleet.phases import IDLE, Phase
from funcnodes.fleet.restart_policy import PROMISES
from funcnodes.fleet.wishes import AfterEnd


class Course(Conversation):
    """The part of a life that begins and ends processes."""

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
        self._forced_end = None
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
        if self.process is not None or self.is_launching or self.phase not in IDLE:
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
        self._note_end(sentence, "started again" if again else "left to a person", run)
        if run is not None:
            self._aftermath.quarantine.blame(run.node, sentence)
        if again:
            self._launch(event.at, f"started again after it {sentence}")
        else:
            self._move(Phase.STARTING)
            self._fail(f"{sentence}. It is not started again: its policy is {event.policy!s}")

    def blames_environment(self, status: ExitStatus) -> bool:
        """Tell whether this end of a process that never said hello speaks against a new environment.

        Asked by `carry_out` before it tells of the end. Whoever was told to end had no time for a hello; one
        kill from outside is chance. A second one in a row is none: what was installed may be too large.
        """
        if self.phase is Phase.STOPPING:
            return self._failure is not None
        return is_own_doing(status) or self._unheard_kills > 0

    def _process_exited(self, event: on.ProcessExited) -> None:
        if event.process != self.process:
            return
        if self.phase is Phase.STARTING and not is_own_doing(event.status):
            self._unheard_kills += 1
        if self._killed_for:
            evidence = msgspec.structs.replace(event.evidence, killed_for=self._killed_for)
            event, self._killed_for = msgspec.structs.replace(event, evidence=evidence), ""
        phase = self.phase
        self.process, self._is_connected = None, False
        self._hearing, self._memory = Hearing(), MemoryWatch()
        if phase is Phase.STOPPING:
            self._note_forced_end(event)
            self._ended(event.at)
            return
        is_starting, somebody_waits = phase is Phase.STARTING, bool(self.wishes.start)
        match self._aftermath.judge(event, is_starting=is_starting, somebody_waits=somebody_waits):
            case Rest(reason):
                self._note(event, "stays stopped")
                self._answer_all(self.wishes.start, reason)
                self._move(Phase.STOPPED, reason)
            case Again(wait, reason, then):
                self._note(event, "started again" if wait == 0.0 else f"starts again in {wait:.1f} s")
                self._move(Phase.WAITING, reason)
                if wait == 0.0:
                    self._launch(event.at, then)
                else:
                    self._reason_then = then
                    self._wake(Alarm.RESTART, event.at + wait)
            case LeftToPerson(reason):
                self._note(event, "left to a person")
                self._fail(reason)

    def _blame_deaf_run(self) -> bool:
        """Suspect the node for which a deaf worker is killed by hand; tell whether there is one."""
        run = self._hearing.long_run
        is_to_blame = run is not None and self._hearing.is_deaf
        if run is not None and is_to_blame:
            sentence = "it kept the worker from hearing until that was killed by hand"
            self._note_end(
                f"killed by hand while node `{run.title}` kept it from hearing", "started again", run
            )
            self._aftermath.quarantine.blame(run.node, sentence)
        return is_to_blame

    def _note_forced_end(self, event: on.ProcessExited) -> None:
        cause, self._forced_end = self._forced_end, None
        if cause is None and self._failure is not None:
            cause = f"ended by the manager: {self._failure}"
        if not cause:
            return  # It did as it was told; or it has been noted when it was killed.
        match self._after_end:
            case AfterEnd.START:
                followed = "started again"
            case AfterEnd.REMOVE:
                followed = "deleted"
            case AfterEnd.NOTHING:
                followed = "left to a person" if self._failure is not None else "stays stopped"
        # In words only: a node that a note names for itself is a suspect, and this one did nothing.
        self._do(do.Note(cause + during(event.evidence), followed))

    def _note(self, event: on.ProcessExited, followed: str) -> None:
        self._note_end(exit_sentence(event.status, event.evidence), followed, event.evidence.run)

    def _note_end(self, sentence: str, followed: str, run: NodeRun | None) -> None:
        node, name = (None, "") if run is None else (run.node, run.name)
        self._do(do.Note(sentence, followed, node, name))

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
                self._launch(event.at, self._reason_then)
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
