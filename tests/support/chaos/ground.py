"""The manager under fire, and what everybody in the storm shares: dice, time, the book of what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funcnodes.server.client import ManagerGone, ManagerRefused, ManagerUnreachable, connect
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

PATIENCE_S = 90.0
"""How long one wish may take a manager that lives."""


@dataclass
class Ground:
    """A base folder in the storm."""

    base: Base
    environment: Mapping[str, str]
    log: Path
    ends_at: float = 0.0
    """When the storm is over, by the monotonic clock."""
    manager: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    problems: list[str] = field(default_factory=list[str])
    told: list[str] = field(default_factory=list[str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    answered: int = 0
    """Wishes that came true."""
    started_at: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether no more harm is done."""
        return time.monotonic() >= self.ends_at

    def note(self, what: str, about: str = "") -> None:
        """Count something that was done, and keep when."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.told.append(f"{time.monotonic() - self.started_at:7.2f} {what} {about}")

    def blame(self, problem: str) -> None:
        """Keep something that must not happen."""
        self.note("PROBLEM", problem)
        self.problems.append(problem)

    async def start_manager(self) -> None:
        """Return when a manager of this folder answers."""
        command = ["-m", "funcnodes", "--dir", str(self.base.folder), "startworkermanager", "--port", "0"]
        with self.log.open("ab") as output:
            self.manager = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.environment),
                start_new_session=True,
            )
        async with asyncio.timeout(PATIENCE_S):
            # A poll with a limit: the file is the manager's word that it is ready.
            while (address := read_supervisor_file(self.base)) is None or address.pid != self.manager.pid:
                assert self.manager.returncode is None, f"the manager ended: {self.log.read_text()[-2000:]}"
                await asyncio.sleep(0.01)
        self.ready.set()

    async def end_manager(self, number: signal.Signals) -> None:
        """Return when the manager has ended by this signal."""
        assert self.manager is not None
        self.ready.clear()
        with contextlib.suppress(ProcessLookupError):
            self.manager.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            await self.manager.wait()

    async def ask(self, method: str, **params: Any) -> Any:
        """Return the answer of whichever manager gives one; `ManagerRefused` when it is a no."""
        while True:
            await self.ready.wait()
            try:
                # Each manager has its own time: one that was killed could not answer.
                async with asyncio.timeout(PATIENCE_S), connect(self.base) as client:
                    answer = await client.call(method, **params)
                    self.answered += method != "status"
                    return answer
            except (ManagerGone, ManagerUnreachable):
                self.note("lost answer", method)
                await asyncio.sleep(0.05)  # It was killed, and the storm has not noted that yet.

    async def status_of(self, uuid: str) -> dict[str, Any]:
        """Return how the manager shows a worker; empty for one it does not know."""
        workers: list[dict[str, Any]] = (await self.ask("status"))["workers"]
        return next((worker for worker in workers if worker["uuid"] == uuid), dict[str, Any]())


def is_called_off(refused: ManagerRefused) -> bool:
    """Whether a wish was refused because another came after it, or its manager was ended."""
    return "called off" in refused.message or "told to stop" in refused.message
