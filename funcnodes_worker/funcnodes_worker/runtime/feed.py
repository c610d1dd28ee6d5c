"""The feed: what the engine notes as it runs, brought to the server's thread as plain data, newest only.

Owns the pace, and the word that stands on a port or a seat (`noted`) until its change was told: looking it up
in a dictionary of all would cost more than the run. Values are encoded here, in the graph's thread, between
runs, in slices, and never for more than a tenth of the thread's time. States do not wait for dear values. A
value whose encoder took over a second is shown on request only, until the port has one of another kind. Does
not know clients: batches go to whoever was named (`deliver`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import count
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from funcnodes_core.document.model import NodeId, PortId

from funcnodes_worker.runtime.observe import key_of
from funcnodes_worker.runtime.previews import make_preview
from funcnodes_worker.runtime.records import Batch, NodeState, Preview

PAUSE_S = 1 / 30
"""Between two batches, unless somebody asked for quicker ones."""
SLICE_S = 0.005
SHARE = 10
"""Encoding takes at most one in so many seconds of the thread."""
TOO_SLOW_S = 1.0

_number = count(1).__next__


class PortLike(Protocol):
    """A living port as the feed sees it."""

    node: Any
    noted: Any
    """The number of its latest change, or a feed's word for "not told yet"; None before any."""

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
        self._untold = object()
        """What stands on ports and seats whose change was noted here and not told yet."""
        self._ports: deque[Any] = deque()
        """Ports whose change was not told yet, each once, the one that has waited longest first."""
        self._numbered: set[Any] = set()
        """Those of them whose latest change was asked for its number already."""
        self._states: deque[Any] = deque()
        self._progress: dict[NodeId, Mapping[str, Any]] = {}
        self._dear: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
        """Ports and kinds of values by whether encoding them took longer than a slice."""
        self._next_dear = self._spent_dear = 0.0
        self._too_slow: WeakKeyDictionary[Any, type] = WeakKeyDictionary()
        """Ports with the kind of value whose encoder took too long."""
        self._all_told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for_values = False
        """Whether the timer is set for values only, which may be late: a state asks for an earlier one."""
        self._next = self._next_values = 0.0
        self._hurried: dict[Hashable, float] = {}
        self._pause_s = PAUSE_S

    def enter(self) -> None:
        """Begin to deliver, from the running loop of this thread."""
        self._loop = asyncio.get_running_loop()
        self._ask()

    def hurry(self, who: Hashable, pause_s: float) -> None:
        """Deliver as often as this one wants to hear; a tenth of the thread stays the most it costs."""
        self._hurried[who] = pause_s
        self._pause_s = min((PAUSE_S, *self._hurried.values()))

    def hurry_no_more(self, who: Hashable) -> None:
        """Deliver as often as the others want to hear."""
        self._hurried.pop(who, None)
        self._pause_s = min((PAUSE_S, *self._hurried.values()))

    async def wait_told(self) -> None:
        """Return when no change waits to be told."""
        while self._ports or self._states or self._progress:
            self._all_told.clear()
            await self._all_told.wait()

    # What the engine calls

    def port_changed(self, io: Any) -> None:
        """Note that a port has a new value or new options."""
        if io.noted is not self._untold:
            if not self._numbered or io not in self._numbered:
                self._ports.append(io)
            io.noted = self._untold
            if self._timer is None:
                self._ask()

    def state_changed(self, node: Any) -> None:
        """Note that a node does something else than before."""
        seat = node.cell
        if seat.noted is not self._untold:
            seat.noted = self._untold
            self._states.append(node)
            if self._timer is None or self._waits_for_values:
                self._ask()

    def progressed(self, node: Any, info: Mapping[str, Any]) -> None:
        """Note how far a run has come."""
        self._progress[node.uuid] = dict(info)
        loop = self._loop
        if loop is not None and (self._timer is None or self._waits_for_values):
            loop.call_soon_threadsafe(self._ask)

    def untold(self) -> tuple[list[Any], list[Any]]:
        """Return the ports and nodes whose change was not told yet."""
        return list(self._ports), list(self._states)

    def tell_states(self) -> None:
        """Deliver all states that were not told yet. For who waited until nothing runs, and looks then."""
        states = self._read_states(math.inf)
        if states:
            self._deliver(Batch(states=states, followed=self._followed()))

    def tell_settled(self, number: int) -> None:
        """Deliver that the graph is done with a taking back, and nothing else."""
        self._deliver(Batch(followed=self._followed(), settled=number))

    # What who reads a value asks

    def version(self, io: Any) -> int:
        """Return the number of a port's latest change: the same number means the same value."""
        if io.noted is self._untold:
            # It stays in its place among those that wait; from here on another change is another number.
            io.noted = _number()
            self._numbered.add(io)
        return io.noted if type(io.noted) is int else 0

    # Delivery

    def _ask(self) -> None:
        if self._loop is None:
            return
        when = self._next
        self._waits_for_values = not (self._states or self._progress)
        if self._waits_for_values:
            when = max(when, self._next_values)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(max(self._loop.time(), when), self._ring)

    def _ring(self) -> None:
        self._timer = None
        assert self._loop is not None
        begun = time.perf_counter()
        may_encode = self._loop.time() >= self._next_values
        self._spent_dear = 0.0
        # Of very many states and values, each gets half a slice.
        states = self._read_states(begun + SLICE_S / 2)
        spent_on_states = time.perf_counter() - begun
        batch = self._collect(states, begun + SLICE_S if may_encode else begun - 1)
        # The dear ones share a tenth of their own, so that they hold up nobody but each other.
        spent = time.perf_counter() - begun - self._spent_dear
        if batch is not None:
            self._deliver(batch)
        now = self._loop.time()
        self._next = now + max(self._pause_s, spent_on_states * (SHARE - 1))
        if may_encode:
            # The longer this slice was, the longer the graph has the thread for itself.
            self._next_values = now + max(self._pause_s, spent * (SHARE - 1))
        if self._ports or self._states or self._progress:
            self._ask()
        else:
            self._all_told.set()

    def _collect(self, states: dict[NodeId, NodeState], until: float) -> Batch | None:
        progress, self._progress = self._progress, {}
        values, seen = self._encode(until)
        changes = self._changes_of(seen)
        if not (states or progress or values or changes.ports or changes.own_values):
            return None
        return Batch(values, states, progress, changes.ports, changes.own_values, self._followed())

    def _read_states(self, until: float) -> dict[NodeId, NodeState]:
        """Return the states that changed; of very many, as many as there is time for."""
        states: dict[NodeId, NodeState] = {}
        while self._states:
            node = self._states.popleft()
            node.cell.noted = None
            states[node.uuid] = self._state_of(node)
            if time.perf_counter() > until:
                break
        return states

    def _encode(self, until: float) -> tuple[dict[tuple[NodeId, PortId], Preview | None], list[Any]]:
        values: dict[tuple[NodeId, PortId], Preview | None] = {}
        seen: list[Any] = []
        later: list[Any] = []
        while (now := time.perf_counter()) <= until and self._ports:
            io = self._ports.popleft()
            if now < self._next_dear and self._is_dear(io):
                later.append(io)
                continue
            if io.noted is self._untold:
                io.noted = _number()
            # Also when it changed again after it was asked: left in, its next change would count as waiting.
            self._numbered.discard(io)
            node = io.node
            if node is None:
                continue
            values[node.uuid, key_of(node, io)] = self._preview(io, now)
            seen.append(io)
        self._ports.extend(later)
        return values, seen

    def _preview(self, io: PortLike, now: float) -> Preview | None:
        value = io.value
        if self._too_slow and self._too_slow.get(io) is type(value):
            return Preview("text/plain", b"", cut=True, type=type(value).__name__, too_slow=True)
        preview = preview_of(value)
        ended = time.perf_counter()
        cost = ended - now
        if cost > TOO_SLOW_S:
            self._too_slow[io] = type(value)
        if cost > SLICE_S:
            self._spent_dear += cost
            self._next_dear = ended + cost * (SHARE - 1)
            self._dear[type(value)] = self._dear[io] = True
        elif self._dear:
            self._dear[io] = False
        return preview

    def _is_dear(self, io: PortLike) -> bool:
        known = self._dear.get(io)
        # A port that was not encoded yet is judged by values of the same kind.
        return self._dear.get(type(io.value), False) if known is None else known


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
