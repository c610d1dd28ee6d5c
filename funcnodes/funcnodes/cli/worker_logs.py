"""`funcnodes worker logs`: the end of a worker's log, and what is added to it.

Owns where that comes from: a manager tells it, past rotations and restarts, until the worker is deleted;
where none runs, or it ends meanwhile, the file is looked at. No line is lost or told twice in between.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funcnodes.cli.problems import Problem
from funcnodes.cli.worker_actions import find, with_manager
from funcnodes.server.client import ManagerGone, ManagerUnreachable, connect
from funcnodes.server.manager.logs import LOOK_EVERY_S, MOST_LINES, LogReader

if TYPE_CHECKING:
    from funcnodes_worker.home.base import Base

    from funcnodes.cli.session import Asked

_REMEMBERED = 5
"""So many lines in a row name a place in a log: each begins with its time."""


def show(asked: Asked, *, lines: int, follow: bool) -> None:
    """Print the last lines of the log of the worker that is meant, and with `follow` what comes after."""
    worker = with_manager(asked, lambda reached: find(asked, reached))
    file = asked.base().workers / f"worker_{worker['uuid']}" / "worker.log"
    if not file.exists():
        raise Problem(f"worker {worker['name'] or worker['uuid']!r} has no log yet; start it first")
    if follow:
        asyncio.run(follow_log(asked.base(), str(worker["uuid"]), file, lines))
        return
    with file.open(encoding="utf-8", errors="replace") as log:
        sys.stdout.writelines(deque(log, maxlen=lines))
    sys.stdout.flush()


class _Printed:
    """What a person has seen, so that another source goes on behind it."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=_REMEMBERED)

    def add(self, lines: list[str]) -> None:
        """Print these lines."""
        self._last.extend(lines)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()

    def behind(self, lines: list[str], otherwise: int) -> list[str]:
        """Return those of these lines that were not printed yet; so many of the last if none ever was."""
        last = list(self._last)
        if not last:
            return lines[-otherwise:] if otherwise else []
        for end in range(len(lines), 0, -1):
            # At the beginning of a log the lines before may have been rotated away.
            known = min(end, len(last))
            if lines[end - known : end] == last[-known:]:
                return lines[end:]
        return lines


async def follow_log(base: Base, uuid: str, file: Path, lines: int) -> None:
    """Print the last lines and what comes until Ctrl+C, or until the worker is deleted."""
    printed = _Printed()
    try:
        if await _told_by_manager(base, uuid, lines, printed):
            return
    except (ManagerUnreachable, ManagerGone):
        pass
    await _look(file, lines, printed)


async def _told_by_manager(base: Base, uuid: str, lines: int, printed: _Printed) -> bool:
    """Print what the manager tells; return False when it has ended, True when there is nothing left."""
    news: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def hear(method: str, params: dict[str, Any]) -> None:
        if method == "log" and params["workerid"] == uuid:
            news.put_nowait(params)

    async with connect(base, hear) as manager:
        answer = await manager.call("logs", workerid=uuid, lines=lines, follow=True)
        printed.add(answer["lines"])
        closed = asyncio.create_task(manager.wait_closed())
        closed.add_done_callback(lambda _: news.put_nowait(None))
        try:
            while (told := await news.get()) is not None:
                printed.add(told["lines"])
                if told.get("deleted"):
                    return True
        finally:
            closed.cancel()
    return False


async def _look(file: Path, lines: int, printed: _Printed) -> None:
    """Print what is added to the file. Watched by looking: the writer is another program."""
    reader = LogReader(file)
    try:
        printed.add(printed.behind(reader.last(MOST_LINES), lines))
        while True:
            if added := reader.new():
                printed.add(added)
            else:
                await asyncio.sleep(LOOK_EVERY_S)
    finally:
        reader.close()
