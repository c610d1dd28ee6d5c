"""How a life says what is to be done: commands in order, alarms, and an answer to every wish.

Owns the commands of one event, the alarms that are set, and the wishes without an answer. Decides nothing
(`life`).
"""

from __future__ import annotations

from funcnodes.fleet import commands as do
from funcnodes.fleet.alarms import Alarm, Alarms
from funcnodes.fleet.commands import Command
from funcnodes.fleet.wishes import Wishes


class Voice:
    """The part of a life that speaks."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        """What has no answer yet."""
        self._alarms = Alarms()
        self._out: list[Command] = []

    def _do(self, command: Command) -> None:
        self._out.append(command)

    def _wake(self, alarm: Alarm, time: float) -> None:
        self._do(self._alarms.set(alarm, time))

    def _answer(self, number: int, error: str | None = None) -> None:
        self._do(do.Answer(number, error))

    def _answer_all(self, numbers: list[int], error: str | None = None) -> None:
        for number in numbers:
            self._answer(number, error)
        numbers.clear()

    def _answer_everybody(self, error: str) -> None:
        for numbers in (self.wishes.start, self.wishes.stop, self.wishes.delete, self.wishes.provision):
            self._answer_all(numbers, error)
