"""What people wait for while a worker changes its phase.

Owns the lists of open wishes and what is to follow the end of a process. Does not decide (`life`).
"""

from __future__ import annotations

import enum

import msgspec


class AfterEnd(enum.Enum):
    """What follows once the process has ended, or the environment stands."""

    NOTHING = "nothing"
    START = "start"
    REMOVE = "remove"


class Wishes(msgspec.Struct):
    """The numbers of wishes that have no answer yet, by what they wait for."""

    start: list[int] = []
    stop: list[int] = []
    delete: list[int] = []
    provision: list[int] = []

    @property
    def are_open(self) -> bool:
        """Whether anybody waits."""
        return bool(self.start or self.stop or self.delete or self.provision)
