"""One manager and one running worker for the tests of a module, and the command line in this process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from funcnodes.cli import main
from funcnodes.server.client import is_alive
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from tests.support.processes import kill_all_of, make_base, program_environment
from tests.support.running_system import funcnodes
from tests.support.shared_bytecode import share_bytecode


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed as its result."""
        return self.out.splitlines()


class CommandLine:
    """The command line in this process: an interpreter's start per line would be most of the time."""

    def __init__(self, base: Base, captured: pytest.CaptureFixture[str]) -> None:
        self.base, self._captured = base, captured

    def __call__(self, *arguments: str) -> Ended:
        """Return how a command ended."""
        self._captured.readouterr()
        code = main.run(["--dir", str(self.base.folder), *arguments])
        captured = self._captured.readouterr()
        assert "Traceback" not in captured.err
        return Ended(code, captured.out, captured.err)

    def good(self, *arguments: str) -> str:
        """Return what a command printed that must end well."""
        ended = self(*arguments)
        assert ended.code == 0, ended.err
        return ended.out

    def json(self, *arguments: str) -> Any:
        """Return what was printed as JSON."""
        return json.loads(self.good(*arguments, "--json"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A base folder without a manager."""
    base = Base(make_base(share_bytecode(tmp_path_factory.mktemp("alone") / "base", tmp_path_factory)))
    yield base
    kill_all_of(base.folder)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A base folder whose manager runs as a program of its own."""
    base = Base(make_base(share_bytecode(tmp_path_factory.mktemp("fleet") / "base", tmp_path_factory)))
    with running_manager(base):
        yield base


@contextlib.contextmanager
def running_manager(
    base: Base, environment: dict[str, str] | None = None, told: BinaryIO | int = subprocess.DEVNULL
) -> Generator[None]:
    """Have a manager run for this base folder; it ends in good order. `told` gets what it complains of."""
    command = [sys.executable, "-m", "funcnodes", "--dir", str(base.folder), "startworkermanager"]
    manager = subprocess.Popen(
        [*command, "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=told,
        env=program_environment() | (environment or {}),
        start_new_session=True,
    )
    try:
        _wait_for_manager(base, manager)
        yield
        manager.terminate()
        assert manager.wait(30) == 0
    finally:
        kill_all_of(base.folder)
        manager.wait(10)


def _wait_for_manager(base: Base, manager: subprocess.Popen[bytes], limit_s: float = 40) -> None:
    deadline = time.monotonic() + limit_s
    # Another program's file: there is no event for it.
    while (address := read_supervisor_file(base)) is None or not is_alive(address):
        assert manager.poll() is None, "the manager ended"
        assert time.monotonic() < deadline, "the manager did not come up"
        time.sleep(0.02)


@pytest.fixture
def line(fleet: Base, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line for the base folder with a manager."""
    return CommandLine(fleet, capfd)


@pytest.fixture
def lone_line(alone: Base, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line for a base folder without a manager."""
    return CommandLine(alone, capfd)


@pytest.fixture(scope="module")
def demo(fleet: Base) -> str:
    """The uuid of a running worker called "demo", which shares our interpreter."""
    uuid = funcnodes(fleet.folder, "worker", "new", "--name", "demo", "--not-in-venv").strip()
    funcnodes(fleet.folder, "worker", "start", uuid)
    return uuid


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow of two nodes: (1 + 2) + 10."""
    from tests.support.flows import sum_flow

    return sum_flow(tmp_path / "sum.fnw")
