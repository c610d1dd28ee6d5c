"""The times one worker's life waits for.

Owns the numbers by which a late alarm is recognised. An alarm that is no longer wanted is forgotten, never
called off: whoever keeps the clock need not be told.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from funcnodes.fleet.commands import WakeAt
from funcnodes.fleet.phases import Phase


class Alarm(enum.Enum):
    """What is due when the time comes."""

    HELLO = "the process should have said hello"
    TERMINATE = "asking was not enough"
    KILL = "terminating was not enough"
    RESTART = "the wait after a crash is over"
    DEAF = "the pong should have come"


_WITH_PROCESS = frozenset({Phase.STARTING, Phase.RUNNING, Phase.STOPPING})
MEANT_IN: Mapping[Alarm, frozenset[Phase]] = {
    Alarm.HELLO: frozenset({Phase.STARTING}),
    Alarm.TERMINATE: frozenset({Phase.STOPPING}),
    Alarm.KILL: frozenset({Phase.STOPPING}),
    Alarm.RESTART: frozenset({Phase.WAITING}),
    Alarm.DEAF: _WITH_PROCESS,
}
"""The phases in which an alarm means something; leaving them forgets it."""


class Alarms:
    """At most one alarm of each kind; setting it anew forgets the earlier one."""

    def __init__(self) -> None:
        self._numbers: dict[Alarm, int] = {}
        self._count = 0

    def set(self, alarm: Alarm, time: float) -> WakeAt:
        """Return the command that makes it ring."""
        self._count += 1
        self._numbers[alarm] = self._count
        return WakeAt(time, self._count)

    def is_set(self, alarm: Alarm) -> bool:
        """Tell whether this alarm is still to ring."""
        return alarm in self._numbers

    def forget(self, *alarms: Alarm) -> None:
        """Let these alarms ring unheard."""
        for alarm in alarms:
            self._numbers.pop(alarm, None)

    def enter(self, phase: Phase) -> None:
        """Forget what means nothing in this phase."""
        self.forget(*(alarm for alarm in Alarm if phase not in MEANT_IN[alarm]))

    def take(self, number: int) -> Alarm | None:
        """Return what is due when this number rings, or None when it is no longer wanted."""
        for alarm, known in self._numbers.items():
            if known == number:
                del self._numbers[alarm]
                return alarm
        return None
