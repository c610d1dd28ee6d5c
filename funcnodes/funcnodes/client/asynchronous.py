"""A worker as a program with an event loop drives it; `blocking` is the same for programs without one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from funcnodes_core.document.edits import Edit
from funcnodes_core.document.model import Document

from funcnodes.client.address import Find
from funcnodes.client.errors import ClientError, not_found
from funcnodes.client.happenings import Connection, Event, NodeState, Preview, Progress
from funcnodes.client.line import Line
from funcnodes.client.mirror import NPY, Mirror, value_of

MAX_UNREAD = 100_000
"""Events kept for a reader of `events()` that does not read; then the oldest go."""


class AsyncWorker:
    """One worker, connected. Made by `funcnodes.connect`."""

    def __init__(self, find: Find, author: str | None, rate: float, patience_s: float) -> None:
        self._line = Line(find, self, patience_s)
        self._author, self._rate = author, rate
        self._mirror = Mirror()
        self._readers: set[asyncio.Queue[Event]] = set()
        self._changed = asyncio.Event()
        self._on_progress: list[Callable[[Progress], None]] = []

    async def open(self) -> None:
        """Connect."""
        await self._line.open()

    async def close(self) -> None:
        """Leave. The worker goes on."""
        await self._line.close()

    # What the line tells

    def greeting(self) -> tuple[str, Mapping[str, Any]]:
        """Return what gets up to date. Called by the line."""
        return "subscribe", {"since": self._mirror.since, "author": self._author, "rate": self._rate}

    def greeted(self, result: Any) -> None:
        """Take the graph, or what was missed. Called by the line."""
        self._author = result["author"]
        self._tell(Connection(is_up=True))
        for event in self._mirror.subscribed(result):
            self._tell(event)

    def disconnected(self, reason: str) -> None:
        """Note that the line broke. Called by the line."""
        self._tell(Connection(is_up=False, reason=reason))

    def gave_up(self) -> None:
        """Let those who wait hear of it. Called by the line."""
        self._changed.set()

    def heard(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification. Called by the line."""
        event = self._mirror.notified(method, params)
        if isinstance(event, Progress):
            for told in self._on_progress:
                told(event)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(event)
        self._changed.set()

    # What is known here, without asking

    @property
    def author(self) -> str:
        """The id this client's edits carry; give it to `connect` to be the same author again."""
        return self._author or ""

    @property
    def is_up(self) -> bool:
        """Whether the connection stands now; one that was lost is dialled again."""
        return self._line.is_up

    @property
    def revision(self) -> int:
        """How many edits the worker has told of."""
        return self._mirror.revision

    @property
    def document(self) -> Document:
        """The committed graph."""
        return self._mirror.document

    def state(self, node: str) -> NodeState:
        """Return what a node was last told to be doing."""
        return self._mirror.states.get(node, NodeState())

    def preview(self, node: str, port: str) -> Preview | None:
        """Return a port's value as it was last told; None while it has none."""
        return self._mirror.values.get((node, port))

    def node_id(self, name: str) -> str:
        """Return the id of the node of this id or, if there is just one, of this name."""
        nodes = self._mirror.document.nodes
        if name in nodes:
            return name
        found = [node.id for node in nodes.values() if node.name == name]
        if len(found) == 1:
            return found[0]
        problem = "several nodes are" if found else "no node is"
        raise not_found(f"{problem} called {name!r}")

    # Asking and changing

    async def call(
        self, method: str, /, *, on_progress: Callable[[Progress], None] | None = None, **params: Any
    ) -> Any:
        """Return the result of any method of the worker; raise `WorkerError` with what it says.

        What the call changed is in `document` then: the news of it has come, too.
        """
        if on_progress is not None:
            self._on_progress.append(on_progress)
        try:
            result, revision = await self._line.call(method, params)
        finally:
            if on_progress is not None:
                self._on_progress.remove(on_progress)
        if revision is not None and revision > self.revision:
            # It is on disk; news that are late, or lost with the connection, make it no less done.
            with contextlib.suppress(ClientError, TimeoutError):
                await self.wait_for(lambda worker: worker.revision >= revision)
        return result

    async def edit(self, *edits: Edit | Mapping[str, Any]) -> int:
        """Return the revision of these edits, made as one: all of them or none."""
        return (await self.call("edit", edits=edits))["revision"]

    async def add_node(self, class_id: str, *, uuid: str | None = None, **options: Any) -> str:
        """Return the id of a new node of a class. Options are those of the worker's `add_node`."""
        return (await self.call("add_node", id=class_id, uuid=uuid, **options))["id"]

    async def remove_node(self, node: str) -> None:
        """Take a node away, with its edges."""
        await self.call("remove_node", id=self.node_id(node))

    async def add_edge(self, source: str, output: str, target: str, port: str) -> None:
        """Wire an output to an input."""
        await self.call(
            "add_edge",
            src_nid=self.node_id(source),
            src_ioid=output,
            trg_nid=self.node_id(target),
            trg_ioid=port,
        )

    async def set(self, node: str, port: str, value: Any) -> None:
        """Give an input a value; it is on the worker's disk when this returns."""
        await self.call("set_io_value", nid=self.node_id(node), ioid=port, value=value)

    async def get(self, node: str, port: str) -> Any:
        """Return a port's whole value as it is now: JSON and text decoded, other mimes as bytes."""
        # As bytes, and floats as they lie in memory: a million of them in a twentieth of the time of JSON.
        params = {"nid": self.node_id(node), "ioid": port, "accept": [NPY]}
        return value_of(*await self._line.call_for_bytes("get_io_full_value", params))

    async def trigger(self, node: str) -> None:
        """Have a node run."""
        await self.call("trigger_node", nid=self.node_id(node))

    async def install(
        self, package: str, version: str | None = None, on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Return when a package is installed and its nodes are there."""
        wish = {} if version is None else {"version": version}
        await self.call("add_package_dependency", on_progress=on_progress, name=package, **wish)

    async def wait_idle(self, limit_s: float = 60.0) -> None:
        """Return when all that is committed has run; raise `GraphBusy`, with the node, if it takes longer."""
        await self.call("wait_idle", limit_s=limit_s)

    async def wait_for(self, found: Callable[[AsyncWorker], Any], limit_s: float = 60.0) -> Any:
        """Return the first true answer of `found`, asked whenever the worker told something."""
        async with asyncio.timeout(limit_s):
            while not (answer := found(self)):
                if self._line.failure is not None:
                    raise self._line.failure
                self._changed.clear()
                await self._changed.wait()
            return answer

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[asyncio.Queue[Event]]:
        """Give a queue of all that is told while the block runs."""
        reader: asyncio.Queue[Event] = asyncio.Queue(MAX_UNREAD)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    async def events(self) -> AsyncGenerator[Event]:
        """Yield what the worker tells from now on."""
        async with self.listening() as heard:
            while True:
                yield await heard.get()
