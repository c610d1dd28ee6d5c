"""Doing what a worker's life decided: processes, environments, folders, messages, alarms.

Owns the doing and tells back what came of it. Decides nothing: no branch here asks for a phase.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import random
import re
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import assert_never

import msgspec
from funcnodes_worker.home.run_state import RunRecord, forget_run, remove_run_words, write_run_record
from funcnodes_worker.home.trust import is_vouched
from funcnodes_worker.home.worker_config import WorkerConfigBroken
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.wire import control
from funcnodes_worker.wire.fleet import ProgressNote
from funcnodes_worker.wire.marker import read_marker

from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.environment.progress import Report
from funcnodes.environment.provision import Provisioner
from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet.commands import Command
from funcnodes.fleet.events import Event, Evidence, NodeRun, ProcessId
from funcnodes.fleet.exit_reason import exit_sentence
from funcnodes.launch.launcher import Launcher, LaunchProblem, LaunchSpec
from funcnodes.launch.process_environment import worker_environment
from funcnodes.supervisor import output
from funcnodes.supervisor.ends import note_end
from funcnodes.supervisor.member import Member, run_and_age
from funcnodes.supervisor.node_names import name_of
from funcnodes.supervisor.registry import Registry

LOGGER = logging.getLogger(__name__)
_CRASH_BYTES = 256 * 1024
"""How much of a crash's stacks is read: the thread that crashed stands last, behind all others."""


class Ground(msgspec.Struct, frozen=True):
    """What the supervisor stands on: everything that touches the world."""

    registry: Registry
    launcher: Launcher
    provisioner: Provisioner
    worker_options: tuple[str, ...] = ()
    """Options that every worker is started with, like `--no-auth`."""
    worker_program: tuple[str, ...] = ("-m", "funcnodes_worker.process.main")


class Callbacks(msgspec.Struct, frozen=True):
    """What the supervisor is told."""

    tell: Callable[[Member, Event], None]
    answer: Callable[[int, str | None], None]
    changed: Callable[[], None]
    progress: Callable[[ProgressNote], None]
    access: Callable[[], control.Access]
    removed: Callable[[Member], None]
    spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]


