"""Environments of workers as transactions: resolve and show, build, try loading, keep or roll back.

Owns the order of the steps and the way back from each. Does not decide what a plan is (`plan`), what a file
means (`manifest`, `state`), nor when a worker restarts: its caller does, with `prepare`, `settle` and
`revert`.

For the caller (the supervisor):

- `create(home)` once for a new worker; `prepare(home)` before each launch: it finishes what a crash
  interrupted, brings a decided change into effect and builds what is missing.
- `preview` says what `apply` would do; `apply` (`install`, `remove`) returns `Installed`: `live=True` means
  the packages are there now and their modules can be loaded; `live=False` means the change takes effect at
  the next `prepare`, so restart the worker.
- the worker has said hello → `settle(home)`; it never did → `revert(home)`, and launch again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.disk.faults import Faults, no_faults
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.flow_lock import FlowLock
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment import as_made, catalog, manifest, state
from funcnodes.environment.bytecode import Bytecode
from funcnodes.environment.catalog import InstalledModule
from funcnodes.environment.errors import DoesNotLoad, NoNetwork, NotCached, ProvisionFailed, SharedEnvironment
from funcnodes.environment.installer import Installer, find_installer
from funcnodes.environment.interpreters import Python
from funcnodes.environment.mend import being_added, mend
from funcnodes.environment.origin import own_build
from funcnodes.environment.plan import EVERYTHING, Difference, Plan, Way, make_plan, read_lock, without
from funcnodes.environment.preview import Preview, look_ahead
from funcnodes.environment.progress import Progress, Report
from funcnodes.environment.prune import prune_builds
from funcnodes.environment.repair import Repaired, is_exact, rebuild
from funcnodes.environment.request import Request, Wanted, asked, wanted_by
from funcnodes.environment.scratch import Loaded, try_loading
from funcnodes.environment.state import Standing


class Installed(msgspec.Struct, frozen=True):
    """What an installation did, and what its caller has to do now."""

    live: bool
    """True: usable in the running worker. False: takes effect when the worker restarts."""
    difference: Difference
    packages: tuple[str, ...]
    """Distributions with nodes that are new or changed, the asked-for one first: what is to be loaded."""
    modules: dict[str, tuple[str, ...]]
    """The modules that the entry points of each of these packages name."""


class Provisioner:
    """The one who changes environments in a base folder. Its owner holds the supervisor's lock."""

    def __init__(self, base: Base, installer: Installer | None = None, faults: Faults = no_faults) -> None:
        self._base = base
        self._installer = installer if installer is not None else find_installer(base.cache)
        self._faults = faults
        self._bytecode = Bytecode(base.cache / "bytecode")
        self._turns: dict[str, asyncio.Lock] = {}

    async def create(self, home: WorkerHome, progress: Report) -> Path:
        """Return the interpreter of the worker's environment, which is built now unless it stands already."""
        async with self._turn(home):
            await mend(home, self._installer)
            if state.head(home) is None:
                await self._build_first(home, Progress(progress))
                progress("The environment is ready", 1.0)
            await asyncio.to_thread(state.switch, home)
            return state.python_of(home)

    async def prepare(self, home: WorkerHome, progress: Report) -> Path:
        """Return the interpreter to launch the worker with. Call it before each launch, the worker down."""
        if not has_own(home):
            return Path(sys.executable)
        return await self.create(home, progress)

    async def install(
        self, home: WorkerHome, package: str, version: str | None, progress: Report
    ) -> Installed:
        """Add a package, or bring it to this version; all or nothing."""
        return await self.apply(home, asked([(package, version)]), progress)

    async def remove(self, home: WorkerHome, package: str, progress: Report) -> Installed:
        """Stop asking for a package; it goes with all that only it needed, unless others need it."""
        return await self.apply(home, asked(remove=[package]), progress)

    async def apply(self, home: WorkerHome, request: Request, progress: Report) -> Installed:
        """Do all of a request or nothing of it."""
        if not has_own(home):
            return await self._use_shared(request)
        return await self._change(home, request, progress)

    async def preview(self, home: WorkerHome, request: Request, progress: Report) -> Preview:
        """Return what `apply` would do. Nothing of the worker is changed."""
        if not has_own(home):
            _refuse_to_share(request)
            return Preview(Difference(left_out=_leaving(request)))
        return await look_ahead(self._base, self._installer, home, request, progress)

    async def repair(self, home: WorkerHome, report: Report) -> Repaired:
        """Build the environment once more beside the present one; it takes effect at the next `prepare`."""
        if not has_own(home):
            raise SharedEnvironment("install what is damaged again", sys.executable)
        progress = Progress(report)
        async with self._turn(home):
            await mend(home, self._installer)
            if state.head(home) is None and as_made.made_with(home) is not None:
                # Never built: there is nothing to compare, only the flow's lock to build from.
                await self._build_first(home, progress)
                return Repaired({})
            await asyncio.to_thread(self._bytecode.forget)
            repaired = await rebuild(self._base, self._installer, home, progress, self._faults)
            progress.stage("Built again", 0.95, 0.95)
            return repaired

    async def settle(self, home: WorkerHome) -> None:
        """Remove the environment before: the worker has said hello from the current one."""
        async with self._turn(home):
            await asyncio.to_thread(state.settle, home)
        await asyncio.to_thread(self._prune)

    async def revert(self, home: WorkerHome) -> bool:
        """Go back: the worker never said hello from its new environment. False when there was no change."""
        async with self._turn(home):
            return await asyncio.to_thread(state.revert, home)

    async def pythons(self) -> tuple[Python, ...]:
        """Return the Pythons of this machine that a worker can run with, the manager's own first."""
        return await self._installer.pythons()

    async def standing(self, home: WorkerHome) -> Standing | None:
        """Return what the worker's environment is made from, between two changes; None without its own."""
        if not has_own(home):
            return None
        async with self._turn(home):
            return await asyncio.to_thread(state.head, home)

    def python_of(self, home: WorkerHome) -> Path:
        """Return the interpreter of the worker's environment; the manager's if it has none of its own."""
        return state.python_of(home) if has_own(home) else Path(sys.executable)

    def packages_of(self, home: WorkerHome) -> Path | None:
        """Return the folder of the packages it has, or has from its next start on; None for the manager's."""
        return state.site_packages(state.coming_python_of(home).parent.parent) if has_own(home) else None

    def modules_of(self, home: WorkerHome) -> tuple[InstalledModule, ...]:
        """Return the packages with nodes that it has; not what a kill left in the middle of adding it."""
        unfinished = being_added(home) if has_own(home) else frozenset[str]()
        found = catalog.installed_modules(self.packages_of(home))
        return tuple(module for module in found if module.name not in unfinished)

    async def warm_up(self, home: WorkerHome) -> None:
        """Compile what every worker imports, if this base folder has not got it. Safe to cancel."""
        if has_own(home):
            await self._bytecode.warm_up(state.python_of(home).parent.parent)

    async def compile_bytecode(self, home: WorkerHome) -> None:
        """Compile all that the environment holds, so that the next start imports faster. Safe to cancel."""
        if has_own(home):
            await self._bytecode.compile_all(state.python_of(home).parent.parent)

    def _prune(self) -> None:
        builds = self._base.cache / "build"
        # Most of the time there is one build only, and nothing to compute.
        if builds.is_dir() and sum(1 for _ in builds.iterdir()) > 1:
            prune_builds(self._base, own_build(self._base.cache).hash)

    def _turn(self, home: WorkerHome) -> asyncio.Lock:
        return self._turns.setdefault(home.uuid, asyncio.Lock())

    async def _build_first(self, home: WorkerHome, progress: Progress) -> None:
        progress.stage("Preparing the environment", 0.05, 0.2)
        build = await asyncio.to_thread(own_build, self._base.cache)
        present = state.text_of(home.project_file)
        text = manifest.with_origin(present or manifest.new_manifest(), build.wheels)
        # A worker made with another one's packages, or a folder without its environment, has them in its
        # settings.
        fresh = present is None or present == manifest.new_manifest(manifest.chosen_python(present))
        came = as_made.made_with(home)
        wishes = [wish for wish in _wishes(home) if fresh and not _was_linked(wish, came)]
        for wish in wishes:
            text = wish.edit(text)
        bare = fresh and not wishes
        lock = state.text_of(home.lock_file)
        missing: list[str] = []
        if came is not None:
            text, missing = await as_made.suited(self._installer, text, came)
        # A folder without its environment (a clone, one that was cleared away) gets it back as it was.
        exact = present is not None and lock is not None and is_exact(text, lock)
        with state.planning(home, present if exact and present else text, lock) as folder:
            if came is not None:
                exactly = as_made.is_exact_wanted(home)
                await as_made.resolve_as_made(
                    self._installer, folder, came, missing, exactly=exactly, progress=progress
                )
                self._faults("provision:as made")
            elif not exact:
                await self._first_lock(folder, self._cached_lock(text) if bare else None, progress)
            plan, standing = self._planned(home, None, folder)
            progress.stage("Building the environment", 0.3, 0.9)
            # Nothing has to load: there is nothing to go back to, and a worker opens without a broken module.
            try:
                await self._carry_out(home, plan, standing, folder, (), progress)
            except NoNetwork as problem:
                lacking = await self._installer.lacking(folder, folder / "trial")
                names = _with_versions(lacking, standing)
                raise NotCached(names, problem.detail, is_of_flow=came is not None) from problem
            state.decide(home, standing)
            self._faults("provision:first decided")

    async def _first_lock(self, folder: Path, cached: Path | None, progress: Progress) -> None:
        """Resolve; all new workers of a build share one lock, so they are alike and need no network."""
        known = None if cached is None else state.text_of(cached)
        if known is not None:
            (folder / "uv.lock").write_text(known, encoding="utf-8")
            return
        await self._installer.lock(folder, wanted="the worker's environment", upgrade=(), say=progress.say)
        if cached is not None:
            _keep(cached, state.text_of(folder / "uv.lock") or "")

    async def _change(self, home: WorkerHome, request: Request, report: Report) -> Installed:
        progress = Progress(report)
        async with self._turn(home):
            await mend(home, self._installer)
            if state.head(home) is None:
                await self._build_first(home, progress)
                await asyncio.to_thread(state.switch, home)
            before = state.head(home)
            assert before is not None
            request.check(read_lock(before.lock))
            progress.stage(f"Resolving {request}", 0.1, 0.3)
            build = await asyncio.to_thread(own_build, self._base.cache)
            text = request.edit(manifest.with_origin(before.project, build.wheels))
            with state.planning(home, text, before.lock) as folder:
                await self._installer.lock(
                    folder, wanted=str(request), upgrade=request.let_go, say=progress.say
                )
                installed = await self._settle_on(home, request, before, folder, progress)
            # The rest belongs to the caller: the worker has yet to load it.
            progress.stage("Installed", 0.95, 0.95)
            return installed

    async def _settle_on(
        self, home: WorkerHome, request: Request, before: Standing, folder: Path, progress: Progress
    ) -> Installed:
        plan, standing = self._planned(home, before, folder)
        self._faults("provision:locked")
        changes = without(plan.difference, request.remove, standing.lock)
        progress.stage(f"{request}: {changes}", 0.3, 0.8)
        asked_for = request.must_load
        names = asked_for + tuple(name for name in plan.must_load if name not in asked_for)
        try:
            trial = names if plan.way is not Way.BUILD else (*names, *_others(standing, names))
            loaded = await self._carry_out(home, plan, standing, folder, trial, progress)
            _refuse(await self._new_problems(home, before, loaded.problems, names))
            self._faults("provision:loaded")
            state.decide(home, standing)
        except BaseException:
            # Also when we are cancelled: the way back is short, and a half-changed environment is nobody's
            # wish.
            await asyncio.shield(self._undo(home, plan, standing))
            raise
        self._faults("provision:decided")
        live = standing.environment == _running(home)
        if live:
            await asyncio.to_thread(state.switch, home)
        packages = tuple(name for name in names if name in loaded.modules)
        modules = {name: loaded.modules[name] for name in packages}
        # What is in the library of a running worker goes out of it when it starts anew.
        return Installed(live and not changes.left_out, changes, packages, modules)

    async def _carry_out(
        self,
        home: WorkerHome,
        plan: Plan,
        standing: Standing,
        folder: Path,
        names: Sequence[str],
        progress: Progress,
    ) -> Loaded:
        environment = state.folder_of(home, standing)
        if plan.way is Way.ADD:
            added = [package.name for package in plan.difference.added]
            state.begin_adding(home, standing.environment, added)
        if plan.way is not Way.NOTHING:
            only_add = plan.way is Way.ADD
            wanted = "the worker's environment" if not names else names[0]
            await self._installer.sync(
                folder, environment, wanted=wanted, say=progress.say, only_add=only_add
            )
            await self._bytecode.take_over(environment)
        self._faults("provision:built")
        if not names:
            return Loaded({}, {})
        progress.stage("Trying to load it", 0.85, 0.95)
        return await try_loading(state.python_in(environment), names)

    def _planned(self, home: WorkerHome, before: Standing | None, folder: Path) -> tuple[Plan, Standing]:
        lock = (folder / "uv.lock").read_text(encoding="utf-8")
        plan = make_plan(None if before is None else read_lock(before.lock), read_lock(lock))
        keeps = before if plan.way is not Way.BUILD else None
        name = state.free_name(home, lock) if keeps is None else keeps.environment
        return plan, Standing((folder / "pyproject.toml").read_text(encoding="utf-8"), lock, name)

    async def _new_problems(
        self, home: WorkerHome, before: Standing, problems: dict[str, str], asked: Sequence[str]
    ) -> dict[str, str]:
        """Return the problems that this change brings: a module that was broken before does not forbid it."""
        others = [name for name in problems if name not in asked]
        if not others:
            return problems
        earlier = await try_loading(state.python_in(state.folder_of(home, before)), others)
        return {name: problem for name, problem in problems.items() if name not in earlier.problems}

    async def _undo(self, home: WorkerHome, plan: Plan, standing: Standing) -> None:
        if plan.way is Way.ADD and state.half_added(home) is not None:
            added = [package.name for package in plan.difference.added]
            with contextlib.suppress(ProvisionFailed):
                await self._installer.uninstall(state.folder_of(home, standing), added)
                state.added_is_undone(home)
        await asyncio.to_thread(state.remove_unused, home)

    async def _use_shared(self, request: Request) -> Installed:
        """Return what the manager's own environment offers of this; it is never changed from here."""
        _refuse_to_share(request)
        left_out = _leaving(request)
        loaded = await try_loading(Path(sys.executable), request.must_load)
        _refuse(loaded.problems)
        changes = Difference(left_out=left_out)
        return Installed(not left_out, changes, tuple(loaded.modules), loaded.modules)

    def _cached_lock(self, text: str) -> Path:
        key = hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()[:16]
        return self._base.cache / "locks" / key / "uv.lock"


