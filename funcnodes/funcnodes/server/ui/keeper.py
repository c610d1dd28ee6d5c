"""The keeper: a manager stands while a UI server needs one, and ends with it when it was started by it.

Owns the manager's process as long as we are its parent. Who owns the fleet is decided by the lock, not here:
a second manager that finds the lock taken ends by itself, and we use the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from funcnodes.server.client import ManagerGone, ManagerRefused, ManagerUnreachable, connect, is_alive

START_TIMEOUT_S = 30.0
"""A cold start on a slow disk takes seconds; half a minute without a word is a manager that hangs."""
STOP_TIMEOUT_S = 45.0
"""The manager's own ladder for stuck workers ends well before that."""
_LOOK_S = 0.05
# The same on Windows, where there are no sessions.
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_LARGEST_LOG = 1_000_000
_RETRIES_S = (0.5, 1.0, 2.0, 5.0)


class ManagerNotStarted(Exception):
    """Raised when the manager we started ended at once, with what it said."""

    def __init__(self, status: int | None, said: str, log: Path) -> None:
        super().__init__()
        self.status, self.said, self.log = status, said, log

    def __str__(self) -> str:
        if self.said:
            return f"the manager could not be started: {self.said}"
        ended = "did not get ready" if self.status is None else f"ended with status {self.status}"
        return f"the manager could not be started: it {ended} and said nothing; see {self.log}"


class ManagerWish(msgspec.Struct, frozen=True):
    """How the manager is to be started when none stands."""

    host: str | None = None
    port: int | None = None
    no_auth: bool = False

    def arguments(self, base: Base) -> list[str]:
        """Return the command line of the manager's program."""
        arguments = [sys.executable, "-m", "funcnodes", "--dir", str(base.folder), "startworkermanager"]
        arguments += ["--owner-pid", str(os.getpid())]
        if self.host is not None:
            arguments += ["--host", self.host]
        if self.port is not None:
            arguments += ["--port", str(self.port)]
        return [*arguments, "--no-auth"] if self.no_auth else arguments


class ManagerKeeper:
    """Sees to it that a manager stands; `stop` ends the one it started."""

    def __init__(self, base: Base, wish: ManagerWish, say: Callable[[str], None]) -> None:
        """Keep a manager for this base folder; `say` hears a sentence when it had to be started again."""
        self._base = base
        self._wish = wish
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._has_stood = False
        self.log = base.logs / "manager.out"
        self._log_begun = 0

    @property
    def started_it(self) -> bool:
        """Tell whether the manager that stands is a child of ours."""
        return self._process is not None and self._process.returncode is None

    def is_standing(self) -> bool:
        """Tell whether a living manager has said where it listens, and is to stay there."""
        address = read_supervisor_file(self._base)
        return address is not None and not address.passing and is_alive(address)

    async def ensure(self) -> None:
        """Return when a manager stands; raise `ManagerNotStarted` when it cannot be started."""
        if self.is_standing():
            return
        if not self.started_it:
            self._process = await self._spawn()
        await self._wait_ready()

    async def heal(self) -> None:
        """Return when a manager stands, trying for as long as it takes. Called before each dialling."""
        failures = 0
        while not self.is_standing():
            died = self._has_stood
            try:
                await self.ensure()
            except ManagerNotStarted as problem:
                if failures == 0:
                    self._say(f"{problem}. Trying again.")
                await asyncio.sleep(_RETRIES_S[min(failures, len(_RETRIES_S) - 1)])
                failures += 1
            else:
                if died and self.started_it:
                    self._say("The manager had ended unexpectedly; it was started again.")

    async def stop(self) -> None:
        """End the manager we started, and with it all its workers, their state saved."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._ask_to_stop()
                await process.wait()
        except (TimeoutError, asyncio.CancelledError) as problem:
            # Too late, or somebody insisted. Workers that are left are found again by the next manager.
            self._say("The manager is ended by force. `funcnodes worker list` shows what goes on without it.")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(problem, asyncio.CancelledError):
                raise

    async def _ask_to_stop(self) -> None:
        with contextlib.suppress(ManagerUnreachable, ManagerRefused, ManagerGone):
            async with connect(self._base) as manager:
                await manager.call("stop", workers=True)
                return
        # It does not listen (any more): the signal means the same where the system has signals.
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def _spawn(self) -> asyncio.subprocess.Process:
        prepare_base(self._base)
        self._base.logs.mkdir(exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.unlink()
        with self.log.open("ab") as log:
            self._log_begun = log.tell()
            return await asyncio.create_subprocess_exec(
                *self._wish.arguments(self._base),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl+C in our terminal is for us: the manager hears from us in good order.
                start_new_session=True,
                creationflags=_NEW_GROUP,
            )

    async def _wait_ready(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        # Another program's file is watched: there is no event for it, so we look, up to a limit.
        while not self.is_standing():
            if process.returncode is not None or time.monotonic() > deadline:
                raise ManagerNotStarted(process.returncode, _last_words(self.log, self._log_begun), self.log)
            await asyncio.sleep(_LOOK_S)
        self._has_stood = self.started_it


def _last_words(log: Path, begun: int) -> str:
    """Return the last line that was written to the log since `begun`."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(begun)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].removeprefix("Error: ").rstrip(".") if lines else ""
    return ""
