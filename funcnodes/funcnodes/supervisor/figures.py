"""What the workers use of the machine right now: processors, memory, threads, uptime.

Owns the readings. Reads only while somebody watches: a manager that nobody looks at costs nothing for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable

import psutil
from funcnodes_worker.wire.fleet import WorkerFigures

from funcnodes.fleet.events import ProcessId

EVERY_S = 1.0


class Readings:
    """The figures of processes, each with all its children. Blocking; used in a thread."""

    def __init__(self) -> None:
        self._known: dict[ProcessId, dict[int, psutil.Process]] = {}

    def read(self, processes: Iterable[tuple[str, ProcessId]]) -> dict[str, WorkerFigures]:
        """Return the figures by worker; the first reading of a process says 0 % processor."""
        fresh: dict[ProcessId, dict[int, psutil.Process]] = {}
        figures: dict[str, WorkerFigures] = {}
        for uuid, process in processes:
            with contextlib.suppress(psutil.Error):
                family = self._family(process)
                fresh[process] = family
                figures[uuid] = _sum(family.values(), process)
        self._known = fresh
        return figures

    def _family(self, process: ProcessId) -> dict[int, psutil.Process]:
        known = self._known.get(process, {})
        leader = known.get(process.pid) or psutil.Process(process.pid)
        everybody = [leader, *leader.children(recursive=True)]
        # The same object each time: it remembers the reading that the next one is compared with.
        return {member.pid: known.get(member.pid, member) for member in everybody}


def _sum(family: Iterable[psutil.Process], process: ProcessId) -> WorkerFigures:
    cpu, memory, threads = 0.0, 0, 0
    for member in family:
        # A child may end while it is read.
        with contextlib.suppress(psutil.NoSuchProcess), member.oneshot():
            cpu += member.cpu_percent()
            memory += member.memory_info().rss
            threads += member.num_threads()
    return WorkerFigures(
        cpu=cpu, memory=memory, threads=threads, uptime=max(0.0, time.time() - process.started)
    )


async def figures_each_second(
    processes: Callable[[], list[tuple[str, ProcessId]]],
) -> AsyncGenerator[dict[str, WorkerFigures]]:
    """Give the figures once a second, for as long as somebody asks for the next ones."""
    readings = Readings()
    while True:
        yield await asyncio.to_thread(readings.read, processes())
        await asyncio.sleep(EVERY_S)
