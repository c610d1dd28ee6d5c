"""What `funcnodes doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "odd", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    about: str
    sentence: str
    cure: str = ""
    """What to do; empty when nothing is to be done."""
