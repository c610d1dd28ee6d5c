"""What a worker's `Life` wants done: frozen, imperative; `supervisor/carry_out` does it and decides nothing.

Owns the records and the status that everybody is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from funcnodes.fleet.events import NodeRun, ProcessId
from funcnodes.fleet.phases import Phase


class LifeStatus(msgspec.Struct, frozen=True):
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


class Provision(msgspec.Struct, frozen=True):
    """Build the environment. Answered by `Provisioned` or `ProvisionFailed`."""


class Launch(msgspec.Struct, frozen=True):
    """Make the process. Answered by `Launched` or `LaunchFailed`, later by `ProcessExited`."""


class Watch(msgspec.Struct, frozen=True):
    """Tell the end of a process that we did not launch. Answered by `ProcessExited`."""

    process: ProcessId


class Welcome(msgspec.Struct, frozen=True):
    """Accept the hello of this process, and tell it what not to run."""

    process: ProcessId
    held: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """Nodes that are kept from running, each with the reason."""
    is_safe: bool = False
    """Nothing is to run."""


class Refuse(msgspec.Struct, frozen=True):
    """Do not accept the hello of this process."""

    process: ProcessId
    reason: Literal["unknown_worker", "stopped"]
    message: str


class AskToStop(msgspec.Struct, frozen=True):
    """Ask the worker over its connection to save and end: the first rung."""


class Terminate(msgspec.Struct, frozen=True):
    """Ask the process group to end: the second rung."""

    process: ProcessId


class Kill(msgspec.Struct, frozen=True):
    """End the process group: the last rung."""

    process: ProcessId


class Interrupt(msgspec.Struct, frozen=True):
    """Have the worker end what runs in its graph; the graph and the process go on."""

    node: str | None = None


class Ping(msgspec.Struct, frozen=True):
    """Ask the worker's server thread for a sign of life. Answered by `PongReceived`, or not at all."""


class WakeAt(msgspec.Struct, frozen=True):
    """Send `Woken` with this number at this time. Old ones need not be called off: they are recognised."""

    time: float
    alarm: int


class Remove(msgspec.Struct, frozen=True):
    """Remove the worker's folder and settings. Answered by `Removed`."""


class Answer(msgspec.Struct, frozen=True):
    """Answer a wish: `error` is None when it came true."""

    number: int
    error: str | None = None


class Note(msgspec.Struct, frozen=True):
    """Write down how a process ended, and what followed."""

    sentence: str
    followed: str
    node: str | None = None
    """The node that ran."""
    name: str = ""
    """What people call it."""


class NoteLetGo(msgspec.Struct, frozen=True):
    """Write down that a node may run again."""

    node: str


class RememberStop(msgspec.Struct, frozen=True):
    """Remember beyond this manager that the last word was stop, or that it no longer is."""

    was_stopped: bool


class ForgetRun(msgspec.Struct, frozen=True):
    """Nobody expects a process of this worker any more: the next manager need not look for one."""


class Publish(msgspec.Struct, frozen=True):
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
