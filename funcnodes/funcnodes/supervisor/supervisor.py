"""The one owner of the fleet of a base folder.

Owns the members, the wishes people wait for, the conversation with each worker, and the look at their
markers. What follows from anything is decided by each worker's `Life`; what is decided is done by
`carry_out`. Does not know sockets: the manager's socket hands in hellos and messages, and is told what
changed.
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
from funcnodes_worker.home.limits import Limits
from funcnodes_worker.home.run_state import RunRecord, read_run_record
from funcnodes_worker.home.worker_config import (
    WorkerConfig,
    WorkerConfigBroken,
    change_worker_config,
    read_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome, make_uuid
from funcnodes_worker.wire import control
from funcnodes_worker.wire.fleet import ProgressNote, WorkerFigures, WorkerStatus
from funcnodes_worker.wire.marker import read_marker

from funcnodes.environment.errors import BadRequest, EnvironmentProblem
from funcnodes.environment.interpreters import Python, choose
from funcnodes.environment.manifest import checked_version
from funcnodes.fleet import events as on
from funcnodes.fleet.events import Event, NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.restart_policy import PROMISES
from funcnodes.supervisor.access import AccessBook
from funcnodes.supervisor.carry_out import Callbacks, CarryOut, Ground, evidence_of
from funcnodes.supervisor.cloning import clone_into
from funcnodes.supervisor.ends import quarantine_of
from funcnodes.supervisor.errors import UnknownWorker, WishRefused
from funcnodes.supervisor.figures import figures_each_second
from funcnodes.supervisor.member import Dialled, Link, Member, run_and_age
from funcnodes.supervisor.packages import Packages
from funcnodes.supervisor.registry import NewWorker

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_S = 0.5
"""Twice a second: a look sees a long run after 1.5 s at most, three more pass without a pong, and so a deaf
worker is named within five."""


class Supervisor:
    """All workers of a base folder. Made and used in one event loop, inside `running()`."""

    def __init__(self, ground: Ground, access: AccessBook) -> None:
        self._ground = ground
        self.access = access
        self._members: dict[str, Member] = {}
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
                removed=self._removed,
                spawn=self.spawn,
            ),
        )
        self.packages = Packages(self, ground.provisioner)
        access.on_change(self._push_access)

    # Life of the supervisor itself ------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self, *, autostart: bool) -> AsyncGenerator[None]:
        """Own the fleet while the block runs. Workers that run at its end go on; see `stop_all`."""
        self._ground.registry.begin()
        for home in self._ground.registry.find():
            self._take_in(home)
        for member in list(self._members.values()):
            self._look_for_survivor(member, revive=autostart)
        self.spawn(self._look_forever())
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
        running = [uuid for uuid, member in self._members.items() if not _is_down(member)]
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
        return [self._members[uuid].status() for uuid in sorted(self._members)]

    def member(self, uuid: str) -> Member:
        """Return the worker with this id, one copied in just now too; or raise `UnknownWorker`."""
        member = self._members.get(uuid) or self._take_in_late(uuid)
        if member is None:
            raise UnknownWorker(uuid)
        return member

    async def figures(self) -> AsyncGenerator[dict[str, WorkerFigures]]:
        """Give what the workers use, once a second. Iterated by the manager's socket while it is watched."""
        self.is_reading_figures = True
        try:
            async for figures in figures_each_second(self._processes):
                yield figures
        finally:
            self.is_reading_figures = False

    def _processes(self) -> list[tuple[str, ProcessId]]:
        lives = ((uuid, member.life) for uuid, member in self._members.items())
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
        member = Member(home, config, Life(Phase.CREATED if config.in_venv else Phase.STOPPED))
        self._members[home.uuid] = member
        self.publish()
        if config.in_venv:
            await self._wish(member, lambda number: on.ProvisionWished(number, _now()))
        for package in config.package_dependencies.values():
            await self.packages.install(home.uuid, package.path or package.package, package.version)
        return home.uuid

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
        member = Member(home, config, Life(Phase.CREATED if config.in_venv else Phase.STOPPED))
        self._members[home.uuid] = member
        self.publish()
        if config.in_venv:
            await self._wish(member, lambda number: on.ProvisionWished(number, _now()))
        return home.uuid

    async def start(self, uuid: str, *, is_safe: bool = False) -> None:
        """Return when the worker runs; raise `WishRefused` with the reason when it does not.

        `is_safe`: its graph is opened without running.
        """
        member = self._member_read_again(uuid)
        needs = await self._needs_environment(member)
        await self._wish(member, lambda number: on.StartWished(number, _now(), needs, is_safe))

    async def stop(self, uuid: str, *, manager_ends: bool = False) -> None:
        """Return when the worker does not run any more."""
        await self._wish(self.member(uuid), lambda number: on.StopWished(number, _now(), manager_ends))

    async def restart(self, uuid: str, *, by_force: bool = False, is_safe: bool = False) -> None:
        """Return when the worker runs again; `by_force` ends it without asking, `is_safe` runs nothing."""
        member = self._member_read_again(uuid)
        needs = await self._needs_environment(member)
        await self._wish(member, lambda number: on.RestartWished(number, _now(), needs, by_force, is_safe))

    async def set_limits(self, uuid: str, limits: Limits) -> None:
        """Write down what the worker may use."""
        member = self.member(uuid)
        member.config = await asyncio.to_thread(
            change_worker_config, member.home, lambda config: msgspec.structs.replace(config, limits=limits)
        )
        self.publish()

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

    def _member_read_again(self, uuid: str) -> Member:
        """Return a member with the settings as they are now: somebody may have mended the file."""
        member = self.member(uuid)
        member.config = _config(member.home) or member.config
        return member

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

    # Conversation with workers ----------------------------------------------------------------------------

    def hello(self, hello: control.Hello, link: Link) -> ProcessId | None:
        """Take in a worker's hello; return its process, or None when it was refused at once."""
        member = self._members.get(hello.uuid) or self._take_in_late(hello.uuid)
        if member is None:
            sentence = f"there is no worker {hello.uuid[:80]!r} in this base folder"
            link.send(control.Refused(reason="unknown_worker", message=sentence))
            return None
        process = self._ground.launcher.identify(hello.pid)
        if process is None:
            sentence = f"process {hello.pid} does not live on this machine"
            link.send(control.Refused(reason="stopped", message=sentence))
            return None
        member.dialled[process] = Dialled(link, hello)
        member.config = _config(member.home) or member.config
        self.tell(member, on.HelloReceived(process, _now()))
        return process

    def hear(self, uuid: str, process: ProcessId, message: control.FromWorker) -> None:
        """Take in what a worker says after its hello."""
        member = self._members.get(uuid)
        if member is None or member.life.process != process:
            return
        match message:
            case control.Pong():
                self.tell(member, on.PongReceived(_now()))
            case control.Stopping():
                self.tell(member, on.StoppingSaid(process, _now()))
            case control.Changed():
                member.config = _config(member.home) or member.config
                self.publish()
            case control.NodeLetGo(node=node):
                self.tell(member, on.NodeLetGo(node, _now()))
            case control.ModulesLoaded(id=load_id, problems=problems):
                waiting = member.loads.get(load_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(problems)
            case control.Wish():
                self.spawn(self.packages.fulfil(member, message))
            case control.Trusted():
                self.spawn(self._restart_quietly(uuid))
            case control.Hello():
                LOGGER.warning("worker %s said hello twice on one connection", uuid)

    def hung_up(self, uuid: str, process: ProcessId, link: Link) -> None:
        """Take in that a worker's connection is gone. One that was replaced meanwhile means nothing."""
        member = self._members.get(uuid)
        if member is None:
            return
        dialled = member.dialled.get(process)
        if dialled is not None and dialled.link is link:
            del member.dialled[process]
        if member.link is link:
            member.link = None
            for waiting in member.loads.values():
                if not waiting.done():
                    waiting.set_exception(WishRefused("the worker's connection was lost while it loaded"))
            self.tell(member, on.ConnectionLost(process, _now()))

    def tell(self, member: Member, event: Event) -> None:
        """Tell a worker's life what happened, and do what it decides."""
        for command in member.life.handle(event):
            self._hands.do(member, command)

    # Finding and looking ----------------------------------------------------------------------------------

    def _take_in(self, home: WorkerHome) -> Member | None:
        try:
            life = Life(quarantine=quarantine_of(home), stop_is_remembered=home.stopped_mark.exists())
            member = Member(home, read_worker_config(home), life)
        except FileNotFoundError:
            return None
        except WorkerConfigBroken as problem:
            # Listed all the same, with what to mend: a worker that vanished would be looked for in vain.
            LOGGER.error("%s", problem)
            member = Member(home, WorkerConfig(uuid=home.uuid), Life(Phase.FAILED, str(problem)))
        self._members[home.uuid] = member
        return member

    def _take_in_late(self, uuid: str) -> Member | None:
        """Return a worker whose folder appeared after we began: copied in, or made by hand."""
        found = next((home for home in self._ground.registry.find() if home.uuid == uuid), None)
        return None if found is None else self._take_in(found)

    def _removed(self, member: Member) -> None:
        self._members.pop(member.home.uuid, None)

    def _look_for_survivor(self, member: Member, *, revive: bool) -> None:
        record = read_run_record(member.home)
        if record is None:
            return
        process = self._process_of(member.home, record)
        if process is not None:
            self.tell(member, on.FoundAlive(process, _now()))
        elif revive:
            # It died while nobody watched, and nobody had told it to, or the record would be gone: whoever
            # pulled the plug on worker and manager at once finds both again.
            self.tell(member, on.FoundDead(_now(), evidence_of(member), member.policy))

    def _process_of(self, home: WorkerHome, record: RunRecord) -> ProcessId | None:
        launcher = self._ground.launcher
        if record.pid == 0:
            return launcher.find(("--base", str(home.base.folder), "--uuid", home.uuid))
        process = ProcessId(record.pid, record.started)
        return process if launcher.is_alive(process) else None

    def _start_automatically(self) -> None:
        for uuid, member in self._members.items():
            promise = PROMISES[member.policy]
            if promise.with_manager and (promise.even_if_stopped or not member.home.stopped_mark.exists()):
                self.spawn(self._start_quietly(uuid))

    async def _start_quietly(self, uuid: str) -> None:
        with contextlib.suppress(WishRefused):
            await self.start(uuid)

    async def _restart_quietly(self, uuid: str) -> None:
        with contextlib.suppress(WishRefused):
            await self.restart(uuid)

    async def _look_forever(self) -> None:
        while True:
            for member in list(self._members.values()):
                try:
                    self._look(member)
                except OSError as problem:
                    # A file or process that vanishes while it is looked at; the others are still looked at.
                    LOGGER.warning("cannot look at worker %s: %s", member.home.uuid, problem)
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, member: Member) -> None:
        process = member.life.process
        if process is None:
            return
        found = read_marker(member.home.marker)
        run, age = run_and_age(None if found is None else NodeRun(found.node, found.since), time.time())
        member.memory = self._ground.launcher.memory_of(process) or member.memory
        limits = member.config.limits
        bounds = on.Bounds(limits.memory_soft, limits.memory_hard)
        self.tell(member, on.Looked(run, _now(), age, member.memory, bounds))

    def _push_access(self) -> None:
        for member in self._members.values():
            if member.link is not None:
                member.link.send(self.access.current)


def _is_down(member: Member) -> bool:
    return member.life.phase in (Phase.CREATED, Phase.STOPPED, Phase.FAILED)


def _config(home: WorkerHome) -> WorkerConfig | None:
    try:
        return read_worker_config(home)
    except FileNotFoundError:
        return None
    except WorkerConfigBroken as problem:
        LOGGER.error("%s", problem)
        return None


def _now() -> float:
    return time.monotonic()


async def _logged(work: Coroutine[None, None, None]) -> None:
    # One worker's mishap must not end the others' supervisor; it is written down with its traceback.
    try:
        await work
    except Exception:
        LOGGER.exception("an error of our own in the manager")
