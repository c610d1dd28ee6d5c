"""Processes on this machine, each in a session of its own.

Owns spawning, noticing an end at once, and signals to whole process groups. A process that an earlier
supervisor launched is watched and ended like our own; only its exit status is the system's secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import psutil
from funcnodes_worker.home.limits import Limits

from funcnodes.fleet.events import ExitStatus, ProcessId
from funcnodes.launch.control_groups import ControlGroups, find_groups
from funcnodes.launch.kernel_evidence import KernelEvidence
from funcnodes.launch.launcher import LaunchProblem, LaunchSpec
from funcnodes.launch.memory_gauge import MemoryGauge, gauge_of

_SAME_START_S = 1.0
"""Two readings of one process's start may differ by a corrected clock; a pid is not used again that fast."""


class LocalLauncher:
    """A `Launcher` for this machine. Used from one event loop."""

    def __init__(self, groups: ControlGroups | None = None) -> None:
        self._children: dict[ProcessId, subprocess.Popen[bytes]] = {}
        self._groups = groups or find_groups()
        self._kernel = KernelEvidence()
        self._said: dict[ProcessId, str] = {}
        self._gauges: dict[ProcessId, MemoryGauge] = {}

    def launch(self, spec: LaunchSpec) -> ProcessId:
        """Return the new process, in its own session: Ctrl+C at a terminal reaches it only through us."""
        try:
            # Appended to: a file that is cut while the process writes begins anew, not with a hole.
            with spec.output.open("ab") as output:
                output.truncate(0)
                child = subprocess.Popen(
                    list(spec.command),
                    cwd=spec.folder,
                    env=dict(spec.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    creationflags=_NEW_GROUP,
                )
        except OSError as problem:
            raise LaunchProblem(str(spec.command[0]), problem.strerror or str(problem)) from problem
        # A child is not reaped before somebody waits for it, so its start can be read even if it has ended.
        process = ProcessId(child.pid, psutil.Process(child.pid).create_time())
        self._children[process] = child
        self._groups.limit(child.pid, spec.name, spec.limits)
        return process

    async def wait(self, process: ProcessId) -> ExitStatus:
        """Return when the process has ended, at once, without asking again and again."""
        child = self._children.get(process)
        if child is None:
            self._groups.find(process.pid)
        if hasattr(os, "pidfd_open"):
            await self._wait_for_end(process)
        else:
            await _wait_in_thread(child, process)
        self._forget_gauge(process)
        self._said[process] = self._kernel.said(self._groups.memory_kills(process.pid))
        if child is None:
            self._groups.forget(process.pid)
            return _reap(process)
        # What the worker left in its group ends with it. Now is the last moment at which the number is surely
        # its own: a dead leader keeps it until it is reaped.
        self.kill(process)
        code = child.wait()
        del self._children[process]
        self._groups.forget(process.pid)
        return _status(code)

    def identify(self, pid: int) -> ProcessId | None:
        """Return the living process with this pid, by the name under which it is known if it is our child."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.Error:
            return None
        found = ProcessId(pid, started)
        known = next((child for child in self._children if _is_same(child, found)), found)
        return known if self.is_alive(known) else None

    def find(self, words: Sequence[str]) -> ProcessId | None:
        """Return the living process whose command line holds all these words, if there is one."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and set(words) <= set(process.cmdline()):
                    return self.identify(process.pid)
        return None

    def is_alive(self, process: ProcessId) -> bool:
        """Tell whether this very process lives; one that only waits to be reaped does not."""
        try:
            found = psutil.Process(process.pid)
            return (
                _is_same(process, ProcessId(process.pid, found.create_time()))
                and found.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.Error:
            return False

    def terminate(self, process: ProcessId) -> None:
        """Send SIGTERM to the process's group."""
        self._send(process, signal.SIGTERM)

    def kill(self, process: ProcessId) -> None:
        """Send SIGKILL to the process's group, or end the tree of processes where there are no groups."""
        self._send(process, getattr(signal, "SIGKILL", signal.SIGTERM))

    def limit(self, process: ProcessId, name: str, limits: Limits) -> None:
        """Hold a process that runs to these limits and no others."""
        if self.is_alive(process):
            self._groups.change(process.pid, name, limits)

    def memory_of(self, process: ProcessId) -> int | None:
        """Return the bytes of memory in use."""
        # Asked for twice a second of each worker: finding the process again each time would be most of what
        # an idle manager does.
        try:
            gauge = self._gauges.get(process)
            if gauge is None:
                gauge = self._gauges[process] = gauge_of(process.pid)
            used = gauge.read()
        except (psutil.Error, OSError):
            used = None
        if not used:
            # It has ended, and perhaps nobody has taken note yet.
            self._forget_gauge(process)
        return used

    def _forget_gauge(self, process: ProcessId) -> None:
        gauge = self._gauges.pop(process, None)
        if gauge is not None:
            gauge.close()

    def look(self) -> None:
        """Read what the kernel counts."""
        self._kernel.look()

    def kernel_evidence(self, process: ProcessId) -> str:
        """Return what the kernel's counts said when this process ended."""
        return self._said.pop(process, "")

    def leave(self) -> None:
        """Let go of all processes: they go on, in their own sessions, and dial the next supervisor."""
        for child in self._children.values():
            # Popen warns about a child that still runs when it is forgotten. Here that is the intention.
            child.returncode = child.returncode if child.returncode is not None else 0
        self._children.clear()
        for process in list(self._gauges):
            self._forget_gauge(process)

    async def _wait_for_end(self, process: ProcessId) -> None:
        """Return when the process has ended, by a descriptor that the system makes readable then."""
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            # Asked after opening: from now on the descriptor cannot come to mean another process.
            if process in self._children or self.is_alive(process):
                await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _send(self, process: ProcessId, number: signal.Signals) -> None:
        if process not in self._children and not self.is_alive(process):
            return
        if sys.platform == "win32":
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                psutil.Process(process.pid).kill()
            return
        # The worker leads its own session and group, so the pid names the group. As long as it is not reaped
        # (its `wait` has not returned) no other group can have this number.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


def _is_same(one: ProcessId, other: ProcessId) -> bool:
    return one.pid == other.pid and abs(one.started - other.started) < _SAME_START_S


def _status(code: int) -> ExitStatus:
    return ExitStatus(signal=-code) if code < 0 else ExitStatus(code=code)


def _reap(process: ProcessId) -> ExitStatus:
    """Return the status of a process that another launcher of this program made; else unknown."""
    if sys.platform == "win32":
        return ExitStatus()
    try:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        return ExitStatus()
    return _status(os.waitstatus_to_exitcode(status)) if pid else ExitStatus()


async def _wait_in_thread(child: subprocess.Popen[bytes] | None, process: ProcessId) -> None:
    """Return when the process has ended, on systems without such a descriptor."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def wait() -> None:
        if child is not None:
            child.wait()
        else:
            with contextlib.suppress(psutil.Error):
                psutil.Process(process.pid).wait()
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(lambda: ended.done() or ended.set_result(None))

    threading.Thread(target=wait, name="funcnodes-pool-wait", daemon=True).start()
    await ended
