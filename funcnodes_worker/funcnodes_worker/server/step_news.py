"""How a client hears the news that asked for all of it: every value and state of every run, in order.

Until the graph's thread says that its steps begin, it is told the feed as others are; from then on only steps
say what runs, so nothing is told twice and nothing is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from funcnodes_worker.runtime.records import Batch
from funcnodes_worker.runtime.steps import ProgressStep, StateStep, Step, ValueStep
from funcnodes_worker.server.client import Client
from funcnodes_worker.server.context import Services
from funcnodes_worker.server.frames import our_preview
from funcnodes_worker.server.our_news import OurNews

PER_FRAME = 200
"""Steps in one frame."""
RATE_BEFORE = 120.0


class StepNews(OurNews):
    """Notifications `steps`: lists of feeds with one thing each."""

    def __init__(self, client: Client, services: Services) -> None:
        super().__init__(client, services.writer, services.board, services.writer.revision, RATE_BEFORE)
        self._services = services
        self._has_begun = False
        self._running: dict[str, Mapping[str, Any]] = {}
        """How far runs have come, by node."""

    def begin(self) -> None:
        """Ask the graph's thread for every step from now on."""
        loop = asyncio.get_running_loop()
        living = self._services.living

        def deliver(steps: Sequence[Step]) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._steps, steps)

        self._services.graph.post(lambda: living.tell_steps(self, deliver))

    def batch(self, batch: Batch) -> None:
        """Take note of what changed, as long as the steps have not begun."""
        if not self._has_begun:
            super().batch(batch)

    def _steps(self, steps: Sequence[Step]) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.tell_now()
        for first in range(0, len(steps), PER_FRAME):
            said = [self._shape(step) for step in steps[first : first + PER_FRAME]]
            self._notify("steps", {"steps": said})

    def _shape(self, step: Step) -> dict[str, Any]:
        match step:
            case ValueStep(node, port, value):
                return {"states": {}, "values": {node: {port: our_preview(value)}}, "ports": {}}
            case StateStep(node, state):
                if state.status != "running":
                    self._running.pop(node, None)
                shape = self._state(node, state)
            case ProgressStep(node, info):
                self._running[node] = info
                shape = self._state(node, self._board.state(node))
            case _:
                assert_never(step)
        shape["progress"] = self._running.get(node)
        return {"states": {node: shape}, "values": {}, "ports": {}}

    def stop(self) -> None:
        """Tell nothing more."""
        super().stop()
        living = self._services.living
        self._services.graph.post(lambda: living.tell_no_steps(self))
