"""A worker as a plain script drives it: the same as `asynchronous`, each call waited for.

Owns the thread in which the connection lives. A script may do anything else meanwhile: the worker's news are
taken in all the same.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, TypeVar

from funcnodes_core.document.edits import Edit
from funcnodes_core.document.model import Document, NodeRecord

from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.errors import CLOSED_HERE, ConnectionLost, not_found
from funcnodes.client.happenings import Event, NodeState, Preview, Progress

Result = TypeVar("Result")


class _Thread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a script that ends without closing its connection must end.
        self._thread = threading.Thread(target=self._run, name="funcnodes-client", daemon=True)
        self._door = threading.Lock()
        self.is_over = False
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        # What another thread asked a moment before the end: it hears that it came to nothing.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what the work gives; Ctrl+C ends the waiting and the work."""
        with self._door:
            if self.is_over:
                work.close()
                raise ConnectionLost(CLOSED_HERE)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise ConnectionLost(CLOSED_HERE) from None
        except BaseException:
            future.cancel()
            raise

    def soon(self, work: Callable[[], object]) -> None:
        with self._door:
            if not self.is_over:
                self._loop.call_soon_threadsafe(work)

    def end(self) -> None:
        with self._door:
            if self.is_over:
                return
            self.is_over = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class Worker:
    """One worker, connected. Made by `funcnodes.connect`."""

    def __init__(self, worker: AsyncWorker) -> None:
        self._worker = worker
        self._thread = _Thread()
        try:
            self._thread.wait(worker.open())
        except BaseException:
            self._thread.end()
            raise

    def close(self) -> None:
        """Leave. The worker goes on; a second time does nothing."""
        if self._thread.is_over:
            return
        self._thread.wait(self._worker.close())
        self._thread.end()

    # The graph

    @property
    def nodes(self) -> dict[str, Node]:
        """All nodes, by their ids."""
        return {name: Node(self, name) for name in self.document.nodes}

    def __getitem__(self, node: str) -> Node:
        return Node(self, self._worker.node_id(node))

    def add_node(self, class_id: str, *, uuid: str | None = None, **options: Any) -> Node:
        """Return a new node of a class. Options are those of the method, like `name`."""
        return Node(self, self._thread.wait(self._worker.add_node(class_id, uuid=uuid, **options)))

    def remove_node(self, node: Node | str) -> None:
        """Take a node away, with its edges."""
        self._thread.wait(self._worker.remove_node(_id_of(node)))

    def add_edge(self, source: Node | str, output: str, target: Node | str, port: str) -> None:
        """Wire an output to an input."""
        self._thread.wait(self._worker.add_edge(_id_of(source), output, _id_of(target), port))

    def edit(self, *edits: Edit | Mapping[str, Any]) -> int:
        """Return the revision of these edits, made as one: all of them or none."""
        return self._thread.wait(self._worker.edit(*edits))

    @property
    def document(self) -> Document:
        """The committed graph."""
        return self._worker.document

    @property
    def revision(self) -> int:
        """How many edits the worker has told of."""
        return self._worker.revision

    @property
    def author(self) -> str:
        """The id this client's edits carry; give it to `connect` to be the same author again."""
        return self._worker.author

    # The rest of the worker

    def call(
        self, method: str, /, *, on_progress: Callable[[Progress], None] | None = None, **params: Any
    ) -> Any:
        """Return the result of any method of the worker; raise `WorkerError` with what it says.

        `on_progress` is called in the connection's thread.
        """
        return self._thread.wait(self._worker.call(method, on_progress=on_progress, **params))

    def install(
        self, package: str, version: str | None = None, on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Return when a package is installed and its nodes are there."""
        self._thread.wait(self._worker.install(package, version, on_progress))

    def wait_idle(self, limit_s: float = 60.0) -> None:
        """Return when all that is committed has run; raise `GraphBusy`, with the node, if it takes longer."""
        self._thread.wait(self._worker.wait_idle(limit_s))

    def wait_for(self, found: Callable[[Worker], Result], limit_s: float = 60.0) -> Result:
        """Return the first true answer of `found`, asked whenever the worker told something.

        It is asked in the connection's thread: it may look at what is known, but call nothing of the worker.
        """
        return self._thread.wait(self._worker.wait_for(lambda _: found(self), limit_s))

    @contextmanager
    def listening(self) -> Generator[Callable[[float | None], Event]]:
        """Give a function that returns the next event of those told since the block began.

        It takes a limit in seconds, and raises `TimeoutError` when nothing was told for so long.
        """
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        begun = threading.Event()
        task = self._thread.wait(self._begin_listening(heard, begun))
        begun.wait()
        try:
            yield lambda limit_s=None: _next_of(heard, limit_s)
        finally:
            self._thread.soon(task.cancel)

    async def _begin_listening(
        self, heard: queue.SimpleQueue[Event], begun: threading.Event
    ) -> asyncio.Task[None]:
        async def listen() -> None:
            async with self._worker.listening() as told:
                begun.set()
                while True:
                    heard.put(await told.get())

        return asyncio.create_task(listen())

    def events(self, limit_s: float | None = None) -> Iterator[Event]:
        """Yield what the worker tells from now on; end when nothing was told for `limit_s`."""
        with self.listening() as next_event:
            while True:
                try:
                    yield next_event(limit_s)
                except TimeoutError:
                    return

    # For the handles below

    def get(self, node: str, port: str) -> Any:
        """Return a port's whole value as it is now."""
        return self._thread.wait(self._worker.get(node, port))

    def set(self, node: str, port: str, value: Any) -> None:
        """Give an input a value; it is on the worker's disk when this returns."""
        self._thread.wait(self._worker.set(node, port, value))

    def record(self, node: str) -> NodeRecord:
        """Return a node as the document has it, or raise `NotFound`."""
        if (found := self.document.nodes.get(node)) is None:
            raise not_found(f"there is no node {node!r} (any more)")
        return found

    def state(self, node: str) -> NodeState:
        """Return what a node was last told to be doing."""
        return self._worker.state(node)

    def preview(self, node: str, port: str) -> Preview | None:
        """Return a port's value as it was last told; None while it has none."""
        return self._worker.preview(node, port)


class Node:
    """A node of a connected worker, by its id."""

    def __init__(self, worker: Worker, node: str) -> None:
        self._worker, self.id = worker, node

    def __repr__(self) -> str:
        return f"<Node {self.id!r}>"

    @property
    def name(self) -> str:
        """What it is called."""
        name = self._worker.record(self.id).name
        return name if isinstance(name, str) else self.id

    @property
    def state(self) -> NodeState:
        """What it is doing, and why it failed."""
        self._worker.record(self.id)
        return self._worker.state(self.id)

    @property
    def inputs(self) -> Inputs:
        """Its inputs by id: `node.inputs["a"] = 5` sets one."""
        return Inputs(self._worker, self.id, is_input=True)

    @property
    def outputs(self) -> Ports:
        """Its outputs by id."""
        return Ports(self._worker, self.id, is_input=False)

    def trigger(self) -> None:
        """Have it run."""
        self._worker.call("trigger_node", nid=self.id)

    def remove(self) -> None:
        """Take it away, with its edges."""
        self._worker.remove_node(self)


class Port:
    """A port of a node."""

    def __init__(self, worker: Worker, node: str, port: str) -> None:
        self._worker, self.node, self.id = worker, node, port

    def __repr__(self) -> str:
        return f"<Port {self.id!r} of {self.node!r}>"

    @property
    def value(self) -> Any:
        """The whole value as it is now: JSON and text decoded, other mimes as bytes."""
        return self._worker.get(self.node, self.id)

    @property
    def preview(self) -> Preview | None:
        """The value as it was last told: bounded, and at no cost."""
        return self._worker.preview(self.node, self.id)


class Ports(Mapping[str, Port]):
    """The inputs or the outputs of a node."""

    def __init__(self, worker: Worker, node: str, *, is_input: bool) -> None:
        self._worker, self._node, self._is_input = worker, node, is_input

    def _names(self) -> list[str]:
        ports = self._worker.record(self._node).ports
        return [name for name, port in ports.items() if port.is_input is self._is_input]

    def __getitem__(self, port: str) -> Port:
        if port not in (names := self._names()):
            kind, known = "input" if self._is_input else "output", ", ".join(names) or "none"
            raise not_found(f"node {self._node!r} has no {kind} {port!r}; it has {known}")
        return Port(self._worker, self._node, port)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


class Inputs(Ports):
    """The inputs of a node, which can be set."""

    def __setitem__(self, port: str, value: Any) -> None:
        self._worker.set(self._node, port, value)


def _id_of(node: Node | str) -> str:
    return node.id if isinstance(node, Node) else node


def _next_of(heard: queue.SimpleQueue[Event], limit_s: float | None) -> Event:
    try:
        return heard.get(timeout=limit_s)
    except queue.Empty:
        raise TimeoutError(f"nothing was told for {limit_s:g} s") from None
