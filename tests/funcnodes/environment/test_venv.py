"""Where uv cannot run: the same transactions with virtualenv and pip."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.environment import state
from funcnodes.environment.errors import PackageNotFound
from funcnodes.environment.manifest import OURS
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.request import asked
from funcnodes.environment.venv import Pip
from funcnodes.server.client import connect
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import run, versions
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels, make_wheel
from tests.support.fleet import base_in, manager_of, status_of

# A minute of pip: the same steps with uv run in every test run.
pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(1200)]


async def test_pip_adds_refuses_and_rebuilds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = make_shelf_of_wheels(tmp_path / "wheels")
    make_wheel(shelf, "fntest-mine", "6.6", "somebody else's")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    base = Base(tmp_path / "base")
    prepare_base(base)
    home = WorkerHome(base, "w1")
    provisioner = Provisioner(base, Pip(base.cache / "pip"))
    said: list[str] = []

    def heard(message: str, _fraction: float) -> None:
        said.append(message)

    await provisioner.create(home, heard)
    assert dict.fromkeys(OURS, "3.0.0").items() <= versions(home).items()

    added = await provisioner.install(home, "fntest-module", "1.0", heard)
    assert (added.live, str(added.difference)) == (True, "adds fntest-library 2.0, fntest-module 1.0")
    assert added.packages == ("fntest-module",)

    with pytest.raises(PackageNotFound, match="fntest-nothing"):
        await provisioner.install(home, "fntest-nothing", None, heard)

    changed = await provisioner.install(home, "fntest-library", "1.0", heard)
    await provisioner.prepare(home, heard)
    assert (changed.live, str(changed.difference)) == (False, "changes fntest-library 2.0 → 1.0")
    assert versions(home)["fntest-library"] == "1.0"
    assert "Resolving with pip" in said

    # Its folder, and not what an index has by that name; what is held stays.
    linked = await provisioner.apply(
        home, asked([(str(a_module(tmp_path / "my modules")), None)], may_link=True), heard
    )
    assert (linked.live, str(linked.difference)) == (True, "adds fntest-mine 0.1")
    assert run(state.python_of(home), "import fntest_mine; print(fntest_mine.MINE)") == "True"
    again = await provisioner.repair(home, heard)
    await provisioner.prepare(home, heard)
    assert again.damaged == {}
    assert versions(home).items() >= {"fntest-mine": "0.1", "fntest-library": "1.0"}.items()


def a_module(folder: Path) -> Path:
    """Return the source folder of a module."""
    (folder / "fntest_mine").mkdir(parents=True)
    (folder / "fntest_mine" / "__init__.py").write_text("MINE = True\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "fntest-mine"\nversion = "0.1"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    return folder


async def test_a_real_worker_lives_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made, started, given a module while it runs, taken out of it again with a restart, and repaired."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(make_shelf_of_wheels(tmp_path / "wheels")))
    monkeypatch.setattr("funcnodes.environment.installer.find_uv", lambda: None)
    base = base_in(tmp_path)
    async with manager_of(base, program=None) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        first, bare = await status_of(client, uuid), versions(home)
        await client.call("install", workerid=uuid, package="fntest-module", version="1.0")
        added, live = versions(home), await status_of(client, uuid)
        removed = await client.call("apply", workerid=uuid, remove=["fntest-module"])
        after, restarted = versions(home), await status_of(client, uuid)
        repaired = await client.call("repair", workerid=uuid)
        last = await status_of(client, uuid)

    assert (added["fntest-module"], live["pid"]) == ("1.0", first["pid"])
    assert removed["summary"] == "removes fntest-library 2.0, fntest-module 1.0"
    assert after == bare
    assert (restarted["phase"], restarted["pid"] != first["pid"]) == ("running", True)
    assert (repaired, last["phase"]) == ({"damaged": {}}, "running")
