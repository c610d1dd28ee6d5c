"""Packages of workers: installed or removed as a transaction, then made to take effect.

Owns the order: environment, settings, then the running worker (loaded live, or restarted into the new
environment). How an environment changes is `environment/provision`'s; only the supervisor asks for it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Protocol, TypeVar

import msgspec
from funcnodes_worker.home.trust import is_vouched
from funcnodes_worker.home.worker_config import (
    WorkerConfig,
    WorkerConfigBroken,
    change_worker_config,
)
from funcnodes_worker.wire import control
from funcnodes_worker.wire.fleet import ProgressNote

from funcnodes.environment.as_made import NONE, choose_versions
from funcnodes.environment.catalog import InstalledModule, installed_modules
from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.environment.plan import Difference
from funcnodes.environment.preview import Preview
from funcnodes.environment.progress import Report
from funcnodes.environment.provision import Installed, Provisioner
from funcnodes.environment.repair import Repaired
from funcnodes.environment.request import Request, asked
from funcnodes.fleet.phases import Phase
from funcnodes.supervisor.errors import NotTrusted, WishRefused
from funcnodes.supervisor.member import Member

LOAD_LIMIT_S = 120.0
"""A worker that loads modules imports them; large ones take their time from a cold disk."""

_Result = TypeVar("_Result")


class Owner(Protocol):
    """The supervisor, as far as packages need it."""

    def member(self, uuid: str) -> Member:
        """Return the worker. Called at the start of each installation."""
        ...

    def spawn(self, work: Coroutine[None, None, None]) -> object:
        """Own this work. Called once per installation."""
        ...

    def publish(self) -> None:
        """Tell everybody that a worker changed. Called when its settings did."""
        ...

    def say(self, note: ProgressNote) -> None:
        """Show progress to everybody. Called for an installation that names no listener."""
        ...

    async def start(self, uuid: str) -> None:
        """Return when the worker runs. Called when it is just starting."""
        ...

    async def restart(self, uuid: str) -> None:
        """Return when the worker runs again. Called when its environment was replaced."""
        ...


class Packages:
    """Installations, one at a time per worker. Used by the supervisor only."""

    def __init__(self, owner: Owner, provisioner: Provisioner) -> None:
        self._owner, self._provisioner = owner, provisioner
        self._loads = itertools.count(1)

    async def install(
        self, uuid: str, package: str, version: str | None, report: Report | None = None
    ) -> None:
        """Return when the worker has this package and, if it runs, has loaded it. All or nothing."""
        await self.apply(uuid, asked([(package, version)], may_link=True), report)

    async def remove(self, uuid: str, package: str, report: Report | None = None) -> Difference:
        """Return what changed when the worker does not ask for this package any more; others may need it."""
        return await self.apply(uuid, asked(remove=[package]), report)

    async def apply(self, uuid: str, request: Request, report: Report | None = None) -> Difference:
        """Return what changed when all of a request is done and a running worker has it; or nothing is."""
        member = self._owner.member(uuid)
        listener = report or self._report(member)

        async def work() -> Difference:
            installed = await self._apply(member, request, listener)
            await self._take_effect(member, installed, listener)
            return installed.difference

        return await self._whole(uuid, work())

    async def repair(self, uuid: str, report: Report | None = None, versions: str | None = None) -> Repaired:
        """Return what was wrong, when the environment stands once more and a running worker uses it.

        `versions` is the user's choice for a flow whose environment cannot be had as it was made.
        """
        member = self._owner.member(uuid)
        listener = report or self._report(member)

        async def work() -> Repaired:
            if not is_vouched(member.home):
                raise NotTrusted(uuid)
            member.went_back = None
            if versions is not None:
                member.config = await asyncio.to_thread(choose_versions, member.home, versions)
            if versions == NONE:
                repaired = Repaired({})
            else:
                repaired = await self._provisioner.repair(member.home, listener)
            await self._take_effect(member, Installed(False, Difference(), (), {}), listener)
            return repaired

        return await self._whole(uuid, work())

    async def modules(self, uuid: str | None) -> tuple[tuple[InstalledModule, ...], list[str]]:
        """Return the modules installed for a worker, and the names of those it was asked to have."""
        if uuid is None:
            return await asyncio.to_thread(installed_modules), []
        member = self._owner.member(uuid)
        installed: tuple[InstalledModule, ...] = ()
        # The environment of a flow that nobody has trusted may have come with it, and is not used.
        if is_vouched(member.home):
            installed = await asyncio.to_thread(self._provisioner.modules_of, member.home)
        return installed, sorted(member.config.package_dependencies)

    async def preview(self, uuid: str, request: Request) -> Preview:
        """Return what `apply` would do."""
        member = self._owner.member(uuid)
        if not is_vouched(member.home):
            raise NotTrusted(uuid)
        try:
            return await self._provisioner.preview(member.home, request, self._report(member))
        finally:
            self._owner.say(ProgressNote(workerid=uuid))

    async def fulfil(self, member: Member, wish: control.Wish) -> None:
        """Do what a worker asked for in its own conversation, and tell it how that went."""

        def report(message: str, fraction: float) -> None:
            if member.link is not None:
                member.link.send(control.WishProgress(id=wish.id, message=message, fraction=fraction))

        error, installed = None, None
        try:
            if wish.action == "install":
                request = asked([(wish.package, wish.version)])
                installed = await self._apply(member, request, report)
                if installed.live:
                    await self._take_effect(member, installed, report)
            else:
                # The worker unloads what it asked to have removed; its files go when it starts again.
                await self._apply(member, asked(remove=[wish.package]), report)
        except (EnvironmentProblem, WishRefused, WorkerConfigBroken, OSError) as problem:
            error = str(problem)
        if member.link is not None:
            member.link.send(control.WishDone(id=wish.id, error=error))
        if installed is not None and not installed.live and member.life.phase is Phase.RUNNING:
            # Answered first: the one who asked would not live to hear it.
            await self._owner.restart(member.home.uuid)

    async def _apply(self, member: Member, request: Request, report: Report) -> Installed:
        if not is_vouched(member.home):
            raise NotTrusted(member.home.uuid)
        member.went_back = None
        installed = await self._provisioner.apply(member.home, request, report)
        self._note(member, request)
        return installed

    async def _take_effect(self, member: Member, installed: Installed, report: Report) -> None:
        life = member.life
        if life.phase is Phase.STARTING:
            # It may have read what it has to load before the package was there.
            await self._owner.start(member.home.uuid)
        if life.phase is not Phase.RUNNING:
            return
        if not installed.live:
            report("Restarting the worker into the new environment", 0.95)
            await self._owner.restart(member.home.uuid)
            if member.went_back is not None:
                raise WishRefused(
                    "the worker did not start with the new environment, so the one before was brought back: "
                    f"{member.went_back}"
                )
        elif installed.packages:
            report("Loading", 0.97)
            await self._load(member, list(installed.packages))

    async def _load(self, member: Member, packages: list[str]) -> None:
        if member.link is None:
            raise WishRefused("installed; the worker could not be reached to load it, its next start will")
        load_id = str(next(self._loads))
        answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        member.loads[load_id] = answer
        try:
            member.link.send(control.LoadModules(id=load_id, packages=packages))
            async with asyncio.timeout(LOAD_LIMIT_S):
                problems = await answer
        except TimeoutError:
            raise WishRefused(
                f"installed; the worker has not loaded it within {LOAD_LIMIT_S:.0f} s, its next start will"
            ) from None
        finally:
            del member.loads[load_id]
        if problems:
            told = "; ".join(f"{package}: {problem}" for package, problem in problems.items())
            raise WishRefused(f"installed, but the running worker could not load it ({told}); restart it")

    def _note(self, member: Member, request: Request) -> None:
        def renewed(config: WorkerConfig) -> WorkerConfig:
            return msgspec.structs.replace(
                config,
                package_dependencies=request.note(config.package_dependencies),
                left_out=request.leave_out(config.left_out),
            )

        member.config = change_worker_config(member.home, renewed)
        self._owner.publish()

    def _report(self, member: Member) -> Report:
        def report(message: str, fraction: float) -> None:
            self._owner.say(ProgressNote(message=message, progress=fraction, workerid=member.home.uuid))

        return report

    async def _whole(self, uuid: str, work: Coroutine[None, None, _Result]) -> _Result:
        """Wait for work that goes on when the one who waits goes away: a transaction has no half."""
        outcome: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()

        async def carry_on() -> None:
            try:
                result = await work
            except asyncio.CancelledError:
                outcome.cancel()
                raise
            # Whatever it is belongs to the one who waits.
            except Exception as problem:  # noqa: BLE001
                if not outcome.done():
                    outcome.set_exception(problem)
            else:
                if not outcome.done():
                    outcome.set_result(result)
            finally:
                self._owner.say(ProgressNote(workerid=uuid))

        self._owner.spawn(carry_on())
        return await outcome
