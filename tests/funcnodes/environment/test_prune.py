"""Builds that nobody's lock names are removed, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.prune import prune_builds
from funcnodes.environment.repair import is_exact
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

CURRENT, LOCKED, DECIDED, PREVIOUS, PLANNED, OLD = (f"{number:016x}" for number in range(6))


def wheel(base: Base, build: str) -> str:
    return str(base.cache / "build" / build / "funcnodes-3.0.0-py3-none-any.whl")


def test_only_builds_that_nobody_names_go(tmp_path: Path) -> None:
    base = Base(tmp_path)
    for build in (CURRENT, LOCKED, DECIDED, PREVIOUS, PLANNED, OLD):
        folder = base.cache / "build" / build
        folder.mkdir(parents=True)
        (folder / "funcnodes-3.0.0-py3-none-any.whl").touch()
        lock = base.cache / "locks" / f"lock-{build}" / "uv.lock"
        lock.parent.mkdir(parents=True)
        lock.write_text(f'source = {{ path = "{wheel(base, build)}" }}')
    home = WorkerHome(base, "w1")
    write_worker_config(home, WorkerConfig(uuid="w1"))
    (home.environments / "planning").mkdir(parents=True)
    home.lock_file.write_text(wheel(base, LOCKED))
    (home.environments / "next.json").write_text(wheel(base, DECIDED))
    (home.environments / "previous.json").write_text(wheel(base, PREVIOUS))
    (home.environments / "planning" / "pyproject.toml").write_text(wheel(base, PLANNED))

    assert prune_builds(base, CURRENT) == [OLD]

    kept = {CURRENT, LOCKED, DECIDED, PREVIOUS, PLANNED}
    assert {entry.name for entry in (base.cache / "build").iterdir()} == kept
    assert {entry.name for entry in (base.cache / "locks").iterdir()} == {f"lock-{build}" for build in kept}
    assert prune_builds(base, CURRENT) == []


def test_where_there_is_nothing_nothing_goes(tmp_path: Path) -> None:
    assert prune_builds(Base(tmp_path), CURRENT) == []


@pytest.mark.registry
async def test_a_hello_clears_old_builds_away(provisioner: Provisioner, home: WorkerHome) -> None:
    """What the worker itself was built from stays, so it can be built again without network."""
    old = home.base.cache / "build" / OLD
    old.mkdir()

    await provisioner.settle(home)

    assert not old.exists()
    assert is_exact(home.project_file.read_text(), home.lock_file.read_text())
