"""A module in development that has changed: loaded again, its nodes made anew, everybody told.

Owns the order: the code, its external workers, the library, the nodes. Which modules have changed is the
`runtime/workshop`'s word. Belongs to the server's thread.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from funcnodes_core.document.model import Document, NodeId
from funcnodes_core.novalue import NoValue

from funcnodes_worker.process.loading import LibraryOffice
from funcnodes_worker.runtime.external_settings import Which
from funcnodes_worker.runtime.graph_thread import GraphBusy, GraphThread
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.writer import Writer
from funcnodes_worker.server.hub import Hub

BUSY_S = 1.0
"""After how long a graph that runs is asked again whether a changed module can be loaded."""
LOAD_S = 60.0
"""How long the graph may take to begin loading a module: a node may run before it."""
CLASS_CHANGED = "its module was changed"
"""Why a node runs again whose class was loaded anew."""


class Reloading:
    """Brings the graph in line with modules that somebody works on."""

    def __init__(
        self, library: LibraryOffice, graph: GraphThread, living: LivingGraph, writer: Writer, hub: Hub
    ) -> None:
        self._library, self._graph, self._living = library, graph, living
        self._writer, self._hub = writer, hub

    async def follow(
        self,
        stir: Callable[[], None],
        halt: Callable[[Which], Coroutine[Any, Any, None]],
        refreshed: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Load what has changed; `stir`, from any thread, has this called again when something may have."""
        for package in await self._graph.ask(lambda: self._library.workshop.look(stir)):
            self._hub.progress(f"{package} has changed", "info", 0.5)
            try:
                done, replaced = await self._graph.ask(
                    functools.partial(self._library.reload, package), LOAD_S
                )
            except GraphBusy:
                # The change is not lost: it is looked at again.
                asyncio.get_running_loop().call_later(BUSY_S, stir)
                return
            for which in replaced:
                await halt(which)
            await refreshed()
            renew = functools.partial(_renew, self._living, done.classes, self._writer.document)
            await self._graph.ask(renew, LOAD_S)
            if done.problem is not None:
                self._hub.progress(done.problem, "error", 0.0)
                self._hub.event("worker_error", error=done.problem)
            self._hub.progress("", "info", 1.0)


def _renew(living: LivingGraph, classes: Collection[str], document: Document) -> None:
    """Make the nodes of these classes anew; those that had run do so once more. In the graph's thread."""
    had_run: list[NodeId] = [
        node.uuid
        for node in living.space.nodes
        if node.node_id in classes and any(port.value is not NoValue for port in node.outputs.values())
    ]
    living.renew(classes, document)
    for name in had_run:
        if living.space.has_node(name):
            node = living.space.get_node_by_id(name)
            # One that was wired anew may be about to run already.
            if node.ready() and not node.in_trigger:
                node.ask_for_run(CLASS_CHANGED)
