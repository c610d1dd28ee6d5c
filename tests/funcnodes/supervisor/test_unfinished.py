"""Workers that are made and removed while managers are killed: all of one is there, or nothing."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from funcnodes.supervisor.registry import NewWorker, Registry, WorkerExists
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.support.fleet import base_in, fleet_of, new_worker, status_of


class PowerCut(BaseException):
    """The end of the process, as far as the code under test can tell."""


@pytest.fixture
def base(tmp_path: Path) -> Base:
    base = base_in(tmp_path)
    prepare_base(base)
    return base


def test_a_removal_that_was_broken_off_is_finished_by_the_next_manager(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = Registry(base).make(NewWorker(uuid="w1", in_venv=False))
    (home.files / "data.csv").write_text("1,2")

    def cut(_folder: Path) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("funcnodes.supervisor.unfinished.shutil.rmtree", cut)
        with pytest.raises(PowerCut):
            Registry(base).remove(home)
    half = home.folder.exists()
    again = Registry(base)
    again.begin()

    assert half, "or this test shows nothing"
    assert (again.find(), list(base.workers.iterdir())) == ([], [])


@pytest.mark.parametrize(("number", "times"), [(errno.ENOTEMPTY, 2), (errno.ENOENT, 200)])
def test_a_folder_in_which_somebody_else_is_at_work_is_removed_all_the_same(
    base: Base, monkeypatch: pytest.MonkeyPatch, number: int, times: int
) -> None:
    """Found by the storm: bytecode of a killed manager was being written, an old environment cleared away.

    Who clears away takes file after file before us, for as long as there are any.
    """
    home, _ = Registry(base).make(NewWorker(uuid="w1", in_venv=False))
    really, disturbed = shutil.rmtree, list[Path]()

    def remove(folder: Path) -> None:
        if len(disturbed) < times:
            disturbed.append(folder)
            raise OSError(number, os.strerror(number), "pygments")
        really(folder)

    monkeypatch.setattr("funcnodes.supervisor.unfinished.shutil.rmtree", remove)
    Registry(base).remove(home)

    assert disturbed == [home.folder] * times
    assert list(base.workers.iterdir()) == []


def test_a_folder_that_cannot_be_removed_is_told_at_once(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    """No right to it: another try would not help."""
    home, _ = Registry(base).make(NewWorker(uuid="w1", in_venv=False))
    tries = list[Path]()

    def remove(folder: Path) -> None:
        tries.append(folder)
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("funcnodes.supervisor.unfinished.shutil.rmtree", remove)
    with pytest.raises(PermissionError):
        Registry(base).remove(home)

    assert tries == [home.folder]


def test_a_worker_that_was_half_made_is_gone_with_the_next_manager(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its name is free again; a finished one stays."""
    whole, _ = Registry(base).make(NewWorker(uuid="w1", in_venv=False))

    def cut(*_given: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("funcnodes.supervisor.registry.write_worker_config", cut)
        # A process that is gone cannot tidy up either.
        patch.setattr("funcnodes.supervisor.unfinished.remove", cut)
        with pytest.raises(PowerCut):
            Registry(base).make(NewWorker(uuid="w2", in_venv=False))
    half = WorkerHome(base, "w2").folder.exists()
    again = Registry(base)
    again.begin()
    made, _ = again.make(NewWorker(uuid="w2", in_venv=False))

    assert half, "or this test shows nothing"
    assert again.find() == [whole, made]
    with pytest.raises(WorkerExists):
        again.make(NewWorker(uuid="w1", in_venv=False))


def test_a_worker_that_cannot_be_made_leaves_nothing(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("funcnodes.supervisor.registry.write_worker_config", full)
    with pytest.raises(OSError, match="no space left"):
        Registry(base).make(NewWorker(uuid="w1", in_venv=False))

    assert list(base.workers.iterdir()) == []


async def test_a_worker_made_with_the_graph_of_another_has_its_large_values_too(tmp_path: Path) -> None:
    """What is too large for the snapshot lies in the journal, and so does the last edit."""
    base, large = base_in(tmp_path), "x" * 100_000
    async with fleet_of(base, program=("-m", "funcnodes_worker.process.main")) as client:
        uuid = await new_worker(client, "first")
        async with funcnodes.connect(uuid, base=base.folder) as worker:
            node = (await worker.call("add_node", id="input.str"))["id"]
            await worker.call("set_io_value", nid=node, ioid="input", value=large)
        wish = {"name": "second", "in_venv": False, "reference": uuid, "copy_graph": True}
        copy = str((await client.call("new_worker", **wish))["uuid"])
        await client.call("start_worker", workerid=copy)
        async with funcnodes.connect(copy, base=base.folder) as worker:
            saved = await worker.call("get_save_state")
        status = await status_of(client, copy)

    (found,) = saved["backend"]["nodes"]
    assert (found["id"], found["io"]["input"]["value"]) == (node, large)
    assert (copy != uuid, status["name"]) == (True, "second")