class CarryOut:
    """The hands of a supervisor."""

    def __init__(self, ground: Ground, callbacks: Callbacks) -> None:
        self._ground, self._back = ground, callbacks
        self._pings = itertools.count(1)
        self._settling: dict[str, asyncio.Task[None]] = {}

    def do(self, member: Member, command: Command) -> None:
        """Do this now, or begin it; what comes of it is told as an event."""
        launcher = self._ground.launcher
        match command:
            case do.Provision():
                self._back.spawn(self._provision(member))
            case do.Launch():
                self._back.spawn(self._launch(member))
            case do.Watch(process):
                with contextlib.suppress(OSError):
                    write_run_record(member.home, RunRecord(process.pid, process.started))
                self._back.spawn(self._watch(member, process))
            case do.Welcome():
                self._welcome(member, command)
            case do.Refuse():
                self._refuse(member, command)
            case do.AskToStop():
                _say(member, control.Stop())
            case do.Terminate(process):
                LOGGER.info("worker %s: terminating process %s", member.home.uuid, process.pid)
                launcher.terminate(process)
            case do.Kill(process):
                LOGGER.warning("worker %s: killing process %s", member.home.uuid, process.pid)
                launcher.kill(process)
            case do.Interrupt(node):
                _say(member, control.Interrupt(node=node))
            case do.Ping():
                _say(member, control.Ping(id=str(next(self._pings))))
            case do.WakeAt(at, alarm):
                self._wake(member, at, alarm)
            case do.Remove():
                self._back.spawn(self._remove(member))
            case do.Answer(number, error):
                self._back.answer(number, error)
            case do.Note(sentence, followed, node, name):
                note_end(member.home, node=node, sentence=sentence, followed=followed, name=name)
            case do.NoteLetGo(node):
                note_end(member.home, node=node)
            case do.ForgetRun():
                with contextlib.suppress(OSError):
                    forget_run(member.home)
            case do.RememberStop(was_stopped):
                _remember_stop(member.home, was_stopped)
            case do.Publish(status):
                LOGGER.info("worker %s: %s %s", member.home.uuid, status.phase, status.reason)
                self._back.changed()
            case _:
                assert_never(command)

    def report_for(self, member: Member) -> Report:
        """Return a listener that shows an installation's progress to everybody."""

        def report(message: str, fraction: float) -> None:
            note = ProgressNote(message=message, progress=fraction, blocking=False, workerid=member.home.uuid)
            self._back.progress(note)

        return report

    async def _provision(self, member: Member) -> None:
        try:
            # What nobody here has trusted names packages of somebody else's choice: none is installed.
            if is_vouched(member.home):
                await self._ground.provisioner.create(member.home, self.report_for(member))
                await self._ground.provisioner.warm_up(member.home)
        except (EnvironmentProblem, WorkerConfigBroken, OSError) as problem:
            self._back.tell(member, on.ProvisionFailed(str(problem), _now()))
        else:
            self._back.tell(member, on.Provisioned(_now()))
        finally:
            self._back.progress(ProgressNote(workerid=member.home.uuid))

    async def _launch(self, member: Member) -> None:
        home = member.home
        try:
            # A flow that nobody here has trusted is shown by our own interpreter; its environment is neither
            # built nor used, since its folder may have come with one.
            python = Path(sys.executable)
            if is_vouched(home):
                python = await self._ground.provisioner.prepare(home, self.report_for(member))
            # Until the new process has opened its marker, the old one would name a node that died with its
            # process.
            home.marker.unlink(missing_ok=True)
            output.begin(home.output_file)
            member.python = python
            # Before there is a process: a manager that is killed in between would leave one that no record
            # names, and the next would launch a second beside it.
            write_run_record(home, RunRecord(0, time.time()))
            process = self._ground.launcher.launch(self._spec(member, python))
        except (EnvironmentProblem, LaunchProblem, WorkerConfigBroken, OSError) as problem:
            with contextlib.suppress(OSError):
                forget_run(home)
            self._back.tell(member, on.LaunchFailed(str(problem), _now()))
            return
        member.memory = None
        # The process is there, whatever else fails: without the record it is still known by its hello.
        with contextlib.suppress(OSError):
            write_run_record(home, RunRecord(process.pid, process.started))
        self._back.tell(member, on.Launched(process, _now()))
        await self._watch(member, process)

    def _spec(self, member: Member, python: Path) -> LaunchSpec:
        ground, home = self._ground, member.home
        command = (str(python), *ground.worker_program)
        options = ("--base", str(home.base.folder), "--uuid", home.uuid, *ground.worker_options)
        environment = worker_environment(os.environ)
        return LaunchSpec(
            (*command, *options), home.folder, home.output_file, environment, home.uuid, member.config.limits
        )

    async def _watch(self, member: Member, process: ProcessId) -> None:
        status = await self._ground.launcher.wait(process)
        kernel = self._ground.launcher.kernel_evidence(process)
        evidence = msgspec.structs.replace(await asyncio.to_thread(evidence_of, member), kernel=kernel)
        went_back = False
        is_unheard = member.link is None and process not in member.dialled
        if is_unheard and member.life.blames_environment(status):
            # If it was the first start from a new environment, the one before is brought back.
            with contextlib.suppress(EnvironmentProblem, WorkerConfigBroken, OSError):
                went_back = await self._ground.provisioner.revert(member.home)
        if went_back:
            member.went_back = exit_sentence(status, evidence)
        # What it ran is known now; the next manager must not count it a second time.
        member.home.marker.unlink(missing_ok=True)
        remove_run_words(member.home)
        jitter = random.random()  # noqa: S311 - spreads restarts; nothing secret hangs on it
        self._back.tell(
            member, on.ProcessExited(process, status, _now(), jitter, evidence, member.policy, went_back)
        )

    async def _remove(self, member: Member) -> None:
        problem: str | None = None
        # Bytecode that is written while the folder is being removed would keep it there.
        if (settling := self._leave_environment_alone(member)) is not None:
            await asyncio.wait((settling,))
        try:
            await asyncio.to_thread(self._ground.registry.remove, member.home)
        except OSError as error:
            problem = f"the worker's folder could not be removed ({error}): {member.home.folder}"
        if problem is None:
            self._back.removed(member)
        self._back.tell(member, on.Removed(problem, _now()))
        self._back.changed()

    async def _after_hello(self, member: Member) -> None:
        if not is_vouched(member.home):
            return  # It runs on our own interpreter, and what its folder says of environments is not ours.
        with contextlib.suppress(EnvironmentProblem, WorkerConfigBroken, OSError):
            await self._ground.provisioner.settle(member.home)
            await self._ground.provisioner.compile_bytecode(member.home)

    def _leave_environment_alone(self, member: Member) -> asyncio.Task[None] | None:
        settling = self._settling.pop(member.home.uuid, None)
        if settling is not None:
            settling.cancel()
        return settling

    def _welcome(self, member: Member, command: do.Welcome) -> None:
        process = command.process
        dialled = member.dialled.pop(process, None)
        if dialled is None:
            # It hung up while its hello waited to be judged.
            asyncio.get_running_loop().call_soon(self._back.tell, member, on.ConnectionLost(process, _now()))
            return
        if member.link is not None:
            member.link.close()
        member.link = dialled.link
        member.host, member.port = dialled.hello.host or None, dialled.hello.port or None
        member.tls = dialled.hello.tls
        member.link.send(
            control.Welcome(access=self._back.access(), held=dict(command.held), safe=command.is_safe)
        )
        self._back.changed()
        self._leave_environment_alone(member)
        self._settling[member.home.uuid] = self._back.spawn(self._after_hello(member))

    def _refuse(self, member: Member, command: do.Refuse) -> None:
        dialled = member.dialled.pop(command.process, None)
        if dialled is not None:
            dialled.link.send(control.Refused(reason=command.reason, message=command.message))
            dialled.link.close()

    def _wake(self, member: Member, at: float, alarm: int) -> None:
        async def ring() -> None:
            await asyncio.sleep(max(0.0, at - _now()))
            self._back.tell(member, on.Woken(alarm, _now()))

        self._back.spawn(ring())


def _remember_stop(home: WorkerHome, was_stopped: bool) -> None:
    # A folder that is gone or cannot be written: the word then lasts as long as this manager does.
    with contextlib.suppress(OSError):
        if was_stopped:
            home.stopped_mark.touch()
        else:
            home.stopped_mark.unlink(missing_ok=True)


def _say(member: Member, message: control.ToWorker) -> None:
    if member.link is not None:
        member.link.send(message)


def _now() -> float:
    return time.monotonic()


def evidence_of(member: Member) -> Evidence:
    """Return what can be seen of how a worker's process ended."""
    found = read_marker(member.home.marker)
    run = None if found is None else NodeRun(found.node, found.since, name_of(member.home, found.node))
    run, age = run_and_age(run, time.time())
    crashed_in = _crashed_in(member.home.crash_file)
    return Evidence(run, age, member.memory, output.last_lines(member.home.output_file), crashed_in)


_CRASH = re.compile(r"^Current thread .*\n\s*File (\".*\", line \d+ in .*)$", re.MULTILINE)


def _crashed_in(file: Path) -> str:
    try:
        with file.open("rb") as crash:
            found = _CRASH.search(crash.read(_CRASH_BYTES).decode(errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found is not None else ""
