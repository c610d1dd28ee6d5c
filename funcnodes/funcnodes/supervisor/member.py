"""One worker as its supervisor holds it: home, settings, life, and the connection it keeps.

Owns the facts that are known about it now. Decides nothing (`fleet/life`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import msgspec
from funcnodes_worker.home.worker_config import WorkerConfig
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.wire.control import Hello, ToUi, ToWorker
from funcnodes_worker.wire.fleet import RunningNode, WorkerStatus

from funcnodes.fleet.events import NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.restart_policy import Policy


class Link(Protocol):
    """One connection on `/control`, as the supervisor sees it. Made by the manager's socket."""

    def send(self, message: ToWorker | ToUi) -> None:
        """Queue a message. Called by `carry_out` and `supervisor`, never waits."""
        ...

    def close(self) -> None:
        """End the connection once what is queued was sent."""
        ...


class Dialled(msgspec.Struct):
    """A process that has said hello: by which connection, and where it listens."""

    link: Link
    hello: Hello


class Member(msgspec.Struct):
    """A worker of the fleet."""

    home: WorkerHome
    config: WorkerConfig
    life: Life
    dialled: dict[ProcessId, Dialled] = {}
    """Processes whose hello has not been judged yet."""
    link: Link | None = None
    host: str | None = None
    port: int | None = None
    tls: bool = False
    """Whether its server speaks TLS. These three are what it said in its last hello."""
    python: Path | None = None
    """The interpreter of the last launch."""
    memory: int | None = None
    """Bytes in use when last seen."""
    loads: dict[str, asyncio.Future[dict[str, str]]] = {}
    """Loads of modules that the worker was asked for and has not reported on."""
    went_back: str | None = None
    """Why the environment before the last change was brought back, since the last installation began."""

    @property
    def policy(self) -> Policy:
        """What its settings say about starting by itself."""
        return Policy(self.config.autostart)

    def status(self) -> WorkerStatus:
        """Return what is shown to everybody."""
        life, config = self.life.status, self.config
        run = life.running_node
        process = self.life.process
        return WorkerStatus(
            uuid=self.home.uuid,
            name=config.name,
            phase=life.phase.value,
            reason=life.reason,
            host=self.host or config.host,
            port=self.port or config.port,
            tls=self.tls if self.port else config.ssl,
            pid=None if process is None else process.pid,
            autostart=config.autostart,
            env_path=config.env_path,
            package_dependencies={
                key: {"package": wish.package, "version": wish.version}
                for key, wish in config.package_dependencies.items()
            },
            running_node=None if run is None else RunningNode(run.node, run.since, run.name),
            deaf=life.is_deaf,
            held=list(life.held),
            safe=life.is_safe,
        )


def run_and_age(run: NodeRun | None, now: float) -> tuple[NodeRun | None, float]:
    """Return a run and for how long it has gone on, by the clock on the wall that the worker wrote down."""
    return run, 0.0 if run is None else max(0.0, now - run.since)
