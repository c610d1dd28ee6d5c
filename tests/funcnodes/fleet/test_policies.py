"""What follows an end by each policy, which nodes are kept from running, and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet.commands import LifeStatus
from funcnodes.fleet.events import Evidence, ExitStatus, NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.phases import Phase
from funcnodes.fleet.quarantine import Quarantine
from funcnodes.fleet.restart_policy import PROMISES, Policy, policy_table

P1, P2, P3 = ProcessId(101, 1.0), ProcessId(102, 2.0), ProcessId(103, 3.0)
KILLED, GOOD = ExitStatus(signal=9), ExitStatus(code=0)
BLUR = Evidence(NodeRun("blur", 1000.0), 2.0)


def running(life: Life | None = None, process: ProcessId = P1) -> Life:
    life = life or Life()
    life.handle(on.StartWished(1, 0.0))
    return up(life, process)


def up(life: Life, process: ProcessId) -> Life:
    life.handle(on.Launched(process, 0.0))
    life.handle(on.HelloReceived(process, 0.0))
    return life


@pytest.mark.parametrize("policy", Policy)
def test_an_end_is_answered_as_the_policy_says(policy: Policy) -> None:
    """After a crash, and after an end in good order that nobody asked for."""
    crashed, ended = running(), running()

    after_crash = crashed.handle(on.ProcessExited(P1, KILLED, 9.0, policy=policy))
    after_end = ended.handle(on.ProcessExited(P1, GOOD, 9.0, policy=policy))

    assert (do.Launch() in after_crash) is PROMISES[policy].after_crash
    assert (do.Launch() in after_end) is PROMISES[policy].after_good_end
    if policy is Policy.NEVER:
        assert crashed.status == LifeStatus(
            Phase.FAILED, "killed by signal 9 (SIGKILL). It is not started again: its policy is never"
        )


def test_who_waits_for_a_start_gets_it_in_spite_of_the_policy() -> None:
    """`never` is about what nobody asked for."""
    life = Life()
    life.handle(on.StartWished(1, 0.0))
    life.handle(on.Launched(P1, 0.0))

    assert do.Launch() in life.handle(on.ProcessExited(P1, KILLED, 9.0, policy=Policy.NEVER))


def test_a_node_is_held_after_the_second_end() -> None:
    """Not after the first: whether it was guilty cannot be known. The welcome tells the worker."""
    life = running()
    first = life.handle(on.ProcessExited(P1, KILLED, 1.0, evidence=BLUR))
    assert life.handle(on.Launched(P2, 1.0)) == []
    assert do.Welcome(P2) in life.handle(on.HelloReceived(P2, 1.0))
    life.handle(on.ProcessExited(P2, KILLED, 2.0, evidence=BLUR, jitter=0.0))

    assert do.Launch() in first
    assert life.status.held == ("blur",)
    assert "the graph opens without running `blur`" in life.status.reason
    assert life.phase is Phase.WAITING

    life.handle(on.StartWished(5, 2.1))
    life.handle(on.Launched(P3, 2.1))
    welcome = life.handle(on.HelloReceived(P3, 2.2))[0]
    assert isinstance(welcome, do.Welcome)
    assert list(welcome.held) == ["blur"]
    assert "ran 2 times when its worker ended, at last: killed by signal 9" in welcome.held["blur"]


def test_a_kill_by_hand_of_a_deaf_worker_counts() -> None:
    """Else a value that blocks native code would block again after each kill and restart."""
    life = running()
    for process, next_process in ((P1, P2), (P2, P3)):
        assert life.process == process
        looked = life.handle(on.Looked(NodeRun("blur", 1000.0), 5.0, age=4.0))
        alarm = next(command.alarm for command in looked if isinstance(command, do.WakeAt))
        life.handle(on.Woken(alarm, 8.0))
        killed = life.handle(on.RestartWished(7, 9.0, by_force=True))
        assert do.Kill(process) in killed
        life.handle(on.ProcessExited(process, KILLED, 9.1, evidence=BLUR))
        up(life, next_process)

    assert life.status.held == ("blur",)


def test_a_kill_by_hand_of_a_worker_that_hears_is_written_down() -> None:
    """With the node that ran, which nobody suspects: the person meant the worker."""
    life = running()
    life.handle(on.RestartWished(7, 9.0, by_force=True))
    noted = life.handle(on.ProcessExited(P1, KILLED, 9.1, evidence=BLUR))
    up(life, P2)
    life.handle(on.RestartWished(8, 10.0, by_force=True))
    again = life.handle(on.ProcessExited(P2, KILLED, 10.1))

    assert noted[0] == do.Note("killed by hand while node `blur` ran (for 2 s)", "started again")
    assert again[0] == do.Note("killed by hand", "started again")
    assert life.status.held == ()


def test_a_kill_of_a_deaf_worker_is_written_down_once() -> None:
    """With the node, at the moment of the kill."""
    life = running()
    looked = life.handle(on.Looked(NodeRun("blur", 1000.0), 5.0, age=4.0))
    alarm = next(command.alarm for command in looked if isinstance(command, do.WakeAt))
    life.handle(on.Woken(alarm, 8.0))
    commands = life.handle(on.RestartWished(7, 9.0, by_force=True))
    commands += life.handle(on.ProcessExited(P1, KILLED, 9.1, evidence=BLUR))

    notes = [command for command in commands if isinstance(command, do.Note)]
    sentence = "killed by hand while node `blur` kept it from hearing"
    assert notes == [do.Note(sentence, "started again", "blur")]


def test_a_node_that_was_let_go_begins_anew() -> None:
    """A person changed it, or wants it run."""
    quarantine = Quarantine()
    quarantine.blame("blur", "killed")
    assert quarantine.blame("blur", "killed")
    life = Life(quarantine=quarantine)
    assert life.status.held == ("blur",)

    assert life.handle(on.NodeLetGo("blur", 1.0)) == [
        do.NoteLetGo("blur"),
        do.Publish(LifeStatus(Phase.STOPPED)),
    ]
    assert not quarantine.blame("blur", "killed")


def test_a_safe_start_stays_safe_until_the_next_wish() -> None:
    """A crash in between changes nothing; a start that is asked for anew does."""
    life = Life()
    life.handle(on.StartWished(1, 0.0, is_safe=True))
    up(life, P1)
    assert life.status.is_safe
    life.handle(on.ProcessExited(P1, KILLED, 1.0))
    life.handle(on.Launched(P2, 1.0))
    assert do.Welcome(P2, {}, is_safe=True) in life.handle(on.HelloReceived(P2, 1.1))

    life.handle(on.StopWished(2, 2.0))
    life.handle(on.ProcessExited(P2, GOOD, 2.1))
    life.handle(on.StartWished(3, 3.0))
    assert not life.status.is_safe


def test_a_running_worker_is_not_made_safe_by_a_start() -> None:
    """It says what to do instead."""
    life = running()

    (answer,) = life.handle(on.StartWished(2, 1.0, is_safe=True))

    assert isinstance(answer, do.Answer)
    assert answer.error is not None
    assert "stop it first, or restart it" in answer.error


def test_the_last_word_is_remembered_beyond_the_manager() -> None:
    """A stop is; the manager's own end is none; a start takes it back."""
    life = running()

    assert do.RememberStop(True) not in life.handle(on.StopWished(2, 0.0, manager_ends=True))
    assert do.RememberStop(True) in running().handle(on.StopWished(2, 0.0))
    assert do.RememberStop(True) in running().handle(on.StoppingSaid(P1, 1.0))
    assert do.RememberStop(False) in Life(stop_is_remembered=True).handle(on.StartWished(3, 0.0))


def test_one_found_dead_is_revived_as_its_policy_says() -> None:
    """Whoever pulled the plug finds it again, or finds why it is not there."""
    revived, left = Life(), Life()

    assert do.Launch() in revived.handle(on.FoundDead(0.0, BLUR))
    left.handle(on.FoundDead(0.0, BLUR, Policy.NEVER))
    assert left.phase is Phase.FAILED
    assert left.status.reason.endswith("It is not started again: its policy is never")


def test_the_docs_show_the_table_of_policies() -> None:
    """What people read is what is done."""
    page = Path(__file__).parents[3] / "docs" / "concepts" / "worker-life.md"

    assert policy_table() in page.read_text(encoding="utf-8")
