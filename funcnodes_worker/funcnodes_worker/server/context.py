"""What a handler is given: the rooms it may use, the client that asks, and the way to change the document.

Owns the one `commit` that every editing method goes through. The rooms are built by `process`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.model import (
    Classes,
    Document,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
    is_stored_reference,
)
from funcnodes_core.utils.ids import new_id
from msgspec import UNSET, UnsetType

from funcnodes_worker.home.worker_config import WorkerConfig
from funcnodes_worker.rpc.dispatch import MethodTable
from funcnodes_worker.rpc.envelope import Call
from funcnodes_worker.rpc.errors import InvalidParams, NotFound
from funcnodes_worker.rpc.repeat import mark_of
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.history import Historian
from funcnodes_worker.runtime.incoming import Incoming
from funcnodes_worker.runtime.library_loader import Plugin
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.resent import Made, MadeBefore
from funcnodes_worker.runtime.values import Reader
from funcnodes_worker.runtime.writer import Committed, Missed, Plan, Writer
from funcnodes_worker.server.client import Client
from funcnodes_worker.server.hub import Hub
from funcnodes_worker.server.parked import Parked
from funcnodes_worker.server.shapes import find_port

Result = TypeVar("Result")


class LibraryState(msgspec.Struct, frozen=True):
    """What the worker can make nodes of, as plain data. Replaced whole when modules are loaded."""

    classes: Classes
    shelves: bytes
    """The published form of the library, as JSON text."""
    render_options: Mapping[str, Any]
    modules: Sequence[Mapping[str, Any]]
    """Installed modules: name, description, version, homepage, source, releases."""
    problems: Mapping[str, str]
    """What could not be loaded, by package."""
    plugins: Mapping[str, Plugin] = {}
    """The browser code that modules bring, by package."""
    externals: Sequence[Mapping[str, Any]] = ()
    """External workers: classes and instances in the published form, without what stays in the folder."""


class Externals(Protocol):
    """The external workers as methods see them; an instance is named by the ids of its class and its own."""

    async def add(self, group: str, module: str, name: str) -> dict[str, Any]:
        """Return a new instance of a class, as it is listed."""
        ...

    async def update(
        self,
        which: tuple[str, str],
        name: str | None,
        config: Mapping[str, Any] | None,
        commit: Callable[[Sequence[Edit]], Coroutine[Any, Any, object]],
    ) -> None:
        """Give an instance other settings, another name, or both."""
        ...

    async def remove(
        self, which: tuple[str, str], commit: Callable[[Sequence[Edit]], Coroutine[Any, Any, object]]
    ) -> None:
        """End an instance; its nodes go, as an edit of who wished for it."""
        ...

    async def form(self, which: tuple[str, str]) -> dict[str, Any]:
        """Return what a form for an instance's settings needs."""
        ...

    def take_in(self, document: Document) -> Document:
        """Return a document from a file without the settings it lists; they are kept in the worker."""
        ...

    def stir(self) -> None:
        """Start soon what the document lists and does not run."""
        ...


class WorkerProcess(Protocol):
    """The process as methods see it. Called in the server's thread."""

    library: LibraryState

    @property
    def externals(self) -> Externals:
        """The external workers."""
        ...

    @property
    def uuid(self) -> str:
        """The worker's id."""
        ...

    @property
    def run_word(self) -> str:
        """The published word for what the worker does."""
        ...

    @property
    def module_list(self) -> Path:
        """Where the manager keeps the published list of modules."""
        ...

    def heartbeat(self) -> None:
        """Hear that somebody needs the worker."""
        ...

    @property
    def log_file(self) -> Path:
        """Where the worker's log stands."""
        ...

    @property
    def files(self) -> Path:
        """The folder of the user's files."""
        ...

    @property
    def epoch(self) -> str:
        """The epoch of the history: a new one means that earlier revisions say nothing."""
        ...

    @property
    def hold_reason(self) -> str | None:
        """Why the flow is held (shown and not run), or None when a user has trusted it."""
        ...

    async def trust(self) -> bool:
        """Let a held flow go; True when the worker now starts again in the flow's own environment."""
        ...

    def read_config(self) -> WorkerConfig:
        """Return the worker's settings, live host and port included."""
        ...

    def change_config(self, changes: Mapping[str, Any]) -> WorkerConfig:
        """Return the settings after these fields were changed on disk and the supervisor was told."""
        ...

    @property
    def importing(self) -> asyncio.Lock:
        """Held by the import that is under way."""
        ...

    async def portable(self, *, for_export: bool = False) -> dict[str, Any]:
        """Return the graph in the shape of `nodespace.json`, with large values in place.

        Settings of external workers that their class keeps back are left out; for an export, all settings of
        those whose class is not loaded.
        """
        ...

    def stored(self, reference: JsonValue) -> JsonValue:
        """Return the value that a reference stands for, or raise `KeyError`."""
        ...

    async def write_snapshot(self) -> None:
        """Return when the snapshot on disk holds the present revision."""
        ...

    def missed_since(self, epoch: str, revision: int) -> Missed | None:
        """Return the transactions after a revision, or None when they are not at hand any more."""
        ...

    async def install(self, package: str, version: str | None) -> None:
        """Return when the supervisor has installed a package and it is loaded; raise `InstallationFailed`."""
        ...

    async def remove(self, package: str) -> None:
        """Return when the supervisor has taken a package out of the worker's wishes."""
        ...

    def reference(self, value: JsonValue) -> JsonValue:
        """Return what stands for a value in the document: itself, or a reference when it is large."""
        ...

    def release(self, reference: JsonValue) -> None:
        """Forget the large value behind a reference that no edit was made with."""
        ...

    def request_stop(self) -> None:
        """Begin to stop in good order; returns at once."""
        ...


