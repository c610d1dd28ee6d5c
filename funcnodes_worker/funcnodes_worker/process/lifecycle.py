"""A worker's process from start to end: the graph in the main thread, the server in its own.

Owns the order of both. Ready is said by the hello; the living graph is built after it, so that a graph whose
first node never returns still has a server. The end is said from the server's thread: the snapshot is on disk
whatever the graph does.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import cast

import msgspec
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.model import Classes, Document, JsonValue
from funcnodes_core.document.reading import left_out
from funcnodes_core.document.serialize import load
from funcnodes_core.engine.interrupt import install_handler
from funcnodes_core.nodespace import NodeSpace
from msgspec.structs import replace

import funcnodes_core
from funcnodes_worker.home.base import Base, read_config
from funcnodes_worker.home.run_state import remove_run_files, write_run_word
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.process.loading import LibraryOffice
from funcnodes_worker.process.platform import on_stop_signals, woken_by_signals
from funcnodes_worker.process.trusting import TrustOffice
from funcnodes_worker.process.worker import WorkerInServerThread
from funcnodes_worker.runtime.external_office import ExternalOffice
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.library_loader import LibraryLoader
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.running import RunningNode
from funcnodes_worker.store.contents import hash_in
from funcnodes_worker.store.store import Opened, Store

_log = logging.getLogger("funcnodes.worker")
SWITCH_S = 0.001
"""How long a thread may keep the interpreter while another waits for it.

Python's 5 ms would add up: an edit goes from the server's thread to the journal's and back, while a node
computes.
"""
YOUNG_OBJECTS = 20_000
"""New objects between two looks of the garbage collector.

