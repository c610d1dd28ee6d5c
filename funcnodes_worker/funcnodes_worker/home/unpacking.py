"""What the program that unpacks a flow is asked, and what it tells.

Owns the records. The program is `process/unpack`; the command line and the manager ask it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from funcnodes_worker.home.worker_config import PackageWish


class PortGiven(msgspec.Struct, frozen=True):
    """A port as a person names it."""

    node: str
    """Its node's id or, where only one is called so, its name or that of its class."""
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


class UnpackWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, as JSON on stdin."""

    file: str
    base: str
    uuid: str
    """The worker whose folder is to be made; with `target` one that may exist."""
    target: str | None = None
    """A file to write the changed flow to, in place of a folder."""
    values: list[tuple[PortGiven, Any]] = []
    """Inputs and what they are to hold."""
    outputs: list[PortGiven] = []
    """Ports that will be read: they must exist."""


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, as JSON on stdout."""

    digest: str
    """SHA-256 of the `nodespace.json` that was written."""
    name: str | None
    packages: list[PackageWish]
    refused: list[str]
    """Packages the file may not ask for, as sentences."""
    lock: str | None
    """The versions it was made with, as they are kept in the worker's folder; None when it names none."""
    nodes: int
    outputs: list[PortGiven]
    """Those asked for, by the ids of their nodes."""
    keeps_settings: bool
    """Whether it holds settings of external workers: these leave a worker only by the word of their class."""


class UnpackProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why it was refused, as JSON on stdout; nothing was made."""

    problem: str
    is_about_ports: bool = False
    """Whether a node or port that was named is not in the flow, or cannot be set."""
