"""The feed: what the engine notes as it runs, brought to the server's thread as plain data, newest only.

Owns the pace. The engine's notes cost it a dictionary entry; values are encoded here, in the graph's thread,
between runs, in slices, and never for more than a tenth of the thread's time. A value whose encoder took over
a second is shown on request only. Does not know clients: batches go to whoever was named (`deliver`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from funcnodes_core.document.model import NodeId, PortId

from funcnodes_worker.runtime.observe import key_of
from funcnodes_worker.runtime.previews import make_preview
from funcnodes_worker.runtime.records import Batch, NodeState, Preview

PAUSE_S = 1 / 30
SLICE_S = 0.005
SHARE = 10
"""Encoding takes at most one in so many seconds of the thread."""
TOO_SLOW_S = 1.0


class PortLike(Protocol):
    """A living port as the feed sees it."""

    node: Any

    @property
    def uuid(self) -> str:
        """Its id."""
        ...

    @property
    def value(self) -> Any:
        """Its value; an input's default while nothing has arrived."""
        ...


class Feed:
    """The engine's sink. Belongs to the graph's thread, but for `progressed`, which any thread may call."""

    def __init__(
        self,
        deliver: Callable[[Batch], None],
        state_of: Callable[[Any], NodeState],
        changes_of: Callable[[Iterable[Any]], Batch],
        followed: Callable[[], int] = lambda: 0,
    ) -> None:
        """`state_of` reads a node's state, `changes_of` what its code changed on these ports by itself."""
        self._deliver, self._state_of, self._changes_of = deliver, state_of, changes_of
        self._followed = followed
        self._ports: dict[Any, None] = {}
        self._states: dict[Any, None] = {}
        self._progress: dict[NodeId, Mapping[str, Any]] = {}
        self._not_before: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        """When a port whose value is dear to encode may be encoded again."""
        self._too_slow: WeakSet[Any] = WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    def enter(self) -> None:
        """Begin to deliver, from the running loop of this thread."""
        self._loop = asyncio.get_running_loop()
        self._ask()

    # What the engine calls

    def port_changed(self, io: Any) -> None:
        """Note that a port has a new value or new options."""
        self._ports[io] = None
        if self._timer is None:
            self._ask()

    def state_changed(self, node: Any) -> None:
        """Note that a node does something else than before."""
        self._states[node] = None
        if self._timer is None:
            self._ask()

    def progressed(self, node: Any, info: Mapping[str, Any]) -> None:
        """Note how far a run has come."""
        self._progress[node.uuid] = dict(info)
        loop = self._loop
        if loop is not None and self._timer is None:
            loop.call_soon_threadsafe(self._ask)

    # Delivery

    def _ask(self) -> None:
        if self._loop is None or self._timer is not None:
            return
        self._timer = self._loop.call_at(max(self._loop.time(), self._next), self._ring)

    def _ring(self) -> None:
        self._timer = None
        assert self._loop is not None
        begun = time.perf_counter()
        batch = self._collect(begun + SLICE_S)
        spent = time.perf_counter() - begun
        if batch is not None:
            self._deliver(batch)
        # The dearer this slice was, the longer the graph has the thread for itself.
        self._next = self._loop.time() + max(PAUSE_S, spent * (SHARE - 1))
        if self._ports or self._states or self._progress:
            self._ask()

    def _collect(self, until: float) -> Batch | None:
        states = {node.uuid: self._state_of(node) for node in self._states}
        self._states.clear()
        progress, self._progress = self._progress, {}
        values, seen = self._encode(until)
        changes = self._changes_of(seen)
        if not (states or progress or values or changes.ports or changes.own_values):
            return None
        return Batch(values, states, progress, changes.ports, changes.own_values, self._followed())

    def _encode(self, until: float) -> tuple[dict[tuple[NodeId, PortId], Preview | None], list[Any]]:
        values: dict[tuple[NodeId, PortId], Preview | None] = {}
        seen: list[Any] = []
        later: list[Any] = []
        while self._ports:
            io = next(iter(self._ports))
            del self._ports[io]
            now = time.perf_counter()
            if self._not_before.get(io, 0.0) > now:
                later.append(io)
                continue
            node = io.node
            if node is None:
                continue
            values[node.uuid, key_of(node, io)] = self._preview(io, now)
            seen.append(io)
            if time.perf_counter() > until:
                break
        self._ports.update(dict.fromkeys(later))
        return values, seen

    def _preview(self, io: PortLike, now: float) -> Preview | None:
        value = io.value
        if io in self._too_slow:
            return Preview("text/plain", b"", cut=True, type=type(value).__name__, too_slow=True)
        preview = preview_of(value)
        cost = time.perf_counter() - now
        if cost > TOO_SLOW_S:
            self._too_slow.add(io)
        elif cost > SLICE_S:
            self._not_before[io] = now + cost * SHARE
        return preview


def preview_of(value: Any) -> Preview | None:
    """Return a value as it is shown; one whose encoder fails is shown as that failure."""
    try:
        return make_preview(value)
    # Encoders are code of modules and values' own code: whatever they raise is said on the port and ends
    # there.
    except Exception as error:  # noqa: BLE001
        kind = type(value).__name__
        text = f"a value of type {kind} cannot be shown: {type(error).__name__}: {str(error)[:200]}"
        return Preview("text/plain", text.encode(errors="replace"), cut=True, type=kind)
