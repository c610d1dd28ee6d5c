"""One worker in the storm: what was asked of it, by whom it is hit, what must be there at the end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import psutil
from funcnodes.server.client import ManagerRefused
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.chaos.ground import Ground, is_called_off
from tests.support.worker_client import WorkerClient, worker_on

RUNNING, STOPPED = "running", "stopped"
KILLS_IN_A_ROW = 2
"""More of them and a worker rests for seconds; five, and it is left to a person."""
TRIES = 4


@dataclass
class Victim:
    """A worker and the book of what it was told."""

    ground: Ground
    name: str
    dice: random.Random
    autostart: str = "unless-stopped"
    in_venv: bool = False
    uuid: str = ""
    asked: str | None = STOPPED
    """The state last asked for; None when the policy decides."""
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What each node may hold: the value last answered for, then those whose answer was lost."""
    unsure: set[str] = field(default_factory=set[str])
    """Nodes whose making was never answered."""
    package: str | None = None
    """The version of the module that it has to have; None for none."""
    _kills: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def home(self) -> WorkerHome:
        """Where it lives."""
        return WorkerHome(self.ground.base, self.uuid)

    async def make(self) -> None:
        """Make the worker, and start it."""
        self.uuid = f"{self.name}_{self.dice.getrandbits(64):016x}"
        wish = {"name": self.name, "in_venv": self.in_venv, "autostart": self.autostart}
        for _ in range(TRIES):
            try:
                await self.ground.ask("new_worker", uuid=self.uuid, **wish)
                break
            except ManagerRefused as refused:
                self.ground.note("refused", f"{self.uuid} new_worker: {refused.message}")
                # An answer was lost: then it must be there, whole.
                if await self.ground.status_of(self.uuid):
                    break
                self.ground.blame(f"{self.uuid} new_worker: {refused.message}")
        await self.start()

    async def suffer(self) -> None:
        """Be asked and hit by dice until the storm is over."""
        doings: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.edit),
            (3, self.kill),
            (2, self.stop),
            (3, self.start),
            (1, self.restart),
            (2, self.waver),
            (1, self.freeze),
            (1, self.begin_anew),
        ]
        if self.in_venv:
            doings.append((3, self.change_packages))
        weights = [weight for weight, _ in doings]
        while not self.ground.is_over:
            (_, doing), *_ = self.dice.choices(doings, weights)
            try:
                await doing()
            except TimeoutError:
                self.ground.blame(f"{self.name}: no answer to {doing.__name__}")
            await asyncio.sleep(self.dice.uniform(0, 0.4))

    # What people ask --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Ask for it to run."""
        self.asked = RUNNING
        await self._insist("start_worker")

    async def stop(self) -> None:
        """Ask for it to rest."""
        self.asked = STOPPED
        await self._insist("stop_worker")

    async def restart(self) -> None:
        """Ask for a new process."""
        self.asked, self._kills = RUNNING, 0
        await self._insist("restart_worker")

    async def waver(self) -> None:
        """Ask for two things at once; the last one counts."""
        words = ["start_worker", "stop_worker"]
        self.dice.shuffle(words)
        first, last = words
        earlier = asyncio.create_task(self._insist(first, may_be_called_off=True))
        await asyncio.sleep(self.dice.uniform(0.05, 0.3))
        if not earlier.done():
            self.asked = RUNNING if last == "start_worker" else STOPPED
            # A first wish that is repeated after its manager was killed would be the last one.
            earlier.cancel()
            await asyncio.gather(earlier, return_exceptions=True)
        self.asked = RUNNING if last == "start_worker" else STOPPED
        await self._insist(last)

    async def begin_anew(self) -> None:
        """Delete it, with all it had, and make another."""
        gone = self.home
        with contextlib.suppress(ManagerRefused):  # Refused: the answer to an earlier try was lost.
            await self.ground.ask("delete_worker", workerid=self.uuid)
        self.ground.note("delete", self.uuid)
        for left in (gone.config_file, gone.folder):
            if left.exists():
                self.ground.blame(f"{gone.uuid} was deleted, and {left} is there")
        self.values, self.unsure, self.package, self._kills, self.asked = {}, set(), None, 0, STOPPED
        await self.make()

    async def edit(self) -> None:
        """Add a node, or give one another value."""
        async with self.line() as line:
            if line is None:
                return
            if not self.values or self.dice.random() < 0.3:
                await self._add_node(line)
            else:
                await self._set_value(line)

    async def change_packages(self) -> None:
        """Install a version of a module, or remove it."""
        wanted = self.dice.choice([version for version in (None, "1.0", "2.0") if version != self.package])
        self.package = wanted
        change: dict[str, Any] = {"remove": ["fntest-module"]}
        if wanted is not None:
            change = {"install": [{"package": "fntest-module", "version": wanted}]}
        for _ in range(TRIES):
            try:
                await self.ground.ask("apply", workerid=self.uuid, **change)
                break
            except ManagerRefused as refused:
                if "not installed" in refused.message or "is not among" in refused.message:
                    break  # The first try came true, its answer was lost.
                self.ground.note("refused", f"{self.uuid} {change} {refused.message}")
                if not self._may_be_refused(refused):
                    self.ground.blame(f"{self.uuid} {change}: {refused.message}")
        self.ground.note("packages", f"{self.uuid} {wanted}")

    # What happens to it -----------------------------------------------------------------------------------

    async def kill(self) -> None:
        """`kill -9`, at most so often as it is brought back within a second or two."""
        is_heard = (await self.ground.status_of(self.uuid)).get("phase") == RUNNING
        # Two kills in a row before its hello speak against a new environment, and the one before comes back.
        if self._kills >= (KILLS_IN_A_ROW if is_heard else 1):
            await self.restart()
            return
        process = await self._process()
        if process is not None:
            self._kills += 1
            self.ground.note("kill", self.uuid)
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)

    async def freeze(self) -> None:
        """Let it hear nothing for a while."""
        process = await self._process()
        if process is None:
            return
        self.ground.note("freeze", self.uuid)
        with contextlib.suppress(psutil.Error):
            process.suspend()
            await asyncio.sleep(self.dice.uniform(0.2, 4))
        with contextlib.suppress(psutil.Error):
            process.resume()

    # Tools ------------------------------------------------------------------------------------------------

    async def _insist(self, method: str, *, may_be_called_off: bool = False) -> None:
        """Ask until it is answered with a yes; a no that nothing explains is a problem."""
        while True:
            try:
                await self.ground.ask(method, workerid=self.uuid)
                self.ground.note(method, self.uuid)
                return
            except ManagerRefused as refused:
                self.ground.note("refused", f"{self.uuid} {method}: {refused.message}")
                if may_be_called_off and is_called_off(refused):
                    return
                if not self._may_be_refused(refused):
                    self.ground.blame(f"{self.uuid} {method}: {refused.message}")
                    return
                await asyncio.sleep(0.05)  # Until its manager has ended.

    def _may_be_refused(self, refused: ManagerRefused) -> bool:
        # A manager that is being ended calls everything off.
        return is_called_off(refused) and not self.ground.ready.is_set()

    async def _process(self) -> psutil.Process | None:
        """Return its process, and surely its own."""
        pid = (await self.ground.status_of(self.uuid)).get("pid")
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid or 0))
            if self.uuid in process.cmdline() and process.pid != os.getpid():
                return process
        return None

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncGenerator[WorkerClient | None]:
        """Give a client of it, or None when it does not run."""
        status = await self.ground.status_of(self.uuid)
        if status.get("phase") != "running":
            yield None
            return
        is_given = False
        try:
            async with worker_on(self.ground.base, int(status["port"])) as worker:
                is_given = True
                yield worker
        except (OSError, aiohttp.ClientError, TimeoutError, AssertionError) as problem:
            # It was hit, or stopped by somebody, in the middle of that; that it says no is another matter.
            self.ground.note("lost line", f"{self.uuid} {type(problem).__name__} {str(problem)[:200]}")
            if "error" in str(problem):
                self.ground.blame(f"{self.uuid}: {problem}")
            if not is_given:
                yield None

    async def _add_node(self, line: WorkerClient) -> None:
        node = f"{self.dice.getrandbits(128):032x}"
        self.unsure.add(node)
        await line.call("add_node", id="input.str", uuid=node)
        self.unsure.discard(node)
        self.values[node] = [""]
        self.ground.note("node", self.uuid)

    async def _set_value(self, line: WorkerClient) -> None:
        node = self.dice.choice(sorted(self.values))
        value = f"{self.name} {next(self._numbers)}"
        self.values[node].append(value)
        await line.call("set_io_value", nid=node, ioid="input", value=value)
        self.values[node] = [value]
        self.ground.note("value", self.uuid)
