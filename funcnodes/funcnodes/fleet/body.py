"""What a worker's life has in its hands: phase, process, connection, and the ladder that ends a process.

Owns the state that everybody is shown and the moves between phases. Does not decide (`life`).
"""

from __future__ import annotations

from funcnodes.fleet import commands as do
from funcnodes.fleet import limits
from funcnodes.fleet.aftermath import Aftermath
from funcnodes.fleet.alarms import Alarm
from funcnodes.fleet.commands import LifeStatus
from funcnodes.fleet.events import Event, ProcessId
from funcnodes.fleet.hearing import Hearing
from funcnodes.fleet.memory import MemoryWatch
from funcnodes.fleet.phases import Phase, check_move
from funcnodes.fleet.quarantine import Quarantine
from funcnodes.fleet.voice import Voice
from funcnodes.fleet.wishes import AfterEnd


class Body(Voice):
    """The part of a life that has a process."""

    def __init__(
        self, phase: Phase, reason: str, quarantine: Quarantine, *, stop_is_remembered: bool
    ) -> None:
        super().__init__()
        assert phase in (Phase.CREATED, Phase.STOPPED, Phase.FAILED), "a life begins without a process"
        self.phase = phase
        self.process: ProcessId | None = None
        self.is_gone = False
        """The worker's folder was removed; this life is over."""
        self.is_launching = False
        """A process was asked for that is neither there nor refused yet."""
        self._reason = reason
        self._reason_then = ""
        """What is shown once the wait that the reason speaks of is over."""
        self._event: Event | None = None
        self._aftermath = Aftermath(quarantine=quarantine)
        self._hearing = Hearing()
        self._memory = MemoryWatch()
        self._killed_for = ""
        """Why the process is being ended by us, in the middle of its run."""
        self._is_safe = False
        """The graph is to be opened without running."""
        self._is_adopted = False
        self._is_connected = False
        self._kills = 0
        self._forced_end: str | None = None
        """What the history will say of an end that is forced; "" once it has said it."""
        self._unheard_kills = 0
        """Processes in a row that were ended from outside before they said hello."""
        self._failure: str | None = None
        """Why the process is being ended that never said hello."""
        self._needs_environment = False
        self._early_hellos: list[ProcessId] = []
        """Who dialled before our launch was reported."""
        self._after_end = AfterEnd.NOTHING
        self._was_told_to_stop = False
        self._stop_is_remembered = stop_is_remembered
        """The stop is on disk, so that the next manager knows of it too."""

    @property
    def status(self) -> LifeStatus:
        """What is shown to everybody."""
        hearing = self._hearing
        reason = hearing.sentence() if hearing.is_deaf else self._reason
        held = tuple(sorted(self._aftermath.quarantine.held))
        return LifeStatus(self.phase, reason, hearing.long_run, hearing.is_deaf, held, self._is_safe)

    def _welcome(self, process: ProcessId) -> None:
        self._unheard_kills = 0
        self._do(do.Welcome(process, self._aftermath.quarantine.held, self._is_safe))

    def _refuse(self, process: ProcessId, message: str) -> None:
        self._do(do.Refuse(process, "stopped", message))

    def _begin_stop(self, at: float, *, by_force: bool = False) -> None:
        was_deaf, is_connected = self._hearing.is_deaf, self._is_connected
        self._move(Phase.STOPPING)
        if self.process is None:
            return  # It is being launched; `_launched` goes on.
        if by_force:
            self._kill(at)
        elif is_connected:
            self._do(do.AskToStop())
            self._wake(Alarm.TERMINATE, at + (limits.ASK_DEAF_LIMIT_S if was_deaf else limits.ASK_LIMIT_S))
        else:
            self._terminate(at)

    def _terminate(self, at: float) -> None:
        assert self.process is not None
        self._do(do.Terminate(self.process))
        self._wake(Alarm.KILL, at + limits.TERMINATE_LIMIT_S)

    def _kill(self, at: float) -> None:
        if self.process is None:
            return
        self._alarms.forget(Alarm.TERMINATE)
        self._kills += 1
        if self._forced_end is None:
            self._forced_end = "killed since it did not end when asked"
        self._do(do.Kill(self.process))
        self._wake(Alarm.KILL, at + limits.KILL_LIMIT_S)
        if self._kills > 1:
            stuck = f"process {self.process.pid} was killed and does not end: the system holds it"
            self._reason = stuck
            self._answer_everybody(stuck)

    def _move(self, phase: Phase, reason: str = "") -> None:
        self.phase = check_move(self.phase, phase, self._event)
        self._reason = reason
        self._alarms.enter(phase)
