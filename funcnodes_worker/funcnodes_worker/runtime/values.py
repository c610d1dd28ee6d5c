"""Values that somebody looks at: held for as long as they are read, touched in the graph's thread only.

Owns the generation, which names one value of one port, and the door through which the server's thread reads.
What windows, sources and pictures are is decided in their rooms.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Generator
from typing import Any, TypeVar

import msgspec
from funcnodes_core.document.model import NodeId, PortId
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.nodespace import NodeSpace
from funcnodes_core.novalue import NoValue

from funcnodes_worker.rpc.errors import GraphBusy
from funcnodes_worker.runtime import pictures
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.graph_thread import ASK_LIMIT_S, GraphThread
from funcnodes_worker.runtime.observe import port_under
from funcnodes_worker.runtime.previews import encoded_by_module
from funcnodes_worker.runtime.sources import (
    NPY,
    NoSuchFormat,
    Source,
    formats_of,
    npy_of_floats,
    open_source,
    published_source,
)
from funcnodes_worker.runtime.steps import StepSink
from funcnodes_worker.runtime.windows import BadWindow, Wish, describe, steps, window_arrow, window_json

STEP_S = 0.005
"""How long the graph's thread works for a reader before others have their turn."""
READ_LIMIT_S = 600.0
"""How long the next piece of an answer that has begun may wait for a node that computes."""
_BOOT = secrets.token_hex(4)
"""Numbers of changes begin anew in each process; this keeps their names apart."""

Result = TypeVar("Result")


def look(space: NodeSpace, node: NodeId, port: PortId) -> tuple[int, Any]:
    """Return the number of a port's latest change and its value. In the graph's thread."""
    # A node whose class is missing or whose flow is not trusted yet is in the document only.
    living = port_under(space.get_node_by_id(node), port) if space.has_node(node) else None
    if living is None:
        return 0, NoValue
    sink = current_engine().sink
    return sink.version(living) if isinstance(sink, Feed | StepSink) else 0, living.value


class About(msgspec.Struct, frozen=True):
    """What is said of a value without any of its data."""

    generation: str
    facts: dict[str, Any]
    formats: tuple[str, ...]


class CannotWrite(ValueError):
    """Raised for a value whose own code fails when it is written, or that contains itself."""

    def __init__(self, node: NodeId, port: PortId, error: Exception) -> None:
        super().__init__()
        self.node, self.port, self.error = node, port, error

    def __str__(self) -> str:
        cause = f"{type(self.error).__name__}: {str(self.error)[:200]}"
        return (
            f"the value of port {self.port!r} of node {self.node!r} cannot be written ({cause}); "
            "its preview says what can be shown. Turn it into plain data in a node, or give its class an "
            "encoder"
        )


_SAID_ELSEWHERE = (GraphBusy, NoSuchFormat, BadWindow, pictures.NoPicture)


class Reader:
    """One value, read from the server's thread. Close it, so that it is let go where it lives."""

    def __init__(
        self, graph: GraphThread, space: NodeSpace, durable: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """`durable` says whether the edits that the graph works with are on disk: else it is read again."""
        self._graph, self._space, self._durable = graph, space, durable
        self._held: list[Any] = []
        self._whose = ("", "")
        self.generation = ""

    async def open(self, node: NodeId, port: PortId) -> None:
        """Take hold of the value a port has now; raise `GraphBusy` when a node keeps the graph busy."""

        def take() -> str:
            number, value = look(self._space, node, port)
            self._held = [value]
            # A default that changed is no change of the port; the value's place in memory tells it.
            return f"{_BOOT}-{number}-{id(value) & 0xFFFFFFFF:x}"

        self._whose = node, port
        self.generation = await self._graph.ask(take)
        while self._durable is not None and not await self._durable():
            self.generation = await self._graph.ask(take)

    def close(self) -> None:
        """Let the value go, in the graph's thread: its end may be code of a library."""
        held, self._held = self._held, []
        if held:
            self._graph.post(held.clear)

    async def about(self) -> About:
        """Return what the value is like."""
        return await self._ask(
            lambda: About(self.generation, describe(self._held[0]), formats_of(self._held[0]))
        )

    async def window(self, wish: Wish, as_arrow: bool) -> dict[str, Any] | bytes:
        """Return some rows and columns, as JSON data or as an Arrow stream."""

        def work() -> Generator[None, None, dict[str, Any] | bytes]:
            found = yield from steps(self._held[0], wish)
            if as_arrow:
                return window_arrow(found)
            return (yield from window_json(found))

        return await self._in_steps(work)

    async def picture(self, width: int, height: int) -> tuple[str, bytes]:
        """Return the value as an image of at most this size."""

        def draw() -> tuple[str, bytes]:
            value = self._held[0]
            encoded = None
            if not pictures.is_image_array(value):
                encoded = encoded_by_module(value, preview=False)
            return pictures.scaled(value, width, height, encoded)

        return await self._ask(draw)

    async def source(self, mime: str | None) -> Source:
        """Return the whole value in a format; its pieces are read by `piece` and `part`."""

        def begin() -> Source:
            source = open_source(self._held[0], mime)
            self._held.append(source)
            return source

        return await self._ask(begin)

    async def whole(self, mime: str | None = None, accepted: Collection[str] = ()) -> tuple[str, bytes]:
        """Return the whole value as mime and bytes, made piece by piece so that the graph has its turns.

        Without a mime it is what published clients know: tables, arrays and lists go as JSON; what is
        accepted besides is taken where it says the very same (a list of nothing but floats as npy).
        """
        if mime is None and NPY in accepted and type(self._held[0]) is list:
            floats = await self._in_steps(lambda: npy_of_floats(self._held[0]))
            if floats is not None:
                return NPY, floats

        def begin() -> Source:
            source = open_source(self._held[0], mime) if mime else published_source(self._held[0])
            self._held.append(source)
            return source

        source = await self._ask(begin)
        pieces: list[bytes] = []
        while piece := await self.piece(source):
            pieces.append(piece)
        return source.mime, pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def piece(self, source: Source) -> bytes:
        """Return the next piece of a whole value; an empty one at the end."""
        return await self._ask(source.next_piece, READ_LIMIT_S)

    async def part(self, source: Source, start: int, stop: int) -> bytes:
        """Return these bytes of a whole value."""
        return await self._ask(lambda: source.read(start, stop), READ_LIMIT_S)

    async def _ask(self, question: Callable[[], Result], limit_s: float = ASK_LIMIT_S) -> Result:
        try:
            return await self._graph.ask(question, limit_s)
        except _SAID_ELSEWHERE:
            raise
        # Encoders and `__str__` are code of modules: what they raise is the value's, not ours.
        except Exception as error:
            raise CannotWrite(*self._whose, error) from error

    async def _in_steps(self, work: Callable[[], Generator[None, None, Result]]) -> Result:
        found: list[Result] = []
        walk = work()

        def go_on() -> bool:
            until = time.perf_counter() + STEP_S
            try:
                while time.perf_counter() < until:
                    next(walk)
            except StopIteration as end:
                found.append(end.value)
                return True
            return False

        while not await self._ask(go_on):
            pass
        return found[0]
