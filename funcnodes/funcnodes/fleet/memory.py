"""Whether a worker uses more memory than its settings allow.

Owns the two thresholds and their sentences. Pure; `life` asks with each look and acts.
"""

from __future__ import annotations

import msgspec

from funcnodes.fleet.events import Bounds
from funcnodes.fleet.exit_reason import size_text

_BACK = 0.9
"""Below this part of the soft limit the next excess counts as a new one."""


class SoftPassed(msgspec.Struct, frozen=True):
    """It uses more than it should: what runs is to be interrupted."""

    sentence: str


class HardPassed(msgspec.Struct, frozen=True):
    """It uses more than it may: the process is to be ended."""

    sentence: str


class MemoryWatch:
    """What is known about one process's memory."""

    def __init__(self) -> None:
        self._is_above = False

    def look(self, used: int | None, bounds: Bounds) -> SoftPassed | HardPassed | None:
        """Take in what the process uses; return what that means, each excess of the soft limit once."""
        if used is None:
            return None
        if bounds.hard is not None and used > bounds.hard:
            return HardPassed(f"it used {size_text(used)}, more than its limit of {size_text(bounds.hard)}")
        if bounds.soft is None or used < _BACK * bounds.soft:
            self._is_above = False
        elif used > bounds.soft and not self._is_above:
            self._is_above = True
            return SoftPassed(
                f"uses {size_text(used)} of memory, more than its soft limit of {size_text(bounds.soft)}; "
                "what ran was interrupted"
            )
        return None
