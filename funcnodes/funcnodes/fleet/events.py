"""What happens to a worker, told to its `Life`: frozen, past tense, each with the time it was seen.

Owns the records. `at` is a clock that only goes forward, in seconds; `number` names a wish that wants its
answer.
"""

from __future__ import annotations

import msgspec

from funcnodes.fleet.restart_policy import Policy


class ProcessId(msgspec.Struct, frozen=True):
    """One process for good: a pid is used again, together with the start it is not."""

    pid: int
    started: float


class ExitStatus(msgspec.Struct, frozen=True):
    """How a process ended. Neither is known of a process that was not launched by this supervisor."""

    code: int | None = None
    signal: int | None = None


class NodeRun(msgspec.Struct, frozen=True):
    """A node that runs, and since when (seconds since the epoch)."""

    node: str
    since: float
    name: str = ""
    """What people call it; empty when that is not known."""

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return self.name or self.node


class Bounds(msgspec.Struct, frozen=True):
    """Bytes of memory a worker may use; None means as much as there is."""

    soft: int | None = None
    """Above it what runs is interrupted."""
    hard: int | None = None
    """Above it the process is ended."""


class Evidence(msgspec.Struct, frozen=True):
    """What was seen around the end of a process."""

    run: NodeRun | None = None
    age: float = 0.0
    """For how long that node had run."""
    memory: int | None = None
    """Bytes in use when last seen, a second or less before the end."""
    last_words: tuple[str, ...] = ()
    crashed_in: str = ""
    """The line of Python that ran when native code crashed the process."""
    kernel: str = ""
    """What the kernel's own counts said about it."""
    killed_for: str = ""
    """Why the supervisor itself ended it, if it did."""


class StartWished(msgspec.Struct, frozen=True):
    """Somebody wants the worker to run. `is_safe`: nothing shall run in it."""

    number: int
    at: float
    needs_environment: bool = False
    is_safe: bool = False


class StopWished(msgspec.Struct, frozen=True):
    """Somebody wants the worker not to run. This always wins over restarts.

    `manager_ends`: nobody said this of the worker; it is to run again with the next manager if it may.
    """

    number: int
    at: float
    manager_ends: bool = False


class RestartWished(msgspec.Struct, frozen=True):
    """Somebody wants the worker to end and run again. `by_force`: without asking it first."""

    number: int
    at: float
    needs_environment: bool = False
    by_force: bool = False
    is_safe: bool = False


class DeleteWished(msgspec.Struct, frozen=True):
    """Somebody wants the worker gone, folder and all."""

    number: int
    at: float


class ProvisionWished(msgspec.Struct, frozen=True):
    """Somebody wants the worker's environment built, and nothing started."""

    number: int
    at: float


class Provisioned(msgspec.Struct, frozen=True):
    """The environment stands."""

    at: float


class ProvisionFailed(msgspec.Struct, frozen=True):
    """The environment could not be built."""

    reason: str
    at: float


class Launched(msgspec.Struct, frozen=True):
    """The process is there."""

    process: ProcessId
    at: float


class LaunchFailed(msgspec.Struct, frozen=True):
    """There is no process: the system refused."""

    reason: str
    at: float


class FoundAlive(msgspec.Struct, frozen=True):
    """A process that an earlier supervisor launched still lives; it has not dialled yet."""

    process: ProcessId
    at: float


class FoundDead(msgspec.Struct, frozen=True):
    """A process that an earlier supervisor launched has ended meanwhile, and not in good order."""

    at: float
    evidence: Evidence = Evidence()
    policy: Policy = Policy.ON_FAILURE


class HelloReceived(msgspec.Struct, frozen=True):
    """The worker's process has dialled and said who it is."""

    process: ProcessId
    at: float


class ConnectionLost(msgspec.Struct, frozen=True):
    """The worker's connection is gone; its process need not be."""

    process: ProcessId
    at: float


class StoppingSaid(msgspec.Struct, frozen=True):
    """The worker said that it stops by itself, in good order."""

    process: ProcessId
    at: float


class ProcessExited(msgspec.Struct, frozen=True):
    """A process ended. `jitter` is a random number from 0 to 1: the machine draws none itself."""

    process: ProcessId
    status: ExitStatus
    at: float
    jitter: float = 0.5
    evidence: Evidence = Evidence()
    policy: Policy = Policy.ON_FAILURE
    """What the worker's settings say by now."""
    went_back: bool = False
    """It was the first start from a changed environment; the one before has been brought back."""


class Looked(msgspec.Struct, frozen=True):
    """The process was looked at: this node runs, for `age` seconds by now, or none does; so much is used."""

    run: NodeRun | None
    at: float
    age: float = 0.0
    memory: int | None = None
    """Bytes in use."""
    bounds: Bounds = Bounds()
    """What its settings allow."""


class PongReceived(msgspec.Struct, frozen=True):
    """The worker's server thread answered a ping."""

    at: float


class NodeLetGo(msgspec.Struct, frozen=True):
    """A person changed a node that was held, or wants it run."""

    node: str
    at: float


class Woken(msgspec.Struct, frozen=True):
    """A time that was asked for by `WakeAt` has come."""

    alarm: int
    at: float


class Removed(msgspec.Struct, frozen=True):
    """The worker's folder and settings are gone, or `problem` says why not."""

    problem: str | None
    at: float


Event = (
    StartWished
    | StopWished
    | RestartWished
    | DeleteWished
    | ProvisionWished
    | Provisioned
    | ProvisionFailed
    | Launched
    | LaunchFailed
    | FoundAlive
    | FoundDead
    | HelloReceived
    | ConnectionLost
    | StoppingSaid
    | ProcessExited
    | Looked
    | PongReceived
    | NodeLetGo
    | Woken
    | Removed
)
