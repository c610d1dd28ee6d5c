"""Packages that come and go while the worker runs: wished for, loaded where the graph lives, told.

Owns the order of these steps. Installing is the supervisor's, loading the `LibraryOffice`'s. Belongs to the
server's event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from funcnodes_core.document.edits import RemoveNode

from funcnodes_worker.process.loading import LibraryOffice
from funcnodes_worker.process.supervisor_link import SupervisorLink
from funcnodes_worker.rpc.errors import GraphBusy, InstallationFailed
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.writer import Writer
from funcnodes_worker.server.context import LibraryState
from funcnodes_worker.server.hub import Hub

TURN_TO_LOAD_S = 60.0
"""How long loading waits for a node that computes; half of what the manager waits for it."""
AUTHOR = "worker"


class Outside(Protocol):
    """The external workers as packages see them."""

    async def leave(self, package: str) -> None:
        """End the instances of a package that goes."""
        ...

    def stir(self) -> None:
        """Start soon what the document lists and does not run."""
        ...


class Owner(Protocol):
    """Whose library it is."""

    def library_changed(self, state: LibraryState) -> None:
        """Take over what the library holds now."""
        ...


class PackageDesk:
    """Installs, removes and loads packages for one worker."""

    def __init__(
        self,
        owner: Owner,
        office: LibraryOffice,
        graph: GraphThread,
        writer: Writer,
        hub: Hub,
        link: SupervisorLink,
        outside: Outside,
    ) -> None:
        self._owner, self._office, self._graph, self._writer = owner, office, graph, writer
        self._hub, self._link, self._outside = hub, link, outside

    async def load(self, packages: Sequence[str]) -> dict[str, str]:
        """Return what could not be loaded, by package."""
        try:
            problems, state = await self._graph.ask(lambda: self._office.load(packages), TURN_TO_LOAD_S)
        except GraphBusy as busy:
            return dict.fromkeys(packages, f"{busy}; it is loaded when the worker starts again")
        self._changed(state)
        self._outside.stir()
        return problems

    async def install(self, package: str, version: str | None) -> None:
        """Return when a package is installed and loaded; all clients see how far it is."""
        await self._wish("install", package, version)

    async def remove(self, package: str) -> None:
        """Return when a package is no longer among the worker's; its nodes are removed as an edit."""
        await self._wish("remove", package, None)
        await self._outside.leave(package)
        classes, state = await self._graph.ask(lambda: self._office.unload(package), TURN_TO_LOAD_S)
        nodes = [node.id for node in self._writer.head.nodes.values() if node.class_id in classes]
        if nodes:
            committed = await self._writer.submit([RemoveNode(node) for node in nodes], AUTHOR)
            committed.answered.set()
        self._changed(state)

    def _changed(self, state: LibraryState) -> None:
        self._owner.library_changed(state)
        self._hub.event("repos_update", repos={module["name"]: module for module in state.modules})

    async def _wish(self, action: Any, package: str, version: str | None) -> None:
        self._hub.progress(f"{action} {package}", "info", 0.0, blocking=True)
        try:
            await self._link.wish(action, package, version)
        except InstallationFailed as failed:
            self._hub.progress(str(failed), "error", 0.0)
            raise
        finally:
            self._hub.progress("", "info", 1.0)
            self._hub.event("fullsync")