def has_own(home: WorkerHome) -> bool:
    """Whether the worker has an environment of its own; one without settings yet will have."""
    try:
        return read_worker_config(home).in_venv
    except FileNotFoundError:
        return True


def _refuse_to_share(request: Request) -> None:
    missing = [name for name in request.must_load if not catalog.is_installed(name)]
    removed = [name for name in request.remove if name not in manifest.NEW]
    upgraded = ("its packages",) if request.upgrade == EVERYTHING else request.upgrade
    for verb, packages in (("install", missing), ("remove", removed), ("upgrade", upgraded)):
        if packages:
            raise SharedEnvironment(f"{verb} {', '.join(packages)}", sys.executable)


def _leaving(request: Request) -> tuple[str, ...]:
    return tuple(name for name in request.remove if name in manifest.NEW)


def _was_linked(wish: Wanted, came: FlowLock | None) -> bool:
    """Tell whether the index would give somebody else's package for a name that was a folder elsewhere."""
    return came is not None and wish.path is None and wish.name in came.linked


def _with_versions(names: Sequence[str], standing: Standing) -> list[str]:
    return [str(package) for package in sorted(read_lock(standing.lock)) if package.name in names]


def _wishes(home: WorkerHome) -> tuple[Wanted, ...]:
    """Return the packages that the worker's settings name."""
    try:
        wishes = read_worker_config(home).package_dependencies.values()
    except FileNotFoundError:
        return ()
    return tuple(map(wanted_by, wishes))


def _keep(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text, mode=0o644)


def _running(home: WorkerHome) -> str | None:
    standing = state.current(home)
    return None if standing is None else standing.environment


def _others(standing: Standing, names: Sequence[str]) -> tuple[str, ...]:
    """Return the rest of a rebuilt environment: all of it must load as before."""
    return tuple(sorted(package.name for package in read_lock(standing.lock) if package.name not in names))


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        raise DoesNotLoad(sorted(problems.items()))
