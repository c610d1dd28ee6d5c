"""Environments that were broken: built once more, exactly, and never worse than before."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest
from funcnodes.cli.examination import examine
from funcnodes.environment import state
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.repair import is_exact
from funcnodes_worker.home.trust import TrustRecord, vouch
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import Heard, disk, run, versions

pytestmark = pytest.mark.registry

DYING = """
import asyncio, os, sys
from pathlib import Path
from funcnodes.environment.provision import Provisioner
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome
folder, uuid, place = sys.argv[1:]
faults = lambda reached: os._exit(9) if reached == place else None
home = WorkerHome(Base(Path(folder)), uuid)
asyncio.run(Provisioner(home.base, faults=faults).repair(home, lambda message, fraction: None))
"""


def packages_of(home: WorkerHome) -> Path:
    return state.site_packages(state.python_of(home).parent.parent)


async def test_files_that_were_deleted_or_altered_come_back(
    provisioner: Provisioner, home: WorkerHome
) -> None:
    """Altered in place, a file is altered in uv's cache too, since it is one file with two names."""
    await provisioner.install(home, "fntest-module", "1.0", Heard())
    before, old = versions(home), state.current(home)
    write_worker_config(home, WorkerConfig(uuid=home.uuid, env_path=str(home.venv)))
    vouch(home, TrustRecord())
    shutil.rmtree(packages_of(home) / "tqdm")
    with (packages_of(home) / "fntest_library.py").open("r+") as file:
        file.write("VERSION = '6.66'")

    told = [one for one in await examine(home.base) if one.cure.endswith(f"worker repair {home.uuid}")]
    repaired = await provisioner.repair(home, Heard())
    unchanged = state.current(home)
    python = await provisioner.prepare(home, Heard())

    assert any("tqdm is damaged" in one.sentence for one in told), "the doctor sees it too"
    assert set(repaired.damaged) == {"fntest-library", "tqdm"}
    assert repaired.damaged["fntest-library"] == ["fntest_library.py"]
    assert unchanged == old
    assert old is not None
    assert state.folder_of(home, old).is_dir(), "kept until the worker has said hello from the new one"
    assert versions(home) == before
    assert run(python, "import tqdm, fntest_library; print(fntest_library.VERSION)") == "2.0"
    await provisioner.settle(home)
    assert not state.folder_of(home, old).exists()
    assert (await provisioner.repair(home, Heard())).damaged == {}


async def test_an_environment_that_is_gone_is_built_from_its_lock(
    provisioner: Provisioner, home: WorkerHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also its interpreter and the link; without any network."""
    await provisioner.install(home, "fntest-library", "1.0", Heard())
    await provisioner.install(home, "fntest-module", "1.0", Heard())
    before, lock = versions(home), home.lock_file.read_text()
    shutil.rmtree(home.environments)
    home.venv.unlink()
    monkeypatch.setenv("UV_OFFLINE", "1")

    await Provisioner(home.base).repair(home, Heard())
    await provisioner.prepare(home, Heard())

    assert (versions(home), home.lock_file.read_text()) == (before, lock)


async def test_a_build_of_ours_that_is_gone_is_packed_again(
    provisioner: Provisioner, home: WorkerHome
) -> None:
    before = versions(home)
    shutil.rmtree(home.base.cache / "build")

    await provisioner.repair(home, Heard())
    await provisioner.prepare(home, Heard())

    assert versions(home) == before
    assert is_exact(home.project_file.read_text(), home.lock_file.read_text())


@pytest.mark.parametrize("place", ["built", pytest.param("checked", marks=pytest.mark.soak), "decided"])
async def test_killed_at_a_step_the_old_one_stands_or_the_new_one(
    provisioner: Provisioner, home: WorkerHome, place: str
) -> None:
    before, old = disk(home), state.current(home)

    died = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, str(home.base.folder), home.uuid, f"repair:{place}"
    )
    assert await died.wait() == 9
    await provisioner.prepare(home, Heard())

    if place == "decided":
        assert state.current(home) != old
        assert versions(home) == before[3]
    else:
        assert disk(home) == before


async def test_a_repair_that_is_cancelled_leaves_no_trace(provisioner: Provisioner, home: WorkerHome) -> None:
    before, building = disk(home), asyncio.Event()
    repairing = asyncio.create_task(provisioner.repair(home, lambda message, _: _set(building, message)))
    await asyncio.wait_for(building.wait(), 60)

    repairing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await repairing

    assert disk(home) == before


def _set(building: asyncio.Event, message: str) -> None:
    if "Building" in message:
        building.set()


def test_a_lock_of_somebody_elses_is_not_taken_as_it_stands() -> None:
    """The original's packages from an index, another Python, no lock at all."""
    text = '[project]\nrequires-python = "==3.11.*"\n'
    package = '[[package]]\nname = "funcnodes"\nversion = "2"\nsource = {registry = "x"}\n'
    foreign = f'requires-python = "==3.11.*"\n{package}'

    assert not is_exact(text, foreign)
    assert not is_exact(text, 'requires-python = ">=3.11"\n')
    assert not is_exact(text, "no toml [")
