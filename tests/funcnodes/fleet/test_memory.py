"""What follows when a worker uses more memory than its settings allow."""

from __future__ import annotations

from funcnodes.fleet import commands as do
from funcnodes.fleet import events as on
from funcnodes.fleet.events import Bounds, ExitStatus, NodeRun, ProcessId
from funcnodes.fleet.life import Life
from funcnodes.fleet.phases import Phase

P1 = ProcessId(101, 1.0)
GB = 10**9
BOUNDS = Bounds(soft=4 * GB, hard=6 * GB)
BLUR = NodeRun("blur", 1000.0)


def running() -> Life:
    life = Life()
    life.handle(on.StartWished(1, 0.0))
    life.handle(on.Launched(P1, 0.0))
    life.handle(on.HelloReceived(P1, 0.0))
    return life


def look(life: Life, used: float, at: float = 1.0) -> list[do.Command]:
    return life.handle(on.Looked(BLUR, at, 0.2, int(used * GB), BOUNDS))


def test_above_the_soft_limit_what_runs_is_interrupted_once() -> None:
    """And everybody is told; an excess that goes on is the same one, the next one is another."""
    life = running()

    assert look(life, 3.9) == []
    first = look(life, 4.5)
    assert first[0] == do.Interrupt("blur")
    assert "uses 4.5 GB of memory, more than its soft limit of 4.0 GB" in life.status.reason
    assert do.Interrupt("blur") not in look(life, 4.6)
    look(life, 3.0)
    assert do.Interrupt("blur") in look(life, 4.1)


def test_above_the_hard_limit_the_process_is_ended_and_the_reason_kept() -> None:
    """Then its policy decides, as after any crash."""
    life = running()

    assert look(life, 6.5) == [do.Kill(P1)]
    assert look(life, 6.6) == [], "once is enough"
    ended = life.handle(on.ProcessExited(P1, ExitStatus(signal=9), 2.0))

    assert do.Launch() in ended
    assert life.status.reason == (
        "started again after it was killed since it used 6.5 GB, more than its limit of 6.0 GB"
    )


def test_a_worker_without_limits_is_let_be() -> None:
    """However much it uses; and one whose memory cannot be read too."""
    life = running()

    assert life.handle(on.Looked(None, 1.0, memory=900 * GB)) == []
    assert life.handle(on.Looked(None, 1.0, memory=None, bounds=BOUNDS)) == []
    assert life.phase is Phase.RUNNING
