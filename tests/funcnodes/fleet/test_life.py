"""The life of a worker in the words of its table: what happened, what is done, what is shown."""

from __future__ import annotations

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet.commands import Command, LifeStatus
from funcnodes.fleet.events import Evidence, ExitStatus, NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.limits import ASK_LIMIT_S, HELLO_LIMIT_S
from funcnodes.fleet.phases import Phase

P1, P2 = ProcessId(101, 1.0), ProcessId(102, 2.0)
BLUR = NodeRun("blur", 1000.0)
KILLED = ExitStatus(signal=9)


def running(process: ProcessId = P1, at: float = 0.0) -> Life:
    life = Life()
    life.handle(on.StartWished(1, at))
    life.handle(on.Launched(process, at))
    life.handle(on.HelloReceived(process, at))
    return life


def alarm_in(commands: list[Command]) -> int:
    return next(command.alarm for command in commands if isinstance(command, do.WakeAt))


def test_a_start_is_answered_by_the_hello() -> None:
    """Not by the process being there."""
    life = Life()

    assert life.handle(on.StartWished(7, 0.0)) == [
        do.Launch(),
        do.WakeAt(HELLO_LIMIT_S, 1),
        do.Publish(LifeStatus(Phase.STARTING)),
    ]
    assert life.handle(on.Launched(P1, 0.1)) == []
    assert life.handle(on.HelloReceived(P1, 0.5)) == [
        do.Welcome(P1),
        do.Answer(7),
        do.Publish(LifeStatus(Phase.RUNNING)),
    ]


def test_an_environment_is_built_before_the_first_start() -> None:
    """And its failure answers the start."""
    life = Life(Phase.CREATED)

    assert do.Provision() in life.handle(on.StartWished(1, 0.0, needs_environment=True))
    assert life.handle(on.ProvisionFailed("no network", 1.0)) == [
        do.Answer(1, "no network"),
        do.ForgetRun(),
        do.Publish(LifeStatus(Phase.FAILED, "no network")),
    ]


def test_a_first_crash_is_answered_at_once() -> None:
    """The cause stays readable while the next process comes up, and after."""
    life = running()
    crashed = on.ProcessExited(P1, KILLED, 10.0, evidence=Evidence(BLUR, 3.2, 7_900_000_000))
    reason = (
        "started again after it was killed by signal 9 (SIGKILL) while node `blur` ran (for 3 s); "
        "7.9 GB in use when last seen"
    )

    commands = life.handle(crashed)

    sentence = reason.removeprefix("started again after it was ")
    assert commands[:2] == [do.Note(sentence, "started again", "blur"), do.Launch()]
    assert commands[-1] == do.Publish(LifeStatus(Phase.STARTING, reason))
    life.handle(on.Launched(P2, 10.1))
    life.handle(on.HelloReceived(P2, 11.0))
    assert life.status == LifeStatus(Phase.RUNNING, reason)


def test_a_healthy_second_does_not_earn_new_restarts() -> None:
    """Waits grow, and after five restarts within ten minutes a person decides."""
    life, now = running(), 0.0
    phases: list[Phase] = []
    for pid in range(200, 206):
        assert life.process is not None
        now += 1.0
        commands = life.handle(on.ProcessExited(life.process, KILLED, now, jitter=0.5))
        phases.append(life.phase)
        if life.phase is Phase.WAITING:
            now += 100.0
            life.handle(on.Woken(alarm_in(commands), now))
        if life.phase is Phase.STARTING:
            life.handle(on.Launched(ProcessId(pid, now), now))
            life.handle(on.HelloReceived(ProcessId(pid, now), now))

    assert phases == [Phase.STARTING, *([Phase.WAITING] * 4), Phase.FAILED]
    assert life.status.reason.startswith("ended 6 times within 10 minutes, at last: killed by signal 9")


