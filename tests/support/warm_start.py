"""Workers that start at once: forked from a process that has imported what the program of a worker imports.

Half of what a worker costs a test is the same imports again. One that is forked is a process like any other:
a session of its own, its own environment, its program's `main`, its exit status. That the program itself
starts is shown by every worker of a manager, by `shared_worker`, and by tests that start it by its command.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

IS_POSSIBLE = hasattr(os, "fork") and hasattr(os, "pidfd_open")


class WarmProcess:
    """A process that was forked, with what tests ask of one."""

    def __init__(self, nest: Nest, pid: int) -> None:
        self.pid = pid
        self._nest = nest
        self._status: int | None = None
        # It cannot have gone yet: the nest keeps it until it is asked for its status.
        self._end = os.pidfd_open(pid)

    @property
    def returncode(self) -> int | None:
        """Its exit status, or the signal below zero; None while it runs."""
        if self._status is None and select.select([self._end], [], [], 0)[0]:
            self._status = self._nest.status(self.pid)
            os.close(self._end)
        return self._status

    async def wait(self) -> int:
        """Return its exit status once it has ended."""
        loop = asyncio.get_running_loop()
        while (status := self.returncode) is None:
            ended = asyncio.Event()
            # A second one may wait: each has a number of its own for the same process.
            number = os.dup(self._end)
            loop.add_reader(number, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(number)
                os.close(number)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)


class Nest:
    """The process that others are forked from."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._popen = subprocess.Popen(
                [
                    sys.executable,
                    "-X",
                    "faulthandler",
                    "-m",
                    "tests.support.warm_start",
                    str(theirs.fileno()),
                ],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._socket, self._lines = ours, ours.makefile("rw")

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._popen.pid

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> WarmProcess:
        """Return the process of a worker that was given these arguments."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "folder": str(Path.cwd())}
        return WarmProcess(self, self._ask(asked))

    def status(self, pid: int) -> int:
        """Return the exit status of a process that has ended. Called once for each."""
        return self._ask({"ended": pid})

    def close(self) -> None:
        """End it. What was forked and not waited for lives on."""
        self._lines.close()
        self._socket.close()
        self._popen.wait(10)

    def _ask(self, request: Any) -> int:
        self._lines.write(json.dumps(request) + "\n")
        self._lines.flush()
        return int(json.loads(self._lines.readline()))


_nests: list[Nest] = []


def nest() -> Nest:
    """Return the nest of this run, made when it is first asked for."""
    if not _nests:
        _nests.append(Nest())
    return _nests[0]


def pids() -> frozenset[int]:
    """Return the process that tests share."""
    return frozenset(one.pid for one in _nests)


def close() -> None:
    """End it. Called when all tests are over."""
    while _nests:
        _nests.pop().close()


def _serve(number: int) -> int | None:
    """Fork and bury until the tests hang up; in what was forked, return the exit status of the worker."""
    with socket.socket(fileno=number) as line, line.makefile("rw") as lines:
        from funcnodes_worker.process.main import main

        for request in map(json.loads, lines):
            if "ended" in request:
                answer = os.waitstatus_to_exitcode(os.waitpid(request["ended"], 0)[1])
            elif (answer := os.fork()) == 0:
                break
            lines.write(f"{answer}\n")
            lines.flush()
        else:
            return None
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[1:1] = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    return main(request["arguments"])


if __name__ == "__main__":
    sys.exit(_serve(int(sys.argv[1])))
