"""The seam to wherever workers run.

Owns what a launch needs and what is known about a process. `local` is this machine; another `Launcher` may be
another host. Decides nothing: phases, ladders and restarts are `fleet`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from funcnodes_worker.home.limits import Limits

from funcnodes.fleet.events import ExitStatus, ProcessId


class LaunchProblem(Exception):
    """Raised when the system does not make the process."""

    def __init__(self, program: str, problem: str) -> None:
        super().__init__()
        self.program, self.problem = program, problem

    def __str__(self) -> str:
        return f"the worker's program {self.program} could not be started: {self.problem}"


class LaunchSpec(msgspec.Struct, frozen=True):
    """One process to make: its command line, where it stands, where its last words go."""

    command: Sequence[str]
    folder: Path
    output: Path
    """A file for stdout and stderr; written anew by each launch."""
    environment: Mapping[str, str] = {}
    """The whole process environment."""
    name: str = ""
    """What the process is called where the system lists groups of processes."""
    limits: Limits = Limits()
    """What the process may use."""


class Launcher(Protocol):
    """Makes, watches and ends processes, named by `ProcessId`: a pid used again is another process."""

    def launch(self, spec: LaunchSpec) -> ProcessId:
        """Return the new process, or raise `LaunchProblem`. Called by `carry_out` for every Launch, once."""
        ...

    async def wait(self, process: ProcessId) -> ExitStatus:
        """Return when the process has ended. Called by `carry_out` for every Launch and Watch, once."""
        ...

    def identify(self, pid: int) -> ProcessId | None:
        """Return the living process with this pid. Called for each hello."""
        ...

    def find(self, words: Sequence[str]) -> ProcessId | None:
        """Return the living process whose command line holds these words. Called where a launch broke off."""
        ...

    def is_alive(self, process: ProcessId) -> bool:
        """Tell whether this very process still lives. Called at the start of a supervisor."""
        ...

    def terminate(self, process: ProcessId) -> None:
        """Ask the process and its children to end. Called by `carry_out` for Terminate."""
        ...

    def kill(self, process: ProcessId) -> None:
        """End the process and its children. Called by `carry_out` for Kill, and to clear up after an exit."""
        ...

    def limit(self, process: ProcessId, name: str, limits: Limits) -> None:
        """Hold a process that runs to these limits from now on. Called when its worker's settings change."""
        ...

    def memory_of(self, process: ProcessId) -> int | None:
        """Return the bytes the process uses. Called with each look at the marker."""
        ...

    def look(self) -> None:
        """Read what the kernel counts. Called once with each round of looks."""
        ...

    def kernel_evidence(self, process: ProcessId) -> str:
        """Return what the kernel's counts said when this process ended. Called once, after `wait`."""
        ...

    def leave(self) -> None:
        """Let go of all processes without ending them. Called once, when the supervisor ends."""
        ...
