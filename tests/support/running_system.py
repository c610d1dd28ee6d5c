"""A whole FuncNodes for tests: `runserver` as a program, its manager, one worker; authentication on."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcnodes.cli import main
from funcnodes.server.client import connect
from funcnodes_worker.home.base import Base

from tests.support.processes import kill_all_of, make_base, processes_of, program_environment


@dataclass(frozen=True)
class System:
    """The addresses of a running system and the secret that opens it."""

    base: Base
    link: str
    ui: str
    manager: str
    worker: str
    uuid: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header that lets a program in."""
        return {"Authorization": f"Bearer {self.base.token_file.read_text()}"}

    @property
    def ui_port(self) -> int:
        """The port in the UI server's address."""
        return int(self.ui.rpartition(":")[2])

    def address(self, server: str) -> str:
        """Return the address of `ui`, `manager` or `worker`."""
        return {"ui": self.ui, "manager": self.manager, "worker": self.worker}[server]


def funcnodes(base: Path, *arguments: str) -> str:
    """Run a command to its good end and return what it printed; here, where its imports are paid for."""
    line = ["--dir", str(base), *arguments]
    out, problems = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(problems):
        code = _beside_the_loop(lambda: main.run(line))
    assert code == 0, f"{arguments} ended with {code}: {problems.getvalue()}"
    return out.getvalue()


def _beside_the_loop(command: Callable[[], int]) -> int:
    """Return what a command comes to that has a loop of its own, when there may be one that runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return command()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(command).result(90)


@contextlib.contextmanager
def running_system(
    folder: Path, extra: Sequence[str] = (), more: Mapping[str, Mapping[str, object]] | None = None
) -> Generator[System, None, None]:
    """Give a running system; it must end in good order and leave no process. `more` are further settings."""
    base = make_base(folder / "base")
    settings = json.loads((base / "config.json").read_text())
    for section, content in (more or {}).items():
        settings.setdefault(section, {}).update(content)
    (base / "config.json").write_text(json.dumps(settings))
    scheme = "https" if "tls" in settings else "http"
    log = folder / "runserver.out"
    with log.open("w") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "funcnodes", "--dir", str(base), "runserver", "--no-browser", *extra],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=program_environment(),
            start_new_session=True,
        )
    try:
        link = _wait_for_link(program, log)
        status = asyncio.run(_start_worker(Base(base)))
        uuid = str(status["uuid"])
        yield System(
            Base(base),
            link,
            f"{scheme}://localhost:{settings['frontend']['port']}",
            f"{scheme}://localhost:{settings['worker_manager']['port']}",
            f"{scheme}://localhost:{status['port']}",
            uuid,
        )
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0, log.read_text()
        assert processes_of(base) == []
    finally:
        kill_all_of(base)
        program.wait(10)


async def _start_worker(base: Base) -> dict[str, Any]:
    """Return the status of a new worker that runs; it shares our interpreter."""
    async with connect(base) as manager:
        uuid = (await manager.call("new_worker", name="victim", in_venv=False))["uuid"]
        await manager.call("start_worker", workerid=uuid)
        return (await manager.call("status"))["workers"][0]


def _wait_for_link(program: subprocess.Popen[bytes], log: Path, limit_s: float = 40) -> str:
    """Return the printed address. Looked for in a file: a pipe nobody reads would stop the program."""
    deadline = time.monotonic() + limit_s
    while True:
        # With what follows it: a file may be read in the middle of being written.
        if found := re.search(r"(https?://\S+)\s", log.read_text()):
            return found[1]
        assert program.poll() is None, f"runserver ended: {log.read_text()}"
        assert time.monotonic() < deadline, f"runserver printed no link: {log.read_text()}"
        time.sleep(0.05)
