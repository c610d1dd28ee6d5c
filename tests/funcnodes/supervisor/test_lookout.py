"""The look at the fleet: what it sees of a process, and that it lets go of one that has ended."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from funcnodes.fleet import events as on
from funcnodes.fleet.events import Event
from funcnodes.launch.local import LocalLauncher
from funcnodes.supervisor.lookout import Lookout
from funcnodes.supervisor.member import Member
from funcnodes.supervisor.registry import NewWorker, Registry
from funcnodes.supervisor.roll import Roll
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.wire.marker import Marker

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted by /proc")


class Seen:
    """A lookout over one worker whose process is this one, and what it told."""

    def __init__(self, base: Base) -> None:
        registry = Registry(base)
        registry.begin()
        roll = Roll(registry)
        self.member = roll.add(*registry.make(NewWorker(name="seen", in_venv=False)))
        self.told: list[on.Looked] = []
        self.launcher = LocalLauncher()
        self.lookout = Lookout(roll, self.launcher, self.tell)
        me = self.launcher.identify(os.getpid())
        assert me is not None
        self.process = me
        self.begin()

    def tell(self, member: Member, event: Event) -> None:
        assert isinstance(event, on.Looked)
        self.told.append(event)
        member.life.handle(event)

    def begin(self) -> None:
        self.member.life.handle(on.StartWished(1, 0.0))
        self.member.life.handle(on.Launched(self.process, 0.0))

    def end(self) -> None:
        self.member.life.handle(on.StopWished(2, 0.0))
        status = on.ExitStatus(code=0)
        self.member.life.handle(
            on.ProcessExited(self.process, status, 0.0, 0.0, on.Evidence(), self.member.policy, False)
        )

    def open_markers(self) -> int:
        """Return how many descriptors of this process lead to the worker's marker, be it there or not."""
        links = (file.readlink() for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
        return sum(str(self.member.home.marker) in str(link) for link in links)


@pytest.fixture
def seen(tmp_path: Path) -> Generator[Seen]:
    prepare_base(Base(tmp_path))
    found = Seen(Base(tmp_path))
    yield found
    found.launcher.leave()


def test_a_look_tells_the_node_that_runs_and_the_memory(seen: Seen) -> None:
    """And nothing runs before the worker has made its marker."""
    seen.lookout.look_once()
    marker = Marker(seen.member.home.marker)
    marker.begin("n1")
    seen.lookout.look_once()
    marker.close()
    seen.lookout.look_once()

    assert [look.run and look.run.node for look in seen.told] == [None, "n1", None]
    assert all(look.memory for look in seen.told)


def test_the_files_of_a_process_that_ended_are_let_go_and_those_of_the_next_are_looked_at(
    seen: Seen,
) -> None:
    """A marker by the same name is another file after a new start."""
    former = Marker(seen.member.home.marker)
    former.begin("former")
    held = [seen.open_markers()]
    seen.lookout.look_once()
    held.append(seen.open_markers())
    seen.end()
    former.close()
    seen.member.home.marker.unlink()
    seen.lookout.look_once()
    held.append(seen.open_markers())
    seen.begin()
    later = Marker(seen.member.home.marker)
    later.begin("later")
    seen.lookout.look_once()
    later.close()

    # The worker's own end is one of them, as long as it is open.
    assert held == [1, 2, 0]
    assert [look.run and look.run.node for look in seen.told] == ["former", "later"]