def test_what_was_to_come_is_not_told_once_it_came() -> None:
    """While it waits: when it starts again. Then: why it was started, and how often that node has run."""
    life = running()
    life.handle(on.ProcessExited(P1, KILLED, 1.0, evidence=Evidence(BLUR)))
    life.handle(on.Launched(P2, 1.0))
    waiting = life.handle(on.ProcessExited(P2, KILLED, 2.0, evidence=Evidence(BLUR)))
    cause = (
        "killed by signal 9 (SIGKILL) while node `blur` ran. That is the second time: "
        "the graph opens without running `blur`"
    )
    assert life.status.reason == f"{cause}; starts again in 1.0 s"
    life.handle(on.Woken(alarm_in(waiting), 3.0))
    life.handle(on.Launched(P1, 3.0))
    life.handle(on.HelloReceived(P1, 4.0))

    assert (life.phase, life.status.reason) == (Phase.RUNNING, f"started again after it was {cause}")


def test_a_commanded_stop_wins_over_a_restart() -> None:
    """Also while the worker waits for its next try."""
    life = running()
    life.handle(on.ProcessExited(P1, KILLED, 1.0))
    life.handle(on.Launched(P2, 1.0))
    waiting = life.handle(on.ProcessExited(P2, KILLED, 2.0))
    assert life.phase is Phase.WAITING

    assert life.handle(on.StopWished(9, 2.5)) == [
        do.RememberStop(True),
        do.Answer(9),
        do.ForgetRun(),
        do.Publish(LifeStatus(Phase.STOPPED)),
    ]
    assert life.handle(on.Woken(alarm_in(waiting), 60.0)) == []


def test_stop_climbs_its_ladder() -> None:
    """Ask, terminate, kill; each rung with its time; the answer comes with the end."""
    life = running()
    asked = life.handle(on.StopWished(2, 0.0))
    terminated = life.handle(on.Woken(alarm_in(asked), ASK_LIMIT_S))
    killed = life.handle(on.Woken(alarm_in(terminated), ASK_LIMIT_S + 3))

    assert asked[:2] == [do.RememberStop(True), do.AskToStop()]
    assert terminated[0] == do.Terminate(P1)
    assert killed[0] == do.Kill(P1)
    assert life.handle(on.ProcessExited(P1, KILLED, 14.0)) == [
        do.Note("killed since it did not end when asked", "stays stopped"),
        do.Answer(2),
        do.ForgetRun(),
        do.Publish(LifeStatus(Phase.STOPPED, "it did not end when asked, so it was killed")),
    ]


def test_a_restart_runs_again() -> None:
    """The original's stopped and stayed so."""
    life = running()
    life.handle(on.RestartWished(3, 0.0))
    ended = life.handle(on.ProcessExited(P1, ExitStatus(code=0), 1.0))
    life.handle(on.Launched(P2, 1.0))
    hello = life.handle(on.HelloReceived(P2, 2.0))

    assert do.Launch() in ended
    assert do.Answer(3) in hello


def test_a_deaf_worker_is_named_with_its_node() -> None:
    """Three seconds after the ping that a long run caused; a pong takes it back."""
    life = running()
    assert life.handle(on.Looked(BLUR, 1.0, age=0.5)) == []
    looked = life.handle(on.Looked(BLUR, 1.6, age=1.1))
    told = life.handle(on.Woken(alarm_in(looked), 4.6))
    back = life.handle(on.PongReceived(5.0))

    assert looked[0] == do.Ping()
    assert told == [
        do.Publish(
            LifeStatus(
                Phase.RUNNING,
                "has not answered for 3 s; node `blur` runs. Kill and restart it, or wait",
                BLUR,
                is_deaf=True,
            )
        )
    ]
    assert back == [do.Publish(LifeStatus(Phase.RUNNING, "", BLUR))]


def test_a_process_of_an_earlier_manager_is_adopted() -> None:
    """By its hello, watched from then on."""
    life = Life()

    assert life.handle(on.HelloReceived(P1, 0.0)) == [
        do.Watch(P1),
        do.Welcome(P1),
        do.Publish(LifeStatus(Phase.RUNNING)),
    ]


def test_a_survivor_that_has_not_dialled_is_not_started_twice() -> None:
    """A start waits for its hello, and says so when it does not come; the process is left alone."""
    life = Life()
    life.handle(on.FoundAlive(P1, 0.0))
    started = life.handle(on.StartWished(4, 1.0))
    late = life.handle(on.Woken(alarm_in(started), 1.0 + HELLO_LIMIT_S))

    assert do.Launch() not in started
    assert [type(command) for command in late] == [do.Answer]
    assert life.process == P1


