"""Every step of what runs, in order: for who asked for a stream that leaves nothing out (`rate: 0`).

Stands in the feed's place at the engine while anybody listens, and hands on to it; otherwise it is not there
and costs nothing. Values are encoded at the moment they are set. Belongs to the graph's thread, but for
`progressed`, which any thread may call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from funcnodes_core.document.model import NodeId, PortId

from funcnodes_worker.runtime.feed import Feed, preview_of
from funcnodes_worker.runtime.observe import key_of
from funcnodes_worker.runtime.records import NodeState, Preview

PAUSE_S = 1 / 60
MAX_HELD = 500
"""Steps that wait to be handed on in one go."""


class ValueStep(msgspec.Struct, frozen=True):
    """A port got a value, or lost it."""

    node: NodeId
    port: PortId
    value: Preview | None


class StateStep(msgspec.Struct, frozen=True):
    """A run of a node began, ended or failed."""

    node: NodeId
    state: NodeState


class ProgressStep(msgspec.Struct, frozen=True):
    """A run got further."""

    node: NodeId
    info: Mapping[str, Any]


Step: TypeAlias = ValueStep | StateStep | ProgressStep
Deliver: TypeAlias = Callable[[Sequence[Step]], None]


class StepSink:
    """The engine's sink while somebody wants every step."""

    def __init__(self, feed: Feed, state_of: Callable[[Any], NodeState]) -> None:
        self._feed, self._state_of = feed, state_of
        self._listeners: dict[Hashable, Deliver] = {}
        self._held: list[Step] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def listen(self, who: Hashable, deliver: Deliver) -> None:
        """Hand on every step from now on, after what the feed has not told yet, as it is now.

        `deliver` is called once at least, so that who listens knows where its steps begin.
        """
        self._flush()
        ports, nodes = self._feed.untold()
        self._listeners[who] = deliver
        values = [step for io in ports if (step := _value(io)) is not None]
        deliver([*values, *(StateStep(node.uuid, self._state_of(node)) for node in nodes)])

    def leave(self, who: Hashable) -> None:
        """Hand nothing on to this one any more."""
        self._listeners.pop(who, None)

    # What the engine calls

    def port_changed(self, io: Any) -> None:
        """Note that a port has a new value."""
        self._feed.port_changed(io)
        step = _value(io)
        if step is not None:
            self._hold(step)

    def state_changed(self, node: Any) -> None:
        """Note that a node does something else than before."""
        self._feed.state_changed(node)
        self._hold(StateStep(node.uuid, self._state_of(node)))

    def progressed(self, node: Any, info: Mapping[str, Any]) -> None:
        """Note how far a run has come."""
        self._feed.progressed(node, info)
        step = ProgressStep(node.uuid, dict(info))
        self._loop.call_soon_threadsafe(lambda: self._hold(step))

    # What who reads a value asks

    def version(self, io: Any) -> int:
        """Return the number of a port's latest change, as the feed does."""
        return self._feed.version(io)

    def _hold(self, step: Step) -> None:
        self._held.append(step)
        if len(self._held) >= MAX_HELD:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(PAUSE_S, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._held:
            return
        held, self._held = self._held, []
        for deliver in self._listeners.values():
            deliver(held)


def _value(io: Any) -> ValueStep | None:
    node = io.node
    return None if node is None else ValueStep(node.uuid, key_of(node, io), preview_of(io.value))
