"""External workers as clients and the user's folder change them: from a wish to what runs and what is kept.

Owns the order: the living instance first, then its settings on disk, then what the document lists, then the
news. Instances live in the graph's thread (`runtime/external_office`), the scripts that bring some are in the
user's folder (`runtime/local_scripts`). Belongs to the server's thread, but for `begin` and `end`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol, cast
from uuid import uuid4

from funcnodes_core.document.edits import Edit, NameExternalWorker, RemoveNode
from funcnodes_core.document.model import Document

from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.process.loading import LibraryOffice
from funcnodes_worker.process.reloading import Reloading
from funcnodes_worker.rpc.errors import InvalidParams, NotFound, RpcError
from funcnodes_worker.runtime.external_office import STOP_LIMIT_S, BadSettings, NoSuchWorker
from funcnodes_worker.runtime.external_settings import (
    ExternalSettings,
    Settings,
    Which,
    listed_in,
    with_listed,
)
from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.local_scripts import Change, LocalScripts
from funcnodes_worker.runtime.records import Noted
from funcnodes_worker.runtime.writer import Writer
from funcnodes_worker.server.context import LibraryState
from funcnodes_worker.server.hub import Hub

_log = logging.getLogger("funcnodes.worker")
QUIET_S = 0.2
AROUND = Noted(surroundings=True)
"""An observation of the list of external workers: every window is told."""
"""An editor writes a file in several steps; what it means to say stands there a moment later."""

Commit = Callable[[Sequence[Edit]], Coroutine[Any, Any, object]]
"""Has edits made by who wished for them."""


class CannotStart(RpcError):
    """Raised when the code of an external worker's class fails while an instance is made."""


class Owner(Protocol):
    """The worker as this desk sees it."""

    def library_changed(self, state: LibraryState) -> None:
        """Take over what the library holds now. Called after each change."""
        ...

    async def write_snapshot(self) -> None:
        """Return when the snapshot holds what the document lists. Called before a wish is answered."""
        ...


