"""What can be said about a node's runs: plain frozen records and the protocols of those who are told.

Owns `RunState`, `RunError` and `RunFigures` (what others read), `Sink` and `MarkerLike` (who is told, when).
"""

from __future__ import annotations

import traceback
from asyncio import CancelledError
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, Protocol

__all__ = [
    "ASKED_BY_CODE",
    "ASKED_BY_USER",
    "MADE_READY",
    "OPENED",
    "RUNNING_NODE",
    "MarkerLike",
    "RunError",
    "RunFigures",
    "RunState",
    "Sink",
    "Status",
    "error_of",
    "text_of",
]

RUNNING_NODE: ContextVar[str | None] = ContextVar("funcnodes_running_node", default=None)
"""The node whose lasting run this context belongs to, in a thread too. Read by the worker's log."""

ASKED_BY_CODE = "asked by code"
ASKED_BY_USER = "asked by user"
MADE_READY = "made with all it needs"
OPENED = "the graph was opened"

Status = Literal["idle", "marked", "running", "failed", "blocked"]


class RunError(NamedTuple):
    """Why a run failed: the sentence, the traceback as lines, and the name of the exception's class."""

    message: str
    traceback: list[str]
    kind: str
    inputs: dict[str, str]
    """What the inputs held, as short texts."""


class RunState(NamedTuple):
    """How a node stands at this moment. `blocked` means that an ancestor failed, which `blocked_by` names."""

    status: Status
    error: RunError | None = None
    run: int = 0
    blocked_by: str | None = None
    notice: str | None = None
    """What users should know of how the latest run was done, though it was no error."""


class RunFigures(NamedTuple):
    """What the runs of a node have cost so far, and why it ran last."""

    runs: int = 0
    """How many runs have ended, well or not; one whose inputs had lost their values was none."""
    last_s: float = 0.0
    """How many seconds the latest of them took: from the call of the function until it ended."""
    total_s: float = 0.0
    """How many seconds all of them took."""
    queue_s: float = 0.0
    """How many seconds the latest run waited for its turn: from its mark until its function was called."""
    reason: str = ""
    """Why the latest run came: "input `b` changed", "asked by user", "asked by code", …; "" before any."""


class Sink(Protocol):
    """Who wants to know what runs change.

    Called in the graph's thread for every change: it only notes and returns.

    A run of a plain function that is over at once is told once, when it has ended; while it lasts, the
    marker knows.
    """

    def port_changed(self, io: Any, /) -> object:
        """Be told that a port holds another value. Called by ports."""

    def state_changed(self, node: Any, /) -> object:
        """Be told that a run began, ended or failed; `node.run_state` says more. Called by the runner."""

    def progressed(self, node: Any, info: dict[str, Any], /) -> object:
        """Be told how far a run is. Called by `node.progress`."""


class MarkerLike(Protocol):
    """Where is written who runs now, so that it can be read when this process cannot answer any more."""

    def begin(self, node_id: str, /) -> object:
        """Note that this node's function is called now. Called by the runner."""

    def end(self) -> object:
        """Note that no node's function runs. Called by the runner."""


def error_of(exception: BaseException, inputs: dict[str, Any]) -> RunError:
    """Return an exception as plain data."""
    return RunError(
        message=_sentence_of(exception),
        traceback=traceback.format_exception(exception),
        kind=type(exception).__name__,
        inputs={name: _short(value) for name, value in inputs.items()},
    )


def _sentence_of(exception: BaseException) -> str:
    """Return what is said of a run that ended so: an end that was asked for has no words of its own."""
    text = text_of(exception)
    if isinstance(exception, KeyboardInterrupt | CancelledError):
        done = "interrupted" if isinstance(exception, KeyboardInterrupt) else "cancelled"
        said = text or f"the run was {done}"
        return f"{said}. Its outputs keep what they have; change an input or run the node to try again"
    if isinstance(exception, SystemExit):
        return f"asked the whole program to end (exit code {text or 0}), which a node cannot"
    return text or f"raised {type(exception).__name__} without saying why"


def text_of(exception: BaseException) -> str:
    """Return what an exception says; its class's own code may break on saying it."""
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - an error that cannot be shown is an error all the same
        return f"<{type(exception).__name__} that cannot be shown>"


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a value that cannot be shown must not hide the error it took part in
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 200 else text[:200] + "…"