class Services(msgspec.Struct, frozen=True):
    """The rooms that methods use."""

    process: WorkerProcess
    writer: Writer
    graph: GraphThread
    living: LivingGraph
    board: Board
    hub: Hub
    parked: Parked
    history: Historian
    made_before: MadeBefore
    incoming: Incoming

    async def look(self, question: Callable[[], Result]) -> Result:
        """Return what is seen in the living graph, once the edits it comes of are on disk."""
        while True:
            seen = await self.graph.ask(question)
            if await self.writer.wait_durable():
                return seen

    def reader(self) -> Reader:
        """Return what reads one value, once the edits it comes of are on disk."""
        return Reader(self.graph, self.living.space, self.writer.wait_durable)


class CallContext:
    """What the handler of one call is given."""

    def __init__(self, services: Services, client: Client, call: Call) -> None:
        self.services, self.client, self.call = services, client, call
        self._mark: str | None = None
        self._made_before: tuple[Made, ...] = ()
        """What this very call made before the worker was killed, as far as it was not given out again."""
        self._then: Document | None = None
        """The graph as the call saw it then."""
        self._new_ids = 0
        if services.made_before.is_known(time.monotonic()) and (made := services.made_before.by(self.mark)):
            self._made_before, self._then = made, made[0].committed.before
        self._commits: list[Committed] = []
        self._kept: list[JsonValue] = []
        """What stands for large values that no edit of this call names yet."""

    @property
    def document(self) -> Document:
        """The committed document: what is shown to anybody is on disk."""
        return self.services.writer.document if self._then is None else self._then

    @property
    def head(self) -> Document:
        """The document that an edit is made on: with all that was submitted before, on disk or not."""
        return self.services.writer.head if self._then is None else self._then

    @property
    def mark(self) -> str:
        """What the journal knows this call by when it is sent again; empty without an id that is unique."""
        if self._mark is None:
            self._mark = mark_of(self.client.caller, self.call)
        return self._mark

    def new_id(self) -> str:
        """Return an id for something new. Sent again, a call gives the same."""
        self._new_ids += 1
        if self.mark:
            made = hashlib.blake2b(f"{self.mark} {self._new_ids}".encode(), digest_size=16).hexdigest()
            if made not in self.head.nodes and made not in self.head.groups:
                return made
        return new_id()

    def made_before(self) -> Made | None:
        """Return what this call made before the worker was killed: it is not made again."""
        if not self._made_before:
            return None
        made, self._made_before = self._made_before[0], self._made_before[1:]
        self._then = made.committed.document
        self.made(made.committed)
        return made

    async def commit(self, edits: Sequence[Edit] | Plan) -> Committed:
        """Return when these edits, or those a plan makes, are on disk; the events follow the answer."""
        if (made := self.made_before()) is not None:
            return made.committed
        try:
            committed = await self.services.writer.submit(edits, self.client.author, call=self.mark)
        except asyncio.CancelledError:
            # The client has left; its edit is made all the same, with the values it names.
            self._kept.clear()
            raise
        self._kept.clear()
        return self.made(committed)

    def made(self, committed: Committed) -> Committed:
        """Return a commit that this call has made; the events follow the answer."""
        self._commits.append(committed)
        return committed

    def kept(self, value: JsonValue | UnsetType) -> JsonValue | UnsetType:
        """Return a value as it stands in the document: a large one is kept by its content."""
        if value is UNSET:
            return UNSET
        if is_stored_reference(value):
            # A copy of a node names what is kept already; any other reference would lead to nothing.
            if not _is_held(self.head, value):
                raise InvalidParams(
                    "the value refers to stored content that no port of this graph has; send the value itself"
                )
            return value
        try:
            kept = self.services.process.reference(value)
        except (TypeError, ValueError, OverflowError) as problem:
            raise InvalidParams(f"the value cannot be kept: {problem}; send a JSON value") from problem
        if kept is not value:
            self._kept.append(kept)
        return kept

    @property
    def revision(self) -> int | None:
        """The revision this call has made, if it made one."""
        return self._commits[-1].revision if self._commits else None

    def answered(self) -> None:
        """Let the events of this call's edits go out, and large values that no edit was made with."""
        for reference in self._kept:
            self.services.process.release(reference)
        for committed in self._commits:
            committed.answered.set()


Table = MethodTable[CallContext]


def _is_held(document: Document, reference: JsonValue) -> bool:
    return any(
        reference in (port.value, port.default)
        for node in document.nodes.values()
        for port in node.ports.values()
    )


def node_of(document: Document, node: NodeId) -> NodeRecord:
    """Return a node, or raise `NotFound` with what to do."""
    record = document.nodes.get(node)
    if record is None:
        raise NotFound(
            f"there is no node {node[:80]!r}; it may have been removed, ask get_nodes for those there are"
        )
    return record


def port_of(document: Document, node: NodeId, port: PortId) -> PortRecord:
    """Return a port, or raise `NotFound` with the ports there are."""
    record = node_of(document, node)
    found = find_port(record, port)
    if found is None:
        raise NotFound(f"node {node!r} has no port {port[:80]!r}; it has {', '.join(record.ports)}")
    return found


def input_of(document: Document, node: NodeId, port: PortId) -> PortRecord:
    """Return an input, or raise `NotFound`."""
    found = port_of(document, node, port)
    if not found.is_input:
        raise NotFound(f"port {port!r} of {node!r} is an output; only inputs are set")
    return found