class ExternalDesk:
    """Adds, sets, names and removes external workers."""

    def __init__(
        self,
        owner: Owner,
        office: LibraryOffice,
        home: WorkerHome,
        graph: GraphThread,
        living: LivingGraph,
        writer: Writer,
        hub: Hub,
    ) -> None:
        self._owner, self._library, self._office = owner, office, office.externals
        self._scripts = LocalScripts(home.local_scripts)
        self._settings = ExternalSettings(home.folder / "external_workers" / "settings.json")
        self._graph, self._living, self._writer, self._hub = graph, living, writer, hub
        self._reloading = Reloading(office, graph, living, writer, hub)
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._office.changed = self._nodes_changed

    # Life

    def begin(self, document: Document) -> None:
        """Start what the document lists. Called in the graph's thread, before the nodes are made."""
        listed = listed_in(document)
        changes = self._scripts.look()
        for change in changes:
            self._know(change)
        for which, entry in listed.items():
            self._try_start(which, entry.get("name"), self._settings.of(which))
        self._watch()
        self._library.workshop.look(self._stir_from_anywhere)
        if listed or changes:
            state, running = self._library.say(), self._entries()
            self._from_graph(lambda: self._begun(state, running))

    def end(self) -> Coroutine[Any, Any, None]:
        """Let all instances go of their devices. Awaited in the graph's thread, when the worker stops."""
        self._scripts.stop()
        self._library.workshop.stop()
        return self._office.stop_all()

    async def run(self) -> None:
        """Follow the folder of scripts and graphs that are put in the place of the present one."""
        while True:
            await self._stirred.wait()
            await asyncio.sleep(QUIET_S)
            self._stirred.clear()
            try:
                async with self._turn:
                    await self._reload_scripts()
                    await self._reloading.follow(self._stir_from_anywhere, self._halt, self._refreshed)
                    await self._follow_document()
            # The graph is busy, or a script's code failed in a new way: the next change is followed again.
            except Exception:  # noqa: BLE001
                _log.exception("external workers could not be brought into line")

    def stir(self) -> None:
        """Look soon what is listed and does not run, and whether scripts have changed."""
        self._stirred.set()

    def take_in(self, document: Document) -> Document:
        """Return a document without the settings it lists: they are kept where no client reads them.

        Called with each graph that comes from a file. What was taken in before stays as it is.
        """
        taken = document
        for which, entry in listed_in(document).items():
            config = entry.get("config")
            if not isinstance(config, dict):
                continue
            known = self._settings.of(which)
            shown: Settings = {str(key): value for key, value in config.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            if any(key not in known or known[key] != value for key, value in shown.items()):
                self._settings.put(which, {**known, **shown})
                bare = {key: value for key, value in entry.items() if key != "config"}
                taken = with_listed(taken, which, bare)
        return taken

    # Wishes of clients

    async def add(self, group: str, module: str, name: str) -> dict[str, Any]:
        """Return a new instance of a class, as it is listed."""
        async with self._turn:
            try:
                class_id = await self._graph.ask(lambda: self._office.class_id_of(group, module, name))
            except NoSuchWorker as problem:
                raise NotFound(str(problem)) from None
            which = (class_id, uuid4().hex)
            entry = await self._start(which, None, {})
            await self._keep(which, entry)
            return entry

    async def update(
        self, which: Which, name: str | None, config: Mapping[str, Any] | None, commit: Commit
    ) -> None:
        """Give an instance other settings, another name, or both."""
        async with self._turn:
            await self._check(which)
            if config is not None:
                given = dict(config)
                try:
                    await self._graph.ask(lambda: self._office.update(which, given))
                except BadSettings as problem:
                    raise InvalidParams(str(problem)) from None
            if name is not None:
                await commit([NameExternalWorker(*which, name)])
                # The graph hears of the edit after its answer; what is listed now has the name already.
                await self._graph.ask(lambda: self._office.rename(which, name))
            await self._keep(which, await self._graph.ask(lambda: self._office.entry(which)))

    async def remove(self, which: Which, commit: Commit) -> None:
        """End an instance; its nodes go, as an edit of who wished for it."""
        async with self._turn:
            if which not in listed_in(self._writer.head):
                await self._check(which)
            mine, before = f"{which[0]}.{which[1]}.", self._writer.head
            nodes = [node.id for node in before.nodes.values() if node.class_id.startswith(mine)]
            if nodes:
                await commit([RemoveNode(node) for node in nodes])
            await self._halt(which, before)
            await self._forget(which)

    async def form(self, which: Which) -> dict[str, Any]:
        """Return what a form for an instance's settings needs."""
        await self._check(which)
        return await self._graph.ask(lambda: self._office.form(which))

    async def leave(self, package: str) -> None:
        """End the instances of a package that is removed, and forget them."""
        async with self._turn:
            group = await self._graph.ask(lambda: self._library.import_name_of(package))
            for which in await self._graph.ask(lambda: self._office.instances_of(group)):
                await self._halt(which)
                await self._forget(which)
            await self._graph.ask(lambda: self._office.know(group, None))

    async def _check(self, which: Which) -> None:
        try:
            await self._graph.ask(lambda: self._office.entry(which))
        except NoSuchWorker as problem:
            raise NotFound(str(problem)) from None

    # Steps

    async def _start(self, which: Which, name: str | None, settings: Settings) -> dict[str, Any]:
        def start() -> dict[str, Any]:
            try:
                self._office.start(which, name, settings)
            # The constructor is a module's code: its failure is the answer.
            except Exception as error:
                _log.exception("an instance of %s could not be made", which[0])
                raise CannotStart(
                    f"{which[0]!r} could not be started: {type(error).__name__}: {error}; nothing was changed"
                ) from error
            return self._office.entry(which)

        return await self._graph.ask(start)

    def _try_start(self, which: Which, name: object, settings: Settings) -> None:
        try:
            started = self._office.start(which, name if isinstance(name, str) else None, settings)
        # As in `_start`; the others and the graph go on without it, and its nodes wait for it.
        except Exception as error:  # noqa: BLE001
            _log.exception("the external worker %s could not be started", which[1])
            self._tell_problem(which[0], f"{which[0]} could not be started: {type(error).__name__}: {error}")
        else:
            if not started:
                _log.warning("no module brings %s now: the external worker %s waits for it", *which)

    async def _halt(self, which: Which, known: Document | None = None) -> None:
        """End an instance; its nodes become placeholders, and nothing of them is lost.

        `known` is the document the living graph has followed, where that is not the present one.
        """

        def let_go() -> concurrent.futures.Future[None] | None:
            if not self._office.lives(which):
                return None
            self._living.renew(self._office.unmount(which), known or self._writer.document)
            return _begun_here(self._office.stop(which))

        stopping = await self._graph.ask(let_go)
        if stopping is not None:
            async with asyncio.timeout(2 * STOP_LIMIT_S):
                await asyncio.wrap_future(stopping)

    async def _keep(self, which: Which, entry: dict[str, Any]) -> None:
        """Have an instance's settings and its entry on disk, then tell it."""
        settings = await self._graph.ask(lambda: self._office.settings(which))
        await asyncio.to_thread(self._settings.put, which, settings)
        await self._list(which, entry)

    async def _forget(self, which: Which) -> None:
        await asyncio.to_thread(self._settings.drop, which)
        await self._list(which, None)

    async def _list(self, which: Which, entry: dict[str, Any] | None) -> None:
        self._writer.observe(lambda head: with_listed(head, which, entry), AROUND)
        await self._writer.wait_idle()
        await self._owner.write_snapshot()
        await self._refreshed()

    async def _refreshed(self) -> None:
        state = await self._graph.ask(self._library.say)
        self._tell(state)

    def _nodes_changed(self, which: Which) -> None:
        # Called in the graph's thread: an instance has changed its nodes by itself.
        state = self._library.say()
        self._from_graph(lambda: self._tell(state))

    def _tell(self, state: LibraryState) -> None:
        self._owner.library_changed(state)
        self._hub.event("external_worker_update")
        self._hub.event("update_worker_dependencies", worker_dependencies=list(state.externals))

    def _begun(self, state: LibraryState, running: Mapping[Which, dict[str, Any]]) -> None:
        for which, entry in running.items():
            self._writer.observe(
                lambda head, which=which, entry=entry: with_listed(head, which, entry), AROUND
            )
        self._tell(state)

    # Scripts, and graphs from files

    def _watch(self) -> None:
        self._scripts.watch(self._stir_from_anywhere)

    def _stir_from_anywhere(self) -> None:
        self._from_graph(self.stir)

    def _know(self, change: Change) -> list[Which]:
        if change.problem is not None:
            self._tell_problem(f"local_scripts/{change.name}", change.problem)
            return []
        self._library.problems.pop(f"local_scripts/{change.name}", None)
        return self._office.know(change.name, None if change.module is None else _workers_of(change.module))

    async def _reload_scripts(self) -> None:
        self._watch()
        for change in await self._graph.ask(self._scripts.look):
            if change.module is None and change.problem is None:
                for which in await self._graph.ask(lambda name=change.name: self._office.instances_of(name)):
                    await self._halt(which)
            self._hub.progress(f"local_scripts/{change.name}", "info", 0.5)
            for which in await self._graph.ask(lambda change=change: self._know(change)):
                await self._halt(which)
            self._hub.progress("", "info", 1.0)
            await self._refreshed()

    async def _follow_document(self) -> None:
        """Start what is listed and does not run; list what runs and is listed no more."""
        running = await self._graph.ask(self._entries)
        listed = listed_in(self._writer.head)
        for which, entry in listed.items():
            if which in running:
                continue
            settings = self._settings.of(which)
            name = entry.get("name")
            await self._graph.ask(
                lambda which=which, name=name, settings=settings: self._try_start(which, name, settings)
            )
        started = await self._graph.ask(self._entries)
        for which, entry in started.items():
            self._writer.observe(
                lambda head, which=which, entry=entry: with_listed(head, which, entry), AROUND
            )
        if started.keys() - running.keys():
            await self._refreshed()

    def _entries(self) -> dict[Which, dict[str, Any]]:
        return {which: self._office.entry(which) for which in self._office.living()}

    def _tell_problem(self, about: str, problem: str) -> None:
        self._library.problems[about] = problem

        def tell() -> None:
            self._hub.progress(problem, "error", 0.0)
            self._hub.event("worker_error", error=problem)
            self._hub.progress("", "info", 1.0)

        self._from_graph(tell)

    def _from_graph(self, work: Callable[[], None]) -> None:
        # From any thread; the loop may be closed already.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)


def _workers_of(module: ModuleType) -> list[type[FuncNodesExternalWorker]]:
    """Return the classes of external workers that a script itself defines."""
    found: list[type[FuncNodesExternalWorker]] = []
    for one in cast("dict[str, object]", vars(module)).values():
        if inspect.isclass(one) and issubclass(one, FuncNodesExternalWorker):
            is_base = vars(one).get("IS_ABSTRACT", False)
            if one.__module__ == module.__name__ and not is_base:
                found.append(one)
    return found


def _begun_here(work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
    """Begin this in the running loop; return a future that other threads may wait for."""
    ended: concurrent.futures.Future[None] = concurrent.futures.Future()
    task = asyncio.get_running_loop().create_task(work)

    def tell(task: asyncio.Task[None]) -> None:
        if task.cancelled():
            ended.cancel()
        elif (problem := task.exception()) is not None:
            ended.set_exception(problem)
        else:
            ended.set_result(None)

    task.add_done_callback(tell)
    return ended
