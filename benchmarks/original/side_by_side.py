"""Workers of ours and of the original, each started by its own program, side by side.

Owns making, starting and ending them, and turns: two workers do the same thing one after the other, again and
again, since a machine changes its speed within seconds. What is asked of them stands in `worker`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmarks._wire import Wire, frame
from tests.support.processes import free_port
from tests.support.worker_process import make_worker, packages_as_installed

LIMIT_S = 60.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Program:
    """A worker that can be started: its folder, the command that does it, its environment, its settings."""

    folder: Path
    command: Sequence[str | Path]
    environment: dict[str, str] = field(default_factory=dict[str, str])
    settings: Path | None = None
    is_ours: bool = False

    @property
    def token(self) -> str:
        """What lets in; the original asks for nothing."""
        return next((file.read_text().strip() for file in self.folder.rglob("token")), "none")


def ours(folder: Path) -> Program:
    """Make a worker of ours, the basic nodes installed as from a wheel."""
    home = make_worker(folder, ("funcnodes-basic",))
    command = [sys.executable, "-m", "funcnodes_worker.process.main", "--base", home.base.folder]
    return Program(
        folder,
        [*command, "--uuid", home.uuid, "--no-supervisor"],
        {"PYTHONPATH": packages_as_installed(folder)},
        home.config_file,
        is_ours=True,
    )


def original(python: Path, folder: Path) -> Program:
    """Make a worker of the original."""
    program = [python, "-m", "funcnodes", "--dir", folder, "worker"]
    environment = {"USE_SUBPROCESS_MONITOR": "0", "HOME": str(folder)}
    subprocess.run(
        [*program, "--name", "peer", "new", "--not-in-venv", "--create-only"],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    [file] = (folder / "workers").glob("worker_*.json")
    uuid: str = json.loads(file.read_text())["uuid"]
    return Program(folder, [*program, "--uuid", uuid, "start"], environment, file)


@dataclass
class Running:
    """A worker that answers, and how long that took."""

    program: Program
    process: subprocess.Popen[bytes]
    wire: Wire
    port: int
    ready_s: float = 0.0

    @property
    def is_ours(self) -> bool:
        """Whether it is one of ours."""
        return self.program.is_ours

    def ask(self, command: str, **kwargs: Any) -> Any:
        """Return the result of a published command."""
        self.wire.send(frame({"type": "cmd", "cmd": command, "kwargs": kwargs, "id": "q"}))
        answer = json.loads(self.wire.receive_until(_is_answer))
        if answer["type"] == "error":
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer["result"]


def _is_answer(message: bytes) -> bool:
    ends = message[:2000] + message[-2000:]
    return message.startswith(b"{") and (b'"id": "q"' in ends or b'"id":"q"' in ends)


@contextlib.contextmanager
def running(program: Program) -> Generator[Running]:
    """Give a worker that has answered once; it is ended at the end, by force where it must be."""
    port = free_port()
    unwanted = ("FUNCNODES_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environment |= program.environment
    environment |= {"FUNCNODES_WS_WORKER_STARTPORT": str(port), "FUNCNODES_WS_WORKER_ENDPORT": "65535"}
    if program.settings is not None and program.settings.exists():
        settings = json.loads(program.settings.read_text()) | {"port": port}
        program.settings.write_text(json.dumps(settings))
    # After a kill the original starts only when its manager has taken away what is left (contract 2.4).
    for file in () if program.is_ours else program.folder.rglob("worker_*.p"):
        file.unlink()
    begun, nothing = time.perf_counter(), subprocess.DEVNULL
    with subprocess.Popen(
        program.command,
        env=environment,
        start_new_session=True,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
    ) as process:
        try:
            worker = Running(program, process, _dial(port, program, process), port)
            worker.ask("uuid")
            worker.ready_s = time.perf_counter() - begun
            yield worker
            worker.wire.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _dial(port: int, program: Program, process: subprocess.Popen[bytes]) -> Wire:
    deadline = time.perf_counter() + LIMIT_S
    # There is no event for a port that begins to listen in another process: we look, up to a limit.
    while True:
        try:
            return Wire(port, program.token)
        except (OSError, AssertionError):
            if process.poll() is not None or time.perf_counter() > deadline:
                raise
            time.sleep(0.005)


def turns(
    workers: Sequence[Running], count: int, work: Callable[[Running], Result], *, first_counts: bool = True
) -> list[list[Result]]:
    """Return what each worker gave, so many times each, one right after the other."""
    found: list[list[Result]] = [[] for _ in workers]
    for turn in range(count + (not first_counts)):
        for worker, results in zip(workers, found, strict=True):
            result = work(worker)
            if turn or first_counts:
                results.append(result)
    return found
