"""Whole workers whose environment is built as their flow was made: long ones, `test_as_made` is quick."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from funcnodes.environment import state
from funcnodes.environment.as_made import NEAREST, choose_versions, deviations, made_with
from funcnodes.environment.errors import EnvironmentProblem, NotAsMade
from funcnodes.environment.installer import find_installer
from funcnodes.environment.manifest import new_manifest, with_requirement
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.request import asked
from funcnodes.environment.venv import Pip
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.flow_lock import FlowLock, lock_of, write_flow_lock
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.little_index import LittleIndex
from tests.funcnodes.environment.looking import Heard, versions
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels, make_wheel

pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(600)]

DYING = """
import asyncio, os, sys
from pathlib import Path
from funcnodes.environment.provision import Provisioner
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome
folder, uuid, place = sys.argv[1:]
faults = lambda reached: os._exit(9) if reached == place else None
home = WorkerHome(Base(Path(folder)), uuid)
asyncio.run(Provisioner(home.base, faults=faults).create(home, lambda message, fraction: None))
"""


@dataclass(frozen=True)
class Made:
    """A worker whose environment was made here from an index that is gone since."""

    home: WorkerHome
    lock: FlowLock
    index: str
    """Its address, which is dead."""


@pytest.fixture(scope="module")
def made(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = WorkerHome(base, "maker")
    index = LittleIndex(make_shelf_of_wheels(tmp_path_factory.mktemp("index")))

    async def make() -> None:
        provisioner = Provisioner(base)
        await provisioner.create(home, Heard())
        wish = asked([("fntest-library", "1.0"), ("fntest-module", "1.0")])
        await provisioner.apply(home, wish, Heard())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_INDEX", index.url)
        asyncio.run(make())
    index.go_away()
    lock = lock_of(home.lock_file.read_text())
    assert lock is not None
    return Made(home, lock, index.url)


def opened(made: Made, lock: FlowLock | str, choice: str | None = None, **wishes: str) -> WorkerHome:
    """Return a worker as opening a flow makes it: not built, with the versions the flow came with."""
    number = len(list(made.home.base.workers.glob("opened*.json")))
    while (home := WorkerHome(made.home.base, f"opened{number}")).folder.exists():
        number += 1
    home.folder.mkdir()
    text = new_manifest()
    for name in wishes or {"fntest-module": ""}:
        text = with_requirement(text, name.replace("_", "-"))
    home.project_file.write_text(text)
    home.flow_lock_file.write_text(lock if isinstance(lock, str) else write_flow_lock(lock))
    write_worker_config(home, WorkerConfig(uuid=home.uuid, env_path=str(home.venv)))
    if choice is not None:
        choose_versions(home, choice)
    return home


async def problem_of(home: WorkerHome) -> EnvironmentProblem:
    """Return why an environment was not built; nothing of it is left."""
    with pytest.raises(EnvironmentProblem) as raised:
        await Provisioner(home.base).create(home, Heard())
    assert (state.head(home), home.lock_file.exists(), home.venv.exists()) == (None, False, False)
    assert made_with(home) is not None, "the choice is still to be made"
    return raised.value


async def test_with_a_dead_index_the_very_versions_are_built_from_the_cache(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the newest ones; the worker's own lock takes over once it has said hello."""
    monkeypatch.setenv("UV_INDEX", made.index)
    home = opened(made, made.lock)

    provisioner = Provisioner(home.base)
    await provisioner.create(home, Heard())
    await provisioner.settle(home)

    assert versions(home) == versions(made.home)
    assert versions(home)["fntest-library"] == "1.0"
    assert lock_of(home.lock_file.read_text()) == made.lock
    assert not home.flow_lock_file.exists()


async def test_where_uv_cannot_run_pip_builds_the_very_versions(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a flow whose lock uv wrote; what the worker says of itself then travels as well."""
    index = LittleIndex(make_shelf_of_wheels(tmp_path))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    home = opened(made, made.lock)

    provisioner = Provisioner(home.base, Pip(home.base.cache / "pip"))
    try:
        await provisioner.create(home, Heard())
        await provisioner.settle(home)
    finally:
        index.go_away()

    assert versions(home) == versions(made.home)
    assert not home.flow_lock_file.exists()
    own = lock_of(home.lock_file.read_text())
    assert own is not None
    assert {(p.name, p.version) for p in own.packages} == {(p.name, p.version) for p in made.lock.packages}
    assert list(deviations(made.lock, own)) == []


async def test_what_cannot_be_had_is_told_and_nothing_is_installed(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A version that was withdrawn, another Python, a folder of another machine, all at once."""
    index = LittleIndex(make_shelf_of_wheels(tmp_path))
    monkeypatch.setenv("UV_INDEX", index.url)
    (tmp_path / "fntest_library-1.0-py3-none-any.whl").unlink()
    lock = msgspec.structs.replace(made.lock, python="3.98", linked={"my-module": "0.1"})
    try:
        problem = await problem_of(opened(made, lock))
    finally:
        index.go_away()

    assert isinstance(problem, NotAsMade)
    there = ", ".join(
        sorted({python.minor for python in await find_installer(made.home.base.cache).pythons()})
    )
    assert problem.missing == (
        f"it needs Python 3.98, and there is {there}",
        "my-module was taken from a folder or an address of the machine it was made on, and is not here",
        "fntest-library 1.0 is not to be had for this Python and platform (2.0 would take its place)",
    )
    assert "`--versions nearest` builds it" in str(problem)
    assert "`--versions none` opens the flow without it" in str(problem)


async def test_the_nearest_versions_are_built_when_that_is_chosen(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All others stay the very ones; a module that was linked elsewhere is not asked of any index."""
    index = LittleIndex(make_shelf_of_wheels(tmp_path))
    make_wheel(tmp_path, "my-module", "6.6", "", has_nodes=True)
    monkeypatch.setenv("UV_INDEX", index.url)
    (tmp_path / "fntest_library-1.0-py3-none-any.whl").unlink()
    lock = msgspec.structs.replace(made.lock, python="3.98", linked={"my-module": "0.1"})
    home = opened(made, lock, NEAREST)
    try:
        await Provisioner(home.base).create(home, Heard())
    finally:
        index.go_away()

    assert versions(home) == {**versions(made.home), "fntest-library": "2.0"}


@pytest.mark.parametrize("place", ["as made", "built", "first decided"])
async def test_killed_at_a_step_it_is_built_at_the_next_start(
    made: Made, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("UV_INDEX", made.index)
    home = opened(made, made.lock)
    died = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, str(home.base.folder), home.uuid, f"provision:{place}"
    )
    assert await died.wait() == 9

    await Provisioner(home.base).prepare(home, Heard())

    assert versions(home) == versions(made.home)
