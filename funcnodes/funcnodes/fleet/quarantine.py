"""Which nodes of a worker are kept from running, since their runs ended its process.

Owns the count and the sentence. A node is only ever named by the marker: it ran when the process died, or
when a person had to kill a process that no longer heard. Whether it was guilty cannot be known, so once is no
reason; twice is, and a person can let it go at any time. Pure: `life` tells it what happened.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

TWICE = 2
"""Ends of the process during runs of one node, after which the graph opens without it."""


class Quarantine(msgspec.Struct):
    """The suspects of one worker. A node stays here until a person lets it go."""

    _ends: dict[str, int] = {}
    _why: dict[str, str] = {}

    @property
    def held(self) -> Mapping[str, str]:
        """The nodes that are not to run, each with what its runs did."""
        return {
            node: f"it ran {count} times when its worker ended, at last: {self._why[node]}"
            for node, count in self._ends.items()
            if count >= TWICE
        }

    @property
    def suspects(self) -> Mapping[str, tuple[int, str]]:
        """All that are suspected, held or not: how often, and what their runs did at last."""
        return {node: (count, self._why[node]) for node, count in self._ends.items()}

    def suspect(self, node: str, count: int, sentence: str) -> None:
        """Take in what another worker with the same graph knows of a node."""
        self._ends[node], self._why[node] = count, sentence

    def blame(self, node: str, sentence: str) -> bool:
        """Take in that the process ended while this node ran; tell whether that makes it held."""
        self._ends[node] = self._ends.get(node, 0) + 1
        self._why[node] = sentence
        return self._ends[node] == TWICE

    def let_go(self, node: str) -> None:
        """Forget what a node did: a person changed it, or wants it run."""
        self._ends.pop(node, None)
        self._why.pop(node, None)
