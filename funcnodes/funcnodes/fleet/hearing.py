"""Whether a worker still hears: which node has run for long, and whether a ping is open.

Owns what follows from looks and answers, and the sentence. Does not send pings nor keep the time (`life`).
"""

from __future__ import annotations

from funcnodes.fleet import limits
from funcnodes.fleet.events import NodeRun


class Hearing:
    """What is known about one process's attention."""

    def __init__(self) -> None:
        self.long_run: NodeRun | None = None
        self.awaits_pong = False
        self.is_deaf = False

    def look(self, run: NodeRun | None, age: float) -> bool:
        """Take in what the marker says; tell whether a ping is due."""
        self.long_run = run if age > limits.RUN_IS_LONG_S else None
        return self.long_run is not None and not self.awaits_pong

    def answered(self) -> None:
        """Take in a sign of life."""
        self.awaits_pong = self.is_deaf = False

    def silence(self) -> None:
        """Take in that the answer did not come in time."""
        self.is_deaf = self.awaits_pong

    def sentence(self) -> str:
        """Return what a deaf worker is shown with, and the next step."""
        run = f"; node `{self.long_run.title}` runs" if self.long_run is not None else ""
        return f"has not answered for {limits.DEAF_AFTER_S:.0f} s{run}. Kill and restart it, or wait"
