"""Why an environment could not be changed.

`BadRequest` is the caller's mistake, everything else the world's failure. Each sentence names the cause we
saw, says what is safe and ends with the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

UNCHANGED = "The worker's environment is as it was."


class EnvironmentProblem(Exception):
    """An environment could not be made, changed or used."""


class BadRequest(EnvironmentProblem):
    """Raised for a package name or version that cannot be one."""

    def __init__(self, given: str, problem: str) -> None:
        super().__init__()
        self.given, self.problem = given, problem

    def __str__(self) -> str:
        return f"{self.given[:100]!r} {self.problem}"


class NotInstalled(BadRequest):
    """Raised when a package is to be removed that the worker does not ask for."""

    def __init__(self, package: str) -> None:
        super().__init__(package, "is not among the packages this worker asks for")


class PythonNotFound(EnvironmentProblem):
    """Raised when a worker is to run with a Python that is not on this machine."""

    def __init__(self, version: str, found: Sequence[str]) -> None:
        super().__init__()
        self.version, self.found = version, tuple(found)

    def __str__(self) -> str:
        return (
            f"there is no Python {self.version} on this machine; there is {', '.join(self.found)}. "
            "Choose one of these, or install it first: FuncNodes downloads none"
        )


class NoEnvironment(EnvironmentProblem):
    """Raised when a worker has no usable environment of its own (yet)."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"there is no environment in {self.folder} yet; start the worker, or create it anew, to build it"
        )


class SharedEnvironment(EnvironmentProblem):
    """Raised for a change of a worker that runs with the manager's own interpreter."""

    def __init__(self, change: str, python: str) -> None:
        """`change` is what is to be done, like "install numpy"."""
        super().__init__()
        self.change, self.python = change, python

    def __str__(self) -> str:
        return (
            f"this worker has no environment of its own; it uses the manager's ({self.python}), "
            "which is not changed from here. Make a worker with a virtual environment, or "
            f"{self.change} there yourself"
        )


class ProvisionFailed(EnvironmentProblem):
    """The world refused: resolving, downloading, building or loading did not work."""


class PackageNotFound(ProvisionFailed):
    """Raised when the registry has no such package, or not in the wanted version."""

    def __init__(self, wanted: str, explanation: str) -> None:
        super().__init__()
        self.wanted, self.explanation = wanted, explanation

    def __str__(self) -> str:
        return (
            f"{self.wanted} cannot be installed: {self.explanation} {UNCHANGED} "
            "Check the name and the version, and whether the package supports this Python"
        )


class Conflict(ProvisionFailed):
    """Raised when no set of versions satisfies everything the worker asks for."""

    def __init__(self, wanted: str, explanation: str, plainly: str | None = None) -> None:
        super().__init__()
        self.wanted, self.explanation = wanted, explanation
        self.plainly = plainly
        """Which two needs exclude each other, where the explanation told that much."""

    def __str__(self) -> str:
        head = f"{self.wanted} does not fit together with what this worker has: "
        if self.plainly is not None:
            return f"{head}{self.plainly}. {UNCHANGED}"
        return (
            f"{head}{self.explanation} {UNCHANGED} "
            "Ask for another version, remove the other package, or use a second worker"
        )


class NoNetwork(ProvisionFailed):
    """Raised when the package registry could not be reached."""

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.detail = detail

    def __str__(self) -> str:
        return (
            f"the package registry could not be reached ({self.detail}). {UNCHANGED} "
            "Check the network connection and the index settings of uv or pip, then try again"
        )


class NotCached(NoNetwork):
    """Raised when the registry could not be reached and the cache of this machine lacks packages."""

    def __init__(
        self, packages: Sequence[str], detail: str, missing: Sequence[str] = (), *, is_of_flow: bool = True
    ) -> None:
        super().__init__(detail)
        self.packages, self.missing, self.is_of_flow = tuple(packages), tuple(missing), is_of_flow

    def __str__(self) -> str:
        lacking = f"lacks {_listed(self.packages)}" if self.packages else "lacks something it needs"
        besides = "".join(f"; {sentence}" for sentence in self.missing)
        return (
            f"the package registry could not be reached ({self.detail}), and the cache of this machine "
            f"{lacking}{besides}. {UNCHANGED} Try again with a network connection"
            f"{f'; {_WITHOUT}' if self.is_of_flow else ''}"
        )


class NotAsMade(ProvisionFailed):
    """Raised when a flow's environment cannot be had here exactly as it was made."""

    def __init__(self, missing: Sequence[str], *, is_nearest_possible: bool = True) -> None:
        super().__init__()
        self.missing, self.is_nearest_possible = tuple(missing), is_nearest_possible

    def __str__(self) -> str:
        told = "; ".join(sentence.rstrip(". ") for sentence in self.missing)
        nearest = "Choose: `--versions nearest` builds it with the nearest versions; "
        return (
            f"the environment this flow was made with cannot be built here exactly: {told}. "
            f"Nothing was installed. {nearest if self.is_nearest_possible else ''}{_WITHOUT}"
        )


_WITHOUT = (
    "`--versions none` opens the flow without it, the nodes it lacks as placeholders "
    "(`worker repair NAME`, `worker open`, `run` and `standalone` take this option)"
)
_SHOWN = 20


def _listed(things: Sequence[str]) -> str:
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return ", ".join(things[:_SHOWN]) + more


class InstallerFailed(ProvisionFailed):
    """Raised when the installer ended with an error that is none of the known kinds."""

    def __init__(self, wanted: str, detail: str) -> None:
        super().__init__()
        self.wanted, self.detail = wanted, detail

    def __str__(self) -> str:
        return (
            f"installing {self.wanted} failed: {self.detail} {UNCHANGED} Read the cause above, then try again"
        )


class DoesNotLoad(ProvisionFailed):
    """Raised when a module was installed in a trial but cannot be imported by a worker."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.problems = tuple(problems)

    def __str__(self) -> str:
        told = "; ".join(f"{package}: {problem}" for package, problem in self.problems)
        return (
            f"installed for a trial, it cannot be loaded ({told}). {UNCHANGED} "
            "Try another version of the module, or tell its authors"
        )


class OriginUnknown(ProvisionFailed):
    """Raised when one of our own packages is not installed here, so it cannot be handed to a worker."""

    def __init__(self, distribution: str, problem: str) -> None:
        super().__init__()
        self.distribution, self.problem = distribution, problem

    def __str__(self) -> str:
        return (
            f"{self.distribution} cannot be handed to workers: {self.problem}. {UNCHANGED} "
            "Install FuncNodes again with pip or uv, then start the manager again"
        )