def test_a_worker_that_ended_while_nobody_looked_is_started_again() -> None:
    """After a power cut everything is found again."""
    life = Life()

    found = life.handle(on.FoundDead(0.0, Evidence(BLUR)))

    assert found[1] == do.Launch()
    assert life.status.reason.startswith("started again after it ended in a way that is not known")
    assert "while node `blur` ran" in life.status.reason


def test_a_second_process_is_refused() -> None:
    """Whoever launched it."""
    life = running()

    refused = life.handle(on.HelloReceived(P2, 1.0))

    assert refused == [
        do.Refuse(P2, "stopped", "another process of this worker runs already, or is about to")
    ]


def test_a_worker_told_to_stop_does_not_come_back_by_dialling() -> None:
    """Its late twin is told to end."""
    life = running()
    life.handle(on.StopWished(2, 0.0))
    life.handle(on.ProcessExited(P1, ExitStatus(code=0), 1.0))

    assert life.handle(on.HelloReceived(P2, 2.0)) == [
        do.Refuse(P2, "stopped", "this worker was told to stop")
    ]


def test_a_stop_by_itself_is_no_crash() -> None:
    """The worker said so before; nothing is restarted."""
    life = running()
    life.handle(on.StoppingSaid(P1, 1.0))
    life.handle(on.ProcessExited(P1, ExitStatus(code=0), 2.0))

    assert life.status == LifeStatus(Phase.STOPPED)


def test_a_new_environment_that_does_not_start_is_left_behind() -> None:
    """The one before is back, and the worker starts from it."""
    life = Life()
    life.handle(on.StartWished(1, 0.0))
    life.handle(on.Launched(P1, 0.0))

    exited = life.handle(on.ProcessExited(P1, ExitStatus(code=1), 1.0, went_back=True))

    assert exited[1] == do.Launch()
    assert life.status.reason.startswith("went back to the environment before")


def test_a_start_that_is_called_off_says_nothing_against_a_new_environment() -> None:
    """Who was told to end had no time for a hello. What was installed must not be lost by that."""
    life = Life()
    life.handle(on.StartWished(1, 0.0))
    life.handle(on.Launched(P1, 0.0))
    life.handle(on.RestartWished(2, 0.5))

    assert not life.blames_environment(ExitStatus(signal=15))


def test_one_kill_from_outside_says_nothing_against_a_new_environment_a_second_one_does() -> None:
    """A program that ends by itself or by its own fault does at once; a hello ends the suspicion."""
    life = Life()
    life.handle(on.StartWished(1, 0.0))
    life.handle(on.Launched(P1, 0.0))
    alone = [life.blames_environment(one) for one in (KILLED, ExitStatus(code=1), ExitStatus(signal=11))]
    life.handle(on.ProcessExited(P1, KILLED, 1.0))
    life.handle(on.Launched(P2, 1.0))
    again = life.blames_environment(KILLED)
    life.handle(on.HelloReceived(P2, 1.5))

    assert alone == [False, True, True]
    assert again
    assert not life.blames_environment(KILLED)


def test_a_process_that_was_given_up_waiting_for_speaks_against_a_new_environment() -> None:
    life = Life()
    alarm = alarm_in(life.handle(on.StartWished(1, 0.0)))
    life.handle(on.Launched(P1, 0.0))
    life.handle(on.Woken(alarm, HELLO_LIMIT_S))

    assert life.blames_environment(ExitStatus(signal=15))


def test_a_delete_stops_first() -> None:
    """The folder goes when the process has."""
    life = running()
    asked = life.handle(on.DeleteWished(5, 0.0))
    ended = life.handle(on.ProcessExited(P1, ExitStatus(code=0), 1.0))
    gone = life.handle(on.Removed(None, 1.1))

    assert do.Remove() not in asked
    assert do.Remove() in ended
    assert gone == [do.Answer(5)]
    assert life.is_gone
