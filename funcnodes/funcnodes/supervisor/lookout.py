"""What nobody tells and has to be looked for: what an earlier manager left, long runs, memory, output.

Owns the pace of looking, and whether a run record still means a living process. What follows from a look is
decided by the worker's `Life`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from funcnodes_worker.home.run_state import RunRecord, read_run_record
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.wire.marker import MarkerReader

from funcnodes.fleet import events as on
from funcnodes.fleet import limits as times
from funcnodes.fleet.events import Event, NodeRun, ProcessId
from funcnodes.launch.launcher import Launcher
from funcnodes.supervisor.carry_out import evidence_of
from funcnodes.supervisor.member import Member, run_and_age
from funcnodes.supervisor.node_names import name_of
from funcnodes.supervisor.output import keep_short
from funcnodes.supervisor.roll import Roll

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_S = 0.5
"""Twice a second: a look sees a long run after 1.5 s at most, three more pass without a pong, and so a deaf
worker is named within five."""
_SMALL_GRAPH = 4 << 20
"""Bytes of a saved graph that are read between two looks; the nodes of a larger one go by their ids."""
_NO_BOUNDS = on.Bounds()


class _View:
    """What is looked at of one process, found once: looking is nearly all that an idle manager does."""

    def __init__(self, home: WorkerHome, process: ProcessId) -> None:
        self.process = process
        self.marker = MarkerReader(home.marker)
        self.output_file = home.output_file
        self._home = home
        self._named = ("", "")

    def name_of(self, node: str) -> str:
        """Return what people call a node that has run for long, looked up once for each."""
        if self._named[0] != node:
            self._named = (node, name_of(self._home, node, _SMALL_GRAPH))
        return self._named[1]


class Lookout:
    """Looks at the fleet. `tell` takes what was seen to a worker's life."""

    def __init__(self, roll: Roll, launcher: Launcher, tell: Callable[[Member, Event], None]) -> None:
        self._roll, self._launcher, self._tell = roll, launcher, tell
        self._views: dict[str, _View] = {}

    def find_survivors(self, *, revive: bool) -> None:
        """Tell of every process that runs since before this manager; `revive`: of those that died too."""
        for member in self._roll.call():
            self._look_for_survivor(member, revive=revive)

    async def look_forever(self) -> None:
        """Look at all that run, again and again."""
        try:
            while True:
                self.look_once()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for view in self._views.values():
                _close(view)

    def look_once(self) -> None:
        """Look at all that run now."""
        self._launcher.look()
        former, self._views = self._views, {}
        for member in self._roll.call():
            process = member.life.process
            if process is None:
                continue
            view = former.pop(member.home.uuid, None)
            if view is None or view.process is not process:
                _close(view)
                view = _View(member.home, process)
            self._views[member.home.uuid] = view
            try:
                self._look(member, view)
            except OSError as problem:
                # A file or process that vanishes while it is looked at; the others are still looked at.
                LOGGER.warning("cannot look at worker %s: %s", member.home.uuid, problem)
        for view in former.values():
            _close(view)

    def _look_for_survivor(self, member: Member, *, revive: bool) -> None:
        record = read_run_record(member.home)
        if record is None:
            return
        process = self._process_of(member.home, record)
        if process is not None:
            self._tell(member, on.FoundAlive(process, time.monotonic()))
        elif revive:
            # It died while nobody watched, and nobody had told it to, or the record would be gone: whoever
            # pulled the plug on worker and manager at once finds both again.
            self._tell(member, on.FoundDead(time.monotonic(), evidence_of(member), member.policy))

    def _process_of(self, home: WorkerHome, record: RunRecord) -> ProcessId | None:
        if record.pid == 0:
            return self._launcher.find(("--base", str(home.base.folder), "--uuid", home.uuid))
        process = ProcessId(record.pid, record.started)
        return process if self._launcher.is_alive(process) else None

    def _look(self, member: Member, view: _View) -> None:
        keep_short(view.output_file)
        found = view.marker.read()
        run, age = None, 0.0
        if found is not None:
            run, age = run_and_age(NodeRun(found.node, found.since), time.time())
            if age > times.RUN_IS_LONG_S:
                run = NodeRun(found.node, found.since, view.name_of(found.node))
        member.memory = self._launcher.memory_of(view.process) or member.memory
        limits = member.config.limits
        bounds = on.Bounds(limits.memory_soft, limits.memory_hard) if limits.are_set else _NO_BOUNDS
        self._tell(member, on.Looked(run, time.monotonic(), age, member.memory, bounds))


def _close(view: _View | None) -> None:
    if view is not None:
        view.marker.close()
