"""What a worker's `Life` wants done: frozen, imperative; `supervisor/carry_out` does it and decides nothing.

Owns the records and the status that everybody is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from funcnodes.fleet.events import NodeRun, ProcessId
from funcnodes.fleet.phases import Phase


@dataclass(frozen=True)
class LifeStatus:
    """What a worker's life looks like from outside."""

    phase: Phase
    reason: str = ""
    """Why it is there: the cause of a crash, what is waited for. Empty when there is nothing to say."""
    running_node: NodeRun | None = None
    """A node that has run for more than a second."""
    is_deaf: bool = False
    held: tuple[str, ...] = ()
    """Nodes that are kept from running, since their runs ended the process twice."""
    is_safe: bool = False
    """It was started without running anything."""


@dataclass(frozen=True)
class Provision:
    """Build the environment. Answered by `Provisioned` or `ProvisionFailed`."""


@dataclass(frozen=True)
class Launch:
    """Make the process. Answered by `Launched` or `LaunchFailed`, later by `ProcessExited`."""


@dataclass(frozen=True)
class Watch:
    """Tell the end of a process that we did not launch. Answered by `ProcessExited`."""

    process: ProcessId


@dataclass(frozen=True)
class Welcome:
    """Accept the hello of this process, and tell it what not to run."""

    process: ProcessId
    held: Mapping[str, str] = field(default_factory=dict[str, str])
    """Nodes that are kept from running, each with the reason."""
    is_safe: bool = False
    """Nothing is to run."""


@dataclass(frozen=True)
class Refuse:
    """Do not accept the hello of this process."""

    process: ProcessId
    reason: Literal["unknown_worker", "stopped"]
    message: str


@dataclass(frozen=True)
class AskToStop:
    """Ask the worker over its connection to save and end: the first rung."""


@dataclass(frozen=True)
class Terminate:
    """Ask the process group to end: the second rung."""

    process: ProcessId


@dataclass(frozen=True)
class Kill:
    """End the process group: the last rung."""

    process: ProcessId


@dataclass(frozen=True)
class Interrupt:
    """Have the worker end what runs in its graph; the graph and the process go on."""

    node: str | None = None


@dataclass(frozen=True)
class Ping:
    """Ask the worker's server thread for a sign of life. Answered by `PongReceived`, or not at all."""


@dataclass(frozen=True)
class WakeAt:
    """Send `Woken` with this number at this time. Old ones need not be called off: they are recognised."""

    time: float
    alarm: int


@dataclass(frozen=True)
class Remove:
    """Remove the worker's folder and settings. Answered by `Removed`."""


@dataclass(frozen=True)
class Answer:
    """Answer a wish: `error` is None when it came true."""

    number: int
    error: str | None = None


@dataclass(frozen=True)
class Note:
    """Write down how a process ended, and what followed."""

    sentence: str
    followed: str
    node: str | None = None
    """The node that ran."""


@dataclass(frozen=True)
class NoteLetGo:
    """Write down that a node may run again."""

    node: str


@dataclass(frozen=True)
class RememberStop:
    """Remember beyond this manager that the last word was stop, or that it no longer is."""

    was_stopped: bool


@dataclass(frozen=True)
class ForgetRun:
    """Nobody expects a process of this worker any more: the next manager need not look for one."""


@dataclass(frozen=True)
class Publish:
    """Show everybody the new status."""

    status: LifeStatus


Command = (
    Provision
    | Launch
    | Watch
    | Welcome
    | Refuse
    | AskToStop
    | Terminate
    | Kill
    | Interrupt
    | Ping
    | WakeAt
    | Remove
    | Answer
    | Note
    | NoteLetGo
    | RememberStop
    | ForgetRun
    | Publish
)
