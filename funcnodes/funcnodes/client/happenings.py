"""What a worker tells while one is connected, as records; `worker.events()` yields them in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from funcnodes_core.document.edits import Edit


@dataclass(frozen=True)
class NodeState:
    """What a node is doing."""

    status: str = "idle"
    """`idle`, `marked`, `running`, `failed` or `blocked`."""
    run: int = 0
    error: str | None = None
    """Why it failed, in the words of the node."""
    traceback: tuple[str, ...] = ()
    progress: dict[str, Any] | None = None


@dataclass(frozen=True)
class Preview:
    """A value as it is shown: whole when it is small."""

    mime: str
    value: Any
    """The JSON value or text; bytes for other mimes."""
    cut: bool = False
    """Whether there is more of it."""
    type: str = ""
    summary: str = ""
    """What a word says of it: "1,000 items" of what was cut, "nan" where JSON has no word for a number."""


@dataclass(frozen=True)
class Edited:
    """Somebody changed the graph."""

    revision: int
    author: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Changed:
    """Something ran: what is newest of the nodes that changed. What came between may be left out."""

    states: dict[str, NodeState] = field(default_factory=dict[str, NodeState])
    values: dict[tuple[str, str], Preview | None] = field(
        default_factory=dict[tuple[str, str], Preview | None]
    )
    """By node and port; None where a port has no value any more."""


@dataclass(frozen=True)
class Progress:
    """How far an installation has come; an empty message means: back to normal."""

    message: str
    fraction: float
    status: str = "info"
    blocking: bool = False


@dataclass(frozen=True)
class Resynced:
    """The whole graph was read anew: what happened meanwhile is not told step by step."""

    revision: int


@dataclass(frozen=True)
class Connection:
    """The connection was lost, or is there again."""

    is_up: bool
    reason: str = ""


@dataclass(frozen=True)
class Told:
    """Any other news of the worker: `stopping`, `library`, lines of its log."""

    event: str
    data: dict[str, Any]


Event: TypeAlias = Edited | Changed | Progress | Resynced | Connection | Told
