"""Whatever happens in whatever order: one process per worker, and every wish gets one answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet.commands import Command
from funcnodes.fleet.events import Event, Evidence, ExitStatus, NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.restart_policy import Policy
from hypothesis import given, settings
from hypothesis import strategies as st

WISHES = (on.StartWished, on.StopWished, on.RestartWished, on.DeleteWished, on.ProvisionWished)


@dataclass
class World:
    """A machine with processes, in which everything that can happen to one worker happens by chance."""

    chance: random.Random
    life: Life
    now: float = 0.0
    next_pid: int = 1
    alive: set[ProcessId] = field(default_factory=set[ProcessId])
    strangers: set[ProcessId] = field(default_factory=set[ProcessId])
    doomed: set[ProcessId] = field(default_factory=set[ProcessId])
    alarms: list[do.WakeAt] = field(default_factory=list[do.WakeAt])
    launching: bool = False
    provisioning: bool = False
    removing: bool = False
    asked: bool = False
    stop_is_remembered: bool = False
    held: dict[str, str] = field(default_factory=dict[str, str])
    pinged: bool = False
    wished: int = 0
    answers: dict[int, str | None] = field(default_factory=dict[int, "str | None"])
    history: list[object] = field(default_factory=list[object])

    def tell(self, event: Event) -> None:
        self.history.append(event)
        for command in self.life.handle(event):
            self.history.append(command)
            self.carry_out(command)
        self.check()

    def carry_out(self, command: Command) -> None:
        match command:
            case do.Launch():
                assert not self.alive, "a second process is launched beside a living one"
                assert not self.launching, "two launches at once"
                self.launching = True
            case do.Provision():
                assert not self.provisioning
                assert not self.alive
                self.provisioning = True
            case do.Watch(process):
                assert not (self.alive - {process}), "a second process is adopted"
                assert not self.launching
                self.strangers.discard(process)
                self.alive.add(process)
            case do.Refuse(process):
                assert process not in self.alive, "our own process is refused"
                self.strangers.discard(process)
            case do.Kill(process):
                self.doomed.add(process)
            case do.Terminate(process):
                if self.chance.random() < 0.5:
                    self.doomed.add(process)
            case do.AskToStop():
                self.asked = True
            case do.Ping():
                self.pinged = True
            case do.WakeAt():
                self.alarms.append(command)
            case do.Remove():
                assert not self.alive, "the folder of a living process is removed"
                assert not self.launching
                assert not self.removing
                self.removing = True
            case do.Answer(number, error):
                assert number not in self.answers, "a wish is answered twice"
                self.answers[number] = error
            case do.Welcome(process):
                self.held = dict(command.held)
            case do.Publish() | do.Note() | do.NoteLetGo() | do.Interrupt() | do.ForgetRun():
                pass
            case do.RememberStop(was_stopped):
                assert was_stopped is not self.stop_is_remembered, "remembered twice"
                self.stop_is_remembered = was_stopped

    def check(self) -> None:
        life = self.life
        if life.process is not None:
            assert life.phase in (Phase.STARTING, Phase.RUNNING, Phase.STOPPING)
        elif life.phase is Phase.RUNNING:
            raise AssertionError("running without a process")
        elif life.phase in (Phase.STARTING, Phase.STOPPING):
            assert life.is_launching

    def possible(self) -> list[str]:
        moves = ["wish", "wait", "stranger", "look", "let_go"]
        moves += ["launched", "launch_failed", "early_stranger"] * self.launching
        moves += ["provisioned", "provision_failed"] * self.provisioning
        moves += ["removed"] * self.removing
        moves += ["hello", "lost", "exit", "leaving"] * bool(self.alive)
        moves += ["found", "found_dead"] * (not self.history)
        moves += ["pong"] * self.pinged
        moves += ["ring"] * bool(self.alarms)
        return moves

    def step(self, move: str) -> None:
        self.now += self.chance.random()
        match move:
            case "wish":
                self.wish(self.chance.choice(WISHES))
            case "wait":
                self.now += 10 * self.chance.random()
            case "look":
                run = NodeRun("n", 0.0) if self.chance.random() < 0.5 else None
                self.tell(on.Looked(run, self.now, 3 * self.chance.random()))
            case "stranger" | "early_stranger":
                stranger = self.new_process()
                self.strangers.add(stranger)
                self.tell(on.HelloReceived(stranger, self.now))
            case "launched":
                self.launching = False
                process = self.new_process()
                self.alive.add(process)
                if self.chance.random() < 0.2:
                    self.tell_early(process)
                else:
                    self.tell(on.Launched(process, self.now))
            case "launch_failed":
                self.launching = False
                self.tell(on.LaunchFailed("no memory", self.now))
            case "provisioned":
                self.provisioning = False
                self.tell(on.Provisioned(self.now))
            case "provision_failed":
                self.provisioning = False
                self.tell(on.ProvisionFailed("no network", self.now))
            case "removed":
                self.removing = False
                problem = "busy" if self.chance.random() < 0.3 else None
                self.tell(on.Removed(problem, self.now))
            case "found":
                self.tell(on.FoundAlive(self.new_process(), self.now))
            case "found_dead":
                self.tell(on.FoundDead(self.now))
            case "hello":
                self.tell(on.HelloReceived(min(self.alive, key=lambda p: p.pid), self.now))
            case "lost":
                self.tell(on.ConnectionLost(min(self.alive, key=lambda p: p.pid), self.now))
            case "leaving":
                self.tell(on.StoppingSaid(min(self.alive, key=lambda p: p.pid), self.now))
            case "exit":
                self.exit(min(self.alive, key=lambda p: p.pid))
            case "let_go":
                self.tell(on.NodeLetGo("n", self.now))
                assert "n" not in self.life.status.held
            case "pong":
                self.pinged = False
                self.tell(on.PongReceived(self.now))
            case _:
                self.ring()

    def tell_early(self, process: ProcessId) -> None:
        # The hello comes in before the launch is reported.
        self.launching = True
        self.tell(on.HelloReceived(process, self.now))
        self.launching = False
        self.tell(on.Launched(process, self.now))

    def wish(self, kind: type[Event]) -> None:
        self.wished += 1
        if kind is on.StartWished:
            is_safe = self.chance.random() < 0.2
            self.tell(on.StartWished(self.wished, self.now, self.chance.random() < 0.3, is_safe))
        elif kind is on.RestartWished:
            self.tell(on.RestartWished(self.wished, self.now, False, self.chance.random() < 0.5))
        else:
            self.tell(kind(self.wished, self.now))  # type: ignore[call-arg]

    def exit(self, process: ProcessId) -> None:
        self.alive.discard(process)
        self.doomed.discard(process)
        status = self.chance.choice(
            [ExitStatus(code=0), ExitStatus(code=1), ExitStatus(signal=9), ExitStatus()]
        )
        evidence = Evidence(self.chance.choice([None, NodeRun("n", 0.0)]))
        policy = self.chance.choice(list(Policy))
        jitter = self.chance.random()
        self.tell(on.ProcessExited(process, status, self.now, jitter, evidence, policy))

    def ring(self) -> None:
        alarm = min(self.alarms, key=lambda a: a.time)
        self.alarms.remove(alarm)
        self.now = max(self.now, alarm.time)
        self.tell(on.Woken(alarm.alarm, self.now))

    def new_process(self) -> ProcessId:
        self.next_pid += 1
        return ProcessId(self.next_pid, self.now)

    def settle(self) -> None:
        """Let everything that was begun come to its end, in a world that keeps its promises."""
        for _ in range(200):
            if self.doomed & self.alive:
                self.exit(min(self.doomed & self.alive, key=lambda p: p.pid))
            elif self.launching:
                self.step("launched")
            elif self.provisioning:
                self.step("provisioned")
            elif self.removing:
                self.step("removed")
            elif self.alarms:
                self.ring()
            else:
                return
        raise AssertionError("it never comes to rest")


@settings(max_examples=500, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 60), created=st.booleans())
def test_one_process_and_one_answer_whatever_happens(seed: int, steps: int, created: bool) -> None:
    """No order of events makes a second process, loses an answer, or gives one twice."""
    chance = random.Random(seed)
    world = World(chance, Life(Phase.CREATED if created else Phase.STOPPED))
    for _ in range(steps):
        world.step(chance.choice(world.possible()))
    world.settle()

    assert set(world.answers) == set(range(1, world.wished + 1)), world.history
    assert not world.life.wishes.are_open
    # No orphan: what lives is known and watched, and whoever dialled has heard yes or no.
    assert world.alive == ({world.life.process} - {None}), world.history
    assert not world.strangers, world.history


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40))
def test_a_stop_that_was_answered_well_leaves_no_process(seed: int, steps: int) -> None:
    """After the last word was stop, the world comes to rest without a process of this worker."""
    chance = random.Random(seed)
    world = World(chance, Life())
    for _ in range(steps):
        world.step(chance.choice(world.possible()))
    world.wish(on.StopWished)
    world.settle()

    assert not world.alive, world.history
    if world.answers[world.wished] is None:
        assert world.life.phase in (Phase.STOPPED, Phase.CREATED)
