"""A worker's environments on disk: decided by one file, completed by whoever comes next, and the way back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from funcnodes.environment import state
from funcnodes.environment.errors import NoEnvironment
from funcnodes.environment.state import Standing
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

FIRST = Standing("first project", "first lock", "aaaa")
SECOND = Standing("second project", "second lock", "bbbb")
THIRD = Standing("third project", "third lock", "cccc")


@pytest.fixture
def home(tmp_path: Path) -> WorkerHome:
    base = Base(tmp_path)
    prepare_base(base)
    return WorkerHome(base, "w1")


def built(home: WorkerHome, standing: Standing) -> Standing:
    python = state.python_in(home.environments / standing.environment)
    python.parent.mkdir(parents=True)
    python.touch()
    return standing


def standing_at(home: WorkerHome, *standings: Standing) -> None:
    for standing in standings:
        state.decide(home, built(home, standing))
        state.switch(home)


def folders(home: WorkerHome) -> set[str]:
    return {entry.name for entry in home.environments.iterdir() if entry.is_dir()}


def test_without_an_environment_there_is_no_python(home: WorkerHome) -> None:
    assert state.current(home) is None
    with pytest.raises(NoEnvironment):
        state.python_of(home)


def test_what_is_decided_stands_after_the_switch(home: WorkerHome) -> None:
    state.decide(home, built(home, FIRST))
    assert state.current(home) is None

    assert state.switch(home)
    assert state.current(home) == FIRST
    assert (home.project_file.read_text(), home.lock_file.read_text()) == ("first project", "first lock")
    assert state.python_of(home) == state.python_in(home.environments / "aaaa")
    assert not state.switch(home)


def test_the_old_one_stays_until_the_new_one_is_settled(home: WorkerHome) -> None:
    standing_at(home, FIRST, SECOND)
    state.remove_unused(home)
    assert folders(home) == {"aaaa", "bbbb"}

    state.settle(home)

    assert (folders(home), state.current(home), state.revert(home)) == ({"bbbb"}, SECOND, False)


def test_revert_goes_back_to_what_was_settled(home: WorkerHome) -> None:
    """Two changes without a hello between: neither is proven, both go."""
    standing_at(home, FIRST)
    state.settle(home)
    standing_at(home, SECOND, THIRD)

    assert state.revert(home)
    assert state.current(home) == FIRST
    assert (home.project_file.read_text(), home.lock_file.read_text()) == ("first project", "first lock")
    assert not state.revert(home)


@pytest.mark.parametrize("step", ["lock", "project", "unlinked", "linked"])
def test_a_switch_that_was_killed_is_completed(home: WorkerHome, step: str) -> None:
    standing_at(home, FIRST)
    state.decide(home, built(home, SECOND))
    # What the disk shows when the switch is killed after this step.
    home.lock_file.write_text("second lock")
    if step != "lock":
        home.project_file.write_text("second project")
    if step in ("unlinked", "linked"):
        home.venv.unlink()
    if step == "linked":
        home.venv.symlink_to("environments/bbbb")

    assert state.switch(home)
    state.settle(home)

    assert (state.current(home), folders(home)) == (SECOND, {"bbbb"})


def test_what_nobody_refers_to_is_removed(home: WorkerHome) -> None:
    standing_at(home, FIRST)
    state.decide(home, built(home, SECOND))
    built(home, THIRD)
    (home.environments / state.PLANNING).mkdir()

    state.remove_unused(home)

    assert folders(home) == {"aaaa", "bbbb"}


def test_a_name_that_is_taken_gets_a_number(home: WorkerHome) -> None:
    """The current one is named after an older lock when packages were added to it."""
    name = state.free_name(home, "a lock")
    (home.environments / name).mkdir(parents=True)

    assert state.free_name(home, "a lock") == f"{name}-2"


def test_a_foreign_venv_is_moved_aside_not_deleted(home: WorkerHome) -> None:
    """A folder made by the original FuncNodes has a real `.venv`."""
    home.venv.mkdir(parents=True)
    (home.venv / "theirs").touch()

    standing_at(home, FIRST)

    assert state.current(home) == FIRST
    assert [path.name for path in home.folder.glob(".venv.original-*/*")] == ["theirs"]


def test_the_link_leads_the_way_in_a_copied_folder(home: WorkerHome, tmp_path: Path) -> None:
    standing_at(home, FIRST)
    copy = WorkerHome(Base(tmp_path / "copy"), "w1")

    shutil.copytree(home.folder, copy.folder, symlinks=True)

    assert state.current(copy) == FIRST
    assert state.python_of(copy).is_relative_to(copy.folder)
