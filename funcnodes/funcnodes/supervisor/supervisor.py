"""The one owner of the fleet of a base folder.

Owns the wishes people wait for, who is told of changes, and the tasks of the fleet. The members stand on the
`roll`, `dialogue` hears them, `lookout` sees what nobody tells. What follows from anything is decided by each
worker's `Life`; what is decided is done by `carry_out`. Does not know sockets: the manager's socket hands in
hellos and messages, and is told what changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine

import msgspec
from funcnodes_worker.home.limits import Limits, check_limits
from funcnodes_worker.home.worker_config import (
    Autostart,
    WorkerConfig,
    WorkerConfigBroken,
    change_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome, make_uuid
from funcnodes_worker.wire.fleet import ProgressNote, WorkerFigures, WorkerStatus

from funcnodes.environment.errors import BadRequest, EnvironmentProblem
from funcnodes.environment.interpreters import Python, choose
from funcnodes.environment.manifest import checked_version
from funcnodes.fleet import events as on
from funcnodes.fleet.events import Event, ProcessId
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.restart_policy import PROMISES
from funcnodes.supervisor.access import AccessBook
from funcnodes.supervisor.carry_out import Callbacks, CarryOut, Ground
from funcnodes.supervisor.cloning import clone_into
from funcnodes.supervisor.dialogue import Dialogue
from funcnodes.supervisor.errors import NotMade, WishRefused
from funcnodes.supervisor.figures import figures_each_second
from funcnodes.supervisor.lookout import Lookout
from funcnodes.supervisor.member import Member
from funcnodes.supervisor.packages import Packages
from funcnodes.supervisor.registry import NewWorker
from funcnodes.supervisor.roll import Roll, read_settings_again

LOGGER = logging.getLogger(__name__)


class Supervisor:
    """All workers of a base folder. Made and used in one event loop, inside `running()`."""

    def __init__(self, ground: Ground, access: AccessBook) -> None:
        self._ground = ground
        self.access = access
        self._roll = Roll(ground.registry)
        self._wishes: dict[int, asyncio.Future[None]] = {}
        self._numbers = itertools.count(1)
        self.is_reading_figures = False
        """Whether anybody watches what the workers use."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: list[Callable[[], None]] = []
        self._heard: list[Callable[[ProgressNote], None]] = []
        self._hands = CarryOut(
            ground,
            Callbacks(
                tell=self.tell,
                answer=self._answer,
                changed=self.publish,
                progress=self.say,
                access=lambda: access.current,
                removed=self._roll.strike,
                spawn=self.spawn,
            ),
        )
        self._lookout = Lookout(self._roll, ground.launcher, self.tell)
        self.packages = Packages(self, ground.provisioner)
        self.dialogue = Dialogue(
            self._roll,
            ground.launcher,
            tell=self.tell,
            changed=self.publish,
            fulfil=lambda member, wish: self.spawn(self.packages.fulfil(member, wish)),
            trusted=lambda uuid: self.spawn(self._restart_quietly(uuid)),
        )
        """Who hears the workers; the manager's socket hands in what they say."""
        access.on_change(self._push_access)

    # Life of the supervisor itself ------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self, *, autostart: bool) -> AsyncGenerator[None]:
        """Own the fleet while the block runs. Workers that run at its end go on; see `stop_all`."""
        self._ground.registry.begin()
        self._roll.fill()
        self._lookout.find_survivors(revive=autostart)
        self.spawn(self._lookout.look_forever())
        if autostart:
            self._start_automatically()
        try:
            yield
        finally:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ground.launcher.leave()

    async def stop_all(self) -> None:
        """Return when no worker runs any more."""
        running = [member.home.uuid for member in self._roll.call() if not _is_down(member)]
        await asyncio.gather(
            *(self.stop(uuid, manager_ends=True) for uuid in running), return_exceptions=True
        )

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin work that the supervisor owns; it ends with the supervisor."""
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def default_in_venv(self) -> bool:
        """Whether a new worker gets an environment of its own when nobody says."""
        return os.environ.get("FUNCNODES_WORKER_IN_VENV", "1").lower() in ("1", "true", "yes")

    # What people are shown --------------------------------------------------------------------------------

    def statuses(self) -> list[WorkerStatus]:
        """Return all workers as they are now, in the order of their ids."""
        return [member.status() for member in self._roll.call()]

    def look_again(self) -> None:
        """Take in the settings of workers that do not run and whose files were edited since."""
        self._roll.look_again()

    def member(self, uuid: str) -> Member:
        """Return the worker with this id, one copied in just now too; or raise `UnknownWorker`."""
        return self._roll.member(uuid)

    async def figures(self) -> AsyncGenerator[dict[str, WorkerFigures]]:
        """Give what the workers use, once a second. Iterated by the manager's socket while it is watched."""
        self.is_reading_figures = True
        try:
            async for figures in figures_each_second(self._processes):
                yield figures
        finally:
            self.is_reading_figures = False

    def _processes(self) -> list[tuple[str, ProcessId]]:
        lives = ((member.home.uuid, member.life) for member in self._roll.call())
        return [(uuid, life.process) for uuid, life in lives if life.process is not None]

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have this called whenever a worker changed. Called once, by the manager's socket."""
        self._changed.append(callback)

    def on_progress(self, callback: Callable[[ProgressNote], None]) -> None:
        """Have this called with everything that is to be shown as progress."""
        self._heard.append(callback)

    def publish(self) -> None:
        """Tell everybody that a worker changed."""
        for callback in self._changed:
            callback()

    def say(self, note: ProgressNote) -> None:
        """Show this progress to everybody."""
        for callback in self._heard:
            callback(note)

    # Wishes -----------------------------------------------------------------------------------------------

    async def new_worker(self, wish: NewWorker) -> str:
        """Return the id of a new worker, its environment built, not started."""
        if wish.reference is not None:
            self.member(wish.reference)
        if wish.python is not None:
            await self._check_python(wish)
        home, config = await asyncio.to_thread(self._ground.registry.make, wish)
        member = self._roll.add(home, config)
        self.publish()
        async with self._complete(member):
            for package in config.package_dependencies.values():
                await self.packages.install(home.uuid, package.path or package.package, package.version)
        return home.uuid

    @contextlib.asynccontextmanager
    async def _complete(self, member: Member) -> AsyncGenerator[None]:
        """Build the environment of a new worker, then run the block; remove the worker when it fails."""
        try:
            if member.config.in_venv:
                await self._wish(member, lambda number: on.ProvisionWished(number, _now()))
            yield
        except (WishRefused, EnvironmentProblem, OSError) as problem:
            # Half a worker would be there again with each try, under the same name.
            with contextlib.suppress(WishRefused):
                await self.delete(member.home.uuid)
            raise NotMade(str(problem)) from problem

    async def _check_python(self, wish: NewWorker) -> None:
        version = checked_version(wish.python or "")
        if not wish.in_venv:
            raise BadRequest(version, "cannot be chosen for a worker without an environment of its own")
        # Before anything is made: a worker that can never be built would only be in the way.
        choose(version, await self.pythons())

    async def pythons(self) -> tuple[Python, ...]:
        """Return the Pythons of this machine that a worker can run with, the manager's own first."""
        return await self._ground.provisioner.pythons()

    async def clone(self, uuid: str, name: str, *, with_files: bool) -> str:
        """Return the id of a new worker with this one's graph and environment, not started."""
        reference = self.member(uuid)
        standing = await self._ground.provisioner.standing(reference.home)
        home = WorkerHome(reference.home.base, make_uuid(name))
        config = await asyncio.to_thread(
            clone_into, reference.home, home, name, standing, with_files=with_files
        )
        member = self._roll.add(home, config)
        self.publish()
        async with self._complete(member):
            return home.uuid

    async def start(self, uuid: str, *, is_safe: bool = False) -> None:
        """Return when the worker runs; raise `WishRefused` with the reason when it does not.

        `is_safe`: its graph is opened without running.
        """
        member = self.member(uuid)
        read_settings_again(member)
        needs = await self._needs_environment(member)
        await self._wish(member, lambda number: on.StartWished(number, _now(), needs, is_safe))

    async def stop(self, uuid: str, *, manager_ends: bool = False) -> None:
        """Return when the worker does not run any more."""
        await self._wish(self.member(uuid), lambda number: on.StopWished(number, _now(), manager_ends))

    async def restart(self, uuid: str, *, by_force: bool = False, is_safe: bool = False) -> None:
        """Return when the worker runs again; `by_force` ends it without asking, `is_safe` runs nothing."""
        member = self.member(uuid)
        read_settings_again(member)
        needs = await self._needs_environment(member)
        await self._wish(member, lambda number: on.RestartWished(number, _now(), needs, by_force, is_safe))

    async def change_settings(
        self,
        uuid: str,
        *,
        name: str | None = None,
        autostart: Autostart | None = None,
        limits: Limits | None = None,
    ) -> WorkerConfig:
        """Return a worker's settings with these in them, written down; running or not. None: as it is."""
        if limits is not None:
            check_limits(limits)
        given = {"name": name, "autostart": autostart, "limits": limits}
        changes = {key: value for key, value in given.items() if value is not None}
        member = self.member(uuid)
        member.config = await asyncio.to_thread(
            change_worker_config, member.home, lambda config: msgspec.structs.replace(config, **changes)
        )
        if limits is not None and member.life.process is not None:
            # Bounds of a process that runs would otherwise go on killing it after they were taken away.
            self._ground.launcher.limit(member.life.process, uuid, limits)
        self.publish()
        return member.config

    async def delete(self, uuid: str) -> None:
        """Return when the worker and its folder are gone."""
        await self._wish(self.member(uuid), lambda number: on.DeleteWished(number, _now()))

    async def _wish(self, member: Member, event_for: Callable[[int], Event]) -> None:
        number = next(self._numbers)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wishes[number] = answer
        try:
            self.tell(member, event_for(number))
            await answer
        finally:
            # Who goes away stops waiting; what was begun goes on.
            self._wishes.pop(number, None)

    def _answer(self, number: int, error: str | None) -> None:
        answer = self._wishes.get(number)
        if answer is None or answer.done():
            return
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(WishRefused(error))

    async def _needs_environment(self, member: Member) -> bool:
        if not member.config.in_venv:
            return False
        try:
            await asyncio.to_thread(self._ground.provisioner.python_of, member.home)
        except EnvironmentProblem:
            return True
        except WorkerConfigBroken:
            return False  # The launch will say so.
        return False

    def tell(self, member: Member, event: Event) -> None:
        """Tell a worker's life what happened, and do what it decides."""
        for command in member.life.handle(event):
            self._hands.do(member, command)

    def _start_automatically(self) -> None:
        for member in self._roll.call():
            promise = PROMISES[member.policy]
            if promise.with_manager and (promise.even_if_stopped or not member.home.stopped_mark.exists()):
                self.spawn(self._start_quietly(member.home.uuid))

    async def _start_quietly(self, uuid: str) -> None:
        with contextlib.suppress(WishRefused):
            await self.start(uuid)

    async def _restart_quietly(self, uuid: str) -> None:
        with contextlib.suppress(WishRefused):
            await self.restart(uuid)

    def _push_access(self) -> None:
        for member in self._roll.call():
            if member.link is not None:
                member.link.send(self.access.current)


def _is_down(member: Member) -> bool:
    return member.life.phase in (Phase.CREATED, Phase.STOPPED, Phase.FAILED)


def _now() -> float:
    return time.monotonic()


async def _logged(work: Coroutine[None, None, None]) -> None:
    # One worker's mishap must not end the others' supervisor; it is written down with its traceback.
    try:
        await work
    except Exception:
        LOGGER.exception("an error of our own in the manager")
