"""Who runs now: told by the engine, written into the marker for the supervisor, read by the server's thread.

Owns the last word on "which node keeps the graph busy, since when".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from funcnodes_core.document.model import NodeId


class MarkerFile(Protocol):
    """The marker in its file (`wire/marker`)."""

    def begin(self, node_id: str) -> None:
        """Say that a node begins to run."""
        ...

    def end(self) -> None:
        """Say that nothing runs."""
        ...


class Run(msgspec.Struct, frozen=True):
    """A run that is under way: whose, since when (monotonic seconds), and the how-manieth of this process."""

    node: NodeId
    since: float
    number: int


class RunningNode:
    """The engine's marker: writes the file and remembers the same for this process's other threads."""

    def __init__(self, file: MarkerFile | None = None) -> None:
        self._file = file
        self.number = 0
        """How many runs have begun."""
        self._now: tuple[NodeId, float, int] | None = None
        self._wake: Callable[[], None] | None = None
        self._is_awake = False

    def begin(self, node_id: str) -> None:
        """Note that a node's function is called. Called by the engine, very often."""
        self.number += 1
        # One assignment of a finished tuple: a reader in another thread sees the whole of one run or of
        # another.
        self._now = (node_id, time.monotonic(), self.number)
        if not self._is_awake and self._wake is not None:
            self._is_awake = True
            self._wake()
        if self._file is not None:
            self._file.begin(node_id)

    def end(self) -> None:
        """Note that it has returned. Called by the engine."""
        self._now = None
        if self._file is not None:
            self._file.end()

    def wake_by(self, wake: Callable[[], None] | None) -> None:
        """Have this called, in the graph's thread, by the first run after each `rest`."""
        self._wake, self._is_awake = wake, False

    def rest(self) -> None:
        """Let the next run wake who watches. Called by who was woken, from another thread."""
        self._is_awake = False

    def now(self) -> Run | None:
        """Return the run under way, from any thread."""
        now = self._now
        return None if now is None else Run(*now)

    def node(self) -> NodeId | None:
        """Return which node runs, from any thread."""
        now = self._now
        return None if now is None else now[0]
