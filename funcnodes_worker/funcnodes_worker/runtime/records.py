"""What goes from the graph's thread to the server's: plain data, frozen, nothing living in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from funcnodes_core.document.model import JsonValue, NodeId, PortId, PortRecord
from funcnodes_core.engine.states import RunFigures
from msgspec import Struct, UnsetType

_NO_RUNS = RunFigures()
Status: TypeAlias = Literal["idle", "marked", "running", "failed", "blocked"]


class Preview(Struct, frozen=True):
    """A value as it is shown: bounded, encoded once, for all clients."""

    mime: str
    data: bytes
    cut: bool
    type: str
    """Name of the Python type."""
    too_slow: bool = False
    """Its encoder took so long that the value is shown on request only; `data` is empty."""
    summary: str = ""
    """What `data` leaves out: how much there is of a value that was cut; a number JSON has no word for."""


class RunFailure(Struct, frozen=True):
    """Why the last run of a node ended badly."""

    message: str
    traceback: tuple[str, ...]
    kind: str


class NodeState(Struct, frozen=True):
    """What a node is doing."""

    status: Status = "idle"
    run: int = 0
    error: RunFailure | None = None
    ready: bool = False
    """Whether all it needs to run is there."""
    blocked_by: NodeId | None = None
    """The failed node that it waits for."""
    notice: str | None = None
    """What users should know of how the latest run was done, though it was no error."""
    figures: RunFigures = _NO_RUNS
    """What its runs have cost, and why it ran last."""
    kept: bool = False
    """Whether its outputs were kept from before the worker started, and it has not run since."""


class Noted(Struct, frozen=True):
    """Nodes of which an observation has noted something in the document."""

    ports: Sequence[NodeId] = ()
    """Those whose ports, or what is known of them, changed."""
    values: Sequence[NodeId] = ()
    """Those whose code has set an input itself."""
    surroundings: bool = False
    """Whether what stands around the graph changed: external workers that were made, named or ended."""


class Batch(Struct, frozen=True):
    """What changed in the graph since the last batch; newest only."""

    values: Mapping[tuple[NodeId, PortId], Preview | None] = {}
    states: Mapping[NodeId, NodeState] = {}
    progress: Mapping[NodeId, Mapping[str, Any]] = {}
    ports: Mapping[NodeId, tuple[PortRecord, ...]] = {}
    """All ports of nodes whose ports or options changed by their own code."""
    own_values: Mapping[tuple[NodeId, PortId], JsonValue | UnsetType] = {}
    """Inputs that node code set itself, where the value is JSON; UNSET where it took the value away."""
    followed: int = 0
    """The revision the living graph had reached."""
    settled: int = 0
    """The number of the taking back (`ahead`) that the graph is done with, at its end."""

    def __bool__(self) -> bool:
        return bool(self.values or self.states or self.progress or self.ports or self.own_values)
