"""The worker in its server's thread: writer, clients, snapshot, the line to the supervisor, and a clean end.

Owns what happens between those rooms: a commit is followed, modules are loaded where the graph lives,
everything is on disk when it ends. Who is told what is decided in `telling`. Belongs to the server's event
loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from funcnodes_core.document.edits import ReplaceGraph
from funcnodes_core.document.external import KEY as EXTERNAL
from funcnodes_core.document.filling import fill_all
from funcnodes_core.document.model import Document, JsonValue
from funcnodes_core.document.serialize import Dumper, dump

import funcnodes_worker
from funcnodes_worker.home.base import Base, read_config
from funcnodes_worker.home.run_state import RunWord, process_start, remove_run_files, write_run_word
from funcnodes_worker.home.tls import server_context, tls_of
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.worker_config import WorkerConfig, change_worker_config, read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.process.external import ExternalDesk
from funcnodes_worker.process.following import Follower
from funcnodes_worker.process.keeping import OutputKeeper
from funcnodes_worker.process.loading import LibraryOffice
from funcnodes_worker.process.logs import followed_log
from funcnodes_worker.process.packages import TURN_TO_LOAD_S, PackageDesk
from funcnodes_worker.process.ports import bind
from funcnodes_worker.process.snapshots import SnapshotKeeper
from funcnodes_worker.process.supervisor_link import SupervisorLink
from funcnodes_worker.process.telling import Teller
from funcnodes_worker.process.trusting import TrustOffice
from funcnodes_worker.process.watch import Watch
from funcnodes_worker.rpc.gate import Gate, Granted, Right
from funcnodes_worker.rpc.tasks import owned
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.history import Historian
from funcnodes_worker.runtime.incoming import Incoming
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.records import Batch, Noted
from funcnodes_worker.runtime.resent import MadeBefore
from funcnodes_worker.runtime.travel import external_for_export
from funcnodes_worker.runtime.writer import Committed, Missed, Writer
from funcnodes_worker.server.app import Limits, WorkerServer
from funcnodes_worker.server.context import LibraryState, Services
from funcnodes_worker.server.heartbeat import Heartbeat, required_by
from funcnodes_worker.server.hub import Hub
from funcnodes_worker.server.methods.table import make_table
from funcnodes_worker.server.parked import Parked
from funcnodes_worker.server.transfer import Transfer
from funcnodes_worker.store.contents import hash_in, hashes_in, with_contents
from funcnodes_worker.store.store import Store
from funcnodes_worker.wire import control

_log = logging.getLogger("funcnodes.worker")
LAST_WORDS_S = 0.5


class WorkerInServerThread:
    """What methods and the supervisor see of the worker."""

    def __init__(
        self,
        base: Base,
        home: WorkerHome,
        store: Store,
        document: Document,
        revision: int,
        office: LibraryOffice,
        trust: TrustOffice,
        graph: GraphThread,
        living: LivingGraph,
        calls: Mapping[str, Sequence[int]],
        *,
        no_auth: bool = False,
        has_supervisor: bool = True,
        behind_proxy: bool = False,
    ) -> None:
        self._base, self._home, self._store, self._office = base, home, store, office
        self._trust = trust
        self._follower = Follower(graph, living)
        self._graph, self._living = graph, living
        self._no_auth, self._has_supervisor, self._behind_proxy = no_auth, has_supervisor, behind_proxy
        self.library: LibraryState = office.state
        self.board, self.hub = Board(), Hub()
        self.board.know(office.state.classes)
        self.importing = asyncio.Lock()
        self.outputs = OutputKeeper(home, graph, living)
        self.board.listen(self.outputs.batch)
        self._snapshots = SnapshotKeeper(self._write_snapshot)
        changed = self._snapshots.changed
        self._teller = Teller(self.board, self.hub, self._follow, changed, revision, store.read_entries)
        self.writer = Writer(document, revision, self, self._teller.committed, self._teller.observed)
        self._teller.writer = self.writer
        self._follower.took_back = self._teller.took_back
        self.writer.eager = self._follower
        self._history = Historian(store, self.writer, lambda: self.library.classes, hashes_in)
        self._made_before = MadeBefore(calls, store.read_entries, document, revision, time.monotonic())
        self.externals = ExternalDesk(self, office, home, graph, living, self.writer, self.hub)
        self.writer.observe(self.externals.take_in)
        self._dumper = Dumper()
        self._word: RunWord = "starting"
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heartbeat = Heartbeat(None, self._missed_beat)
        self._host, self._port = "", 0
        self._speaks_tls = False
        self._link = SupervisorLink(base, self._hello, self)
        self._packages = PackageDesk(self, office, graph, self.writer, self.hub, self._link, self.externals)
        self._watch = Watch(living.running, lambda run: self._teller.lasts(run, living.followed))
        self.board.listen(self.hub.batch)

    # Life

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until asked to stop; then everything is on disk and nobody is connected."""
        self._loop = asyncio.get_running_loop()
        config = read_worker_config(self._home)
        self._heartbeat.every_s = required_by(config.extra)
        if not self._trust.is_held:
            # Before anybody can connect: no edit may come to the graph's thread before the graph does.
            self._live(self.writer.document)
        async with self.writer.running(), self._serving(config):
            async with self._tasks(), self._told_log():
                self._say_word("running")
                if self._has_supervisor:
                    # First known, then computing: native code that blocks on the values it is opened with
                    # would keep the hello back, and nobody could name the node or end the worker.
                    await self._link.wait_introduced()
                ready()
                self._heartbeat.beat()
                await self._stop.wait()
                self._heartbeat.stop()
                self._say_word("stopping")
                self.hub.event("stopping")
                await self._link.say_stopping()
            await self.outputs.finish()
            self._graph.leave()
        await self._write_snapshot()
        await asyncio.get_running_loop().run_in_executor(None, self._store.close)
        remove_run_files(self._home)

    @asynccontextmanager
    async def _serving(self, config: WorkerConfig) -> AsyncGenerator[None]:
        settings = read_config(self._base)
        context = server_context(tls_of(settings))
        self._speaks_tls = context is not None
        self._host, sock = bind(config, os.environ, self._behind_proxy or self._speaks_tls)
        self._port = sock.getsockname()[1]
        self._gate = Gate(
            read_or_make_token(self._base),
            host=self._host,
            fixed_origins=settings.allowed_origins,
            no_auth=self._no_auth,
            worker=self._home.uuid,
        )
        limits = Limits.from_environment(os.environ, settings.raw)
        services = Services(
            self,
            self.writer,
            self._graph,
            self._living,
            self.board,
            self.hub,
            Parked(time.monotonic),
            self._history,
            self._made_before,
            Incoming(self._home.files.parent / "uploads", limits.upload),
        )
        self._transfer = Transfer(services)
        self._server = WorkerServer(services, make_table(), self._gate, limits)
        runner = web.AppRunner(
            self._server.make_app(), access_log=None, handle_signals=False, shutdown_timeout=LAST_WORDS_S
        )
        await runner.setup()
        try:
            await web.SockSite(runner, sock, ssl_context=context).start()
            change_worker_config(self._home, self._with_address)
            yield
        finally:
            self.hub.close_all("the worker stops")
            await self.hub.wait_empty(LAST_WORDS_S)
            await runner.cleanup()

    def _with_address(self, config: WorkerConfig) -> WorkerConfig:
        return msgspec.structs.replace(
            config, host=self._host, port=self._port, ssl=self._speaks_tls, pid=os.getpid()
        )

    def _tasks(self) -> AbstractAsyncContextManager[None]:
        works = [self._snapshots.run(), self.externals.run(), self._watch.run(), self.outputs.run()]
        if self._has_supervisor:
            works += [self._link.run(), self._resume_import()]
        return owned(*works)

    async def _resume_import(self) -> None:
        await self._link.wait_introduced()
        if self._link.is_up:
            await self._transfer.resume()

    @asynccontextmanager
    async def _told_log(self) -> AsyncGenerator[None]:
        hub = self.hub
        with followed_log(hub.log, lambda: hub.has_log_readers, self._living.running.node):
            yield

    def _say_word(self, word: RunWord) -> None:
        self._word = word
        write_run_word(self._home, word)

    def _hello(self) -> control.Hello:
        return control.Hello(
            protocol=control.PROTOCOL,
            role="worker",
            uuid=self._home.uuid,
            pid=os.getpid(),
            started=process_start(),
            host=self._host,
            port=self._port,
            tls=self._speaks_tls,
            version=funcnodes_worker.__version__,
        )

    # What happens

    async def keep(self, entries: Sequence[Any], written: Callable[[], None] | None) -> None:
        """Return when the entries are in the journal. Called by the writer."""
        await self._store.append(entries, written)

    def _follow(self, committed: Committed) -> None:
        self._follower.follow(committed)
        if any(isinstance(edit, ReplaceGraph) for edit in committed.edits):
            self.externals.stir()

    def deliver(self, batch: Batch) -> None:
        """Take a batch over from the graph's thread. Called there; the loop may be closed already."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._teller.take, batch)

    async def _write_snapshot(self) -> None:
        document, revision = self.writer.document, self.writer.revision
        classes = self.library.classes
        # Made in the store's thread: the server's answers others meanwhile, also beside a large graph.
        await self._store.snapshot(lambda: self._dumper.dump(document, classes), revision)

    # What methods ask

    @property
    def uuid(self) -> str:
        """The worker's id."""
        return self._home.uuid

    @property
    def run_word(self) -> str:
        """The published word for what the worker does."""
        return self._word

    @property
    def module_list(self) -> Path:
        """Where the manager keeps the published list of modules."""
        return self._base.cache / "funcnodes_modules.csv"

    def heartbeat(self) -> None:
        """Hear that somebody needs the worker."""
        self._heartbeat.beat()

    def _missed_beat(self) -> None:
        _log.warning("no heartbeat came for %g s, as this worker requires: it stops", self._heartbeat.every_s)
        self.request_stop()

    @property
    def log_file(self) -> Path:
        """Where the worker's log stands."""
        return self._home.log_file

    @property
    def files(self) -> Path:
        """The folder of the user's files."""
        return self._home.files

    @property
    def epoch(self) -> str:
        """The epoch of the history."""
        return self._store.epoch

    def read_config(self) -> WorkerConfig:
        """Return the settings, live host and port included."""
        return msgspec.structs.replace(read_worker_config(self._home), host=self._host, port=self._port)

    def change_config(self, changes: Mapping[str, Any]) -> WorkerConfig:
        """Return the settings after a change; the supervisor is told."""
        changed = change_worker_config(self._home, lambda config: msgspec.structs.replace(config, **changes))
        self._link.changed(control.Changed(**changes))
        return changed

    async def portable(self, *, for_export: bool = False) -> dict[str, Any]:
        """Return the graph in the shape of `nodespace.json`, with large values in place."""
        document, classes = self.writer.document, self.library.classes
        saved = await asyncio.to_thread(lambda: dump(with_contents(document, self._store.content), classes))
        external = saved.get(EXTERNAL)
        if external:
            keep = not for_export
            saved[EXTERNAL] = await self._graph.ask(lambda: external_for_export(external, keep_unknown=keep))
        return saved

    def stored(self, reference: JsonValue) -> JsonValue:
        """Return the value that a reference stands for, or raise `KeyError`."""
        identity = hash_in(reference)
        if identity is None:
            raise KeyError(reference)
        return msgspec.json.decode(self._store.content(identity))

    async def write_snapshot(self) -> None:
        """Return when the snapshot on disk holds the present revision."""
        await self._write_snapshot()

    def reference(self, value: JsonValue) -> JsonValue:
        """Return what stands for a value in the document."""
        return self._store.reference(value)

    def release(self, reference: JsonValue) -> None:
        """Forget the large value behind a reference that no edit was made with."""
        self._store.release(reference)

    def missed_since(self, epoch: str, revision: int) -> Missed | None:
        """Return the transactions after a revision, or None when they are not at hand any more."""
        return self._teller.missed_since(revision) if epoch == self.epoch else None

    def request_stop(self) -> None:
        """Begin to stop in good order; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)

    # What the supervisor asks

    def set_access(self, access: control.Access) -> None:
        """Take over who may speak."""
        grants = [Granted(grant.hash, Right(grant.right), grant.worker) for grant in access.grants]
        self._gate.set_access(access.origins, access.sessions, grants)
        self._server.access_changed()

    def hold_nodes(self, held: Mapping[str, str], *, is_safe: bool) -> None:
        """Keep these nodes from running, or all; a graph that lives already goes on as it is."""
        if not self._living.is_built:
            self._living.holding.begin(held, self._let_go, is_safe=is_safe)

    def _let_go(self, node: str) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._link.let_go, node)

    def interrupt(self, node: str | None) -> None:
        """End the run of a node."""
        _log.info("the manager asks for an interrupt: %s", self._living.interrupt(node))

    def wish_progress(self, progress: control.WishProgress) -> None:
        """Tell everybody how far a wish has come."""
        self.hub.progress(progress.message, progress.status, progress.fraction)

    async def load_modules(self, packages: Sequence[str]) -> dict[str, str]:
        """Return what could not be loaded, by package."""
        if self._trust.is_held:
            return dict.fromkeys(packages, "the flow has not been trusted yet, so nothing is loaded")
        return await self._packages.load(packages)

    @property
    def hold_reason(self) -> str | None:
        """Why the flow is held, or None."""
        return self._trust.reason

    async def trust(self) -> bool:
        """Let a held flow go: on disk first, then its packages are loaded and its graph is built."""
        if not self._trust.is_held:
            return False
        self._trust.grant()
        _log.info("a user trusts this flow from here on")
        if self._trust.needs_restart and self._link.is_up:
            self.hub.event("trusted", restarts=True)
            self._link.trusted()
            return True
        config = read_worker_config(self._home)
        packages, left_out = list(config.package_dependencies), config.left_out
        state = await self._graph.ask(lambda: self._office.start(packages, left_out), TURN_TO_LOAD_S)
        self.library_changed(state)
        # What is submitted and not committed yet is followed when it is: it is not in this document.
        self._live(fill_all(self.writer.document, state.classes))
        self.hub.event("trusted", restarts=False)
        self.hub.event("fullsync")
        return False

    def _live(self, document: Document) -> None:
        self._graph.post(lambda: self.externals.begin(document))
        self._follower.live(document, self.writer.revision, self.outputs.kept)

    def library_changed(self, state: LibraryState) -> None:
        """Take over what the library holds now; nodes whose class has come are brought to life."""
        self.library = state
        self.board.know(state.classes)
        before = self.writer.head
        grown: list[str] = []
        self.writer.observe(lambda head: fill_all(head, state.classes), Noted(ports=grown))
        document = self.writer.head
        grown += [name for name, node in document.nodes.items() if node.ports != before.nodes[name].ports]
        self._graph.post(lambda: self._living.replace_placeholders(document))
        self.hub.event("lib_update")

    async def install(self, package: str, version: str | None) -> None:
        """Return when a package is installed and loaded; all clients see how far it is."""
        await self._packages.install(package, version)

    async def remove(self, package: str) -> None:
        """Return when a package is no longer among the worker's; its nodes are removed as an edit."""
        await self._packages.remove(package)