Of some hundred edits under way, each holds a few dozen objects for the moment: looks that come before they
are through take them for lasting ones and cost an edit a tenth of its time (2000 did; Python's 700 more).
"""
LEAVE_S = 1.0
"""How long the graph's thread may take to end by itself, and again after it was interrupted."""


class Options(msgspec.Struct, frozen=True):
    """How a worker is started."""

    has_supervisor: bool = True
    no_auth: bool = False
    behind_proxy: bool = False


class ServerThread(threading.Thread):
    """Runs the worker's server; ends the process when the graph's thread cannot."""

    def __init__(self, worker: Callable[[], WorkerInServerThread], end_graph: Callable[[], None]) -> None:
        super().__init__(name="server")
        self._make, self._end_graph = worker, end_graph
        self._settled = threading.Event()
        self._main_is_over = threading.Event()
        self.worker: WorkerInServerThread | None = None
        self.problem: BaseException | None = None
        self._wants_stop = False

    def run(self) -> None:
        """Serve until stopped."""
        try:
            asyncio.run(self._serve())
        # Whatever it is, the main thread must hear of it: it raises it again.
        except BaseException as problem:  # noqa: BLE001
            self.problem = problem
            _log.exception("the server ended badly")
        self._settled.set()
        self._leave()

    async def _serve(self) -> None:
        self.worker = self._make()
        if self._wants_stop:
            asyncio.get_running_loop().call_soon(self.worker.request_stop)
        await self.worker.run(self._settled.set)

    def _leave(self) -> None:
        self._end_graph()
        if self._main_is_over.wait(LEAVE_S):
            return
        if self.worker is not None:
            self.worker.interrupt(None)
        if self._main_is_over.wait(LEAVE_S):
            return
        # Native code that does not return: everything is on disk, nobody is connected, so nothing is lost.
        _log.warning("a node did not let the graph end; the process ends without it")
        logging.shutdown()
        os._exit(0)

    def wait_ready(self) -> None:
        """Return when the server listens; raise what kept it from doing so."""
        self._settled.wait()
        if self.problem is not None:
            raise self.problem

    def request_stop(self) -> None:
        """Begin to stop in good order; from any thread and from signal handlers."""
        self._wants_stop = True
        if self.worker is not None:
            self.worker.request_stop()

    def main_is_over(self) -> None:
        """Hear that the graph's thread has ended by itself."""
        self._main_is_over.set()


def run_worker(base: Base, home: WorkerHome, running: RunningNode, options: Options) -> int:
    """Run a worker in this process until it is stopped; return the exit status. Only in the main thread."""
    sys.setswitchinterval(SWITCH_S)
    opened = Store.open(home.folder)
    try:
        for notice in opened.notices:
            _log.warning("%s", notice.message)
        write_run_word(home, "starting")
        server = asyncio.run(_run_graph(base, home, opened, running, options))
    finally:
        opened.store.close()
        remove_run_files(home)
    server.main_is_over()
    server.join()
    return 0 if server.problem is None else 1


async def _run_graph(
    base: Base, home: WorkerHome, opened: Opened, running: RunningNode, options: Options
) -> ServerThread:
    graph = GraphThread(running.node)
    space = NodeSpace()
    externals = ExternalOffice(space.lib, home.folder / "external_workers")
    options_of_config = read_config(base).raw.get("render_options")
    office = LibraryOffice(LibraryLoader(space.lib), home.local_scripts, externals, options_of_config)
    trust = TrustOffice(home, opened)
    if trust.is_held:
        _log.warning("the flow has not been trusted yet (%s): it is shown and not run", trust.reason)
    config = read_worker_config(home)
    state = office.hold() if trust.is_held else office.start(config.package_dependencies, config.left_out)
    document = _restore(opened, state.classes)
    space.id = document.surroundings["meta"]["id"]
    home.files.mkdir(parents=True, exist_ok=True)
    read = _reader_of(opened.store)
    living = LivingGraph(space, running, read, {"files_dir": home.files.as_posix()}, home.local_scripts)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end_graph() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(over.set)

    def make() -> WorkerInServerThread:
        return WorkerInServerThread(
            base,
            home,
            opened.store,
            document,
            opened.revision,
            office,
            trust,
            graph,
            living,
            opened.calls,
            no_auth=options.no_auth,
            has_supervisor=options.has_supervisor,
            behind_proxy=options.behind_proxy,
        )

    server = ServerThread(make, end_graph)
    # Ctrl+C means stop, never interrupt; our own SIGINT is told apart by the engine.
    install_handler(server.request_stop)
    on_stop_signals(server.request_stop)
    # Modules and node classes stay for as long as the process: the collector passes over them from here on.
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    server.start()
    server.wait_ready()
    assert server.worker is not None
    feed = Feed(server.worker.deliver, living.state_of, living.observer.changes_of, lambda: living.followed)
    living.enter(feed)
    # The building of the graph waits there already, unless the flow is held.
    graph.enter()
    feed.enter()
    try:
        with woken_by_signals():
            await over.wait()
        await server.worker.externals.end()
    except asyncio.CancelledError:
        # Code of a node has ended this loop (`sys.exit` in a callback). A server without a graph would refuse
        # every edit, so it ends too, before the store is closed under it: no edit is lost.
        server.main_is_over()
        server.request_stop()
        server.join()
        raise
    return server


def _restore(opened: Opened, classes: Classes) -> Document:
    saved = load(opened.document_saved, classes)
    if (said := left_out(opened.document_saved, saved.surroundings)) is not None:
        _log.warning("%s", said)
    document = apply_all(saved, [edit for entry in opened.tail for edit in entry.edits])
    meta = document.surroundings.get("meta")
    known: object = cast("dict[str, object]", meta).get("id") if isinstance(meta, dict) else None
    # That of its history until it has been saved once: it is the same after a crash before that.
    identity = known if isinstance(known, str) and len(known) == 32 else opened.epoch
    surroundings = {**document.surroundings, "meta": {"id": identity, "version": funcnodes_core.__version__}}
    return replace(document, surroundings=surroundings)


def _reader_of(store: Store) -> Callable[[JsonValue], JsonValue]:
    def read(reference: JsonValue) -> JsonValue:
        identity = hash_in(reference)
        return reference if identity is None else msgspec.json.decode(store.content(identity))

    return read
