"""A worker with an environment of its own, and wheels of a few bytes to put there."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.environment.provision import Provisioner
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import Heard
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels
from tests.support.shared_bytecode import share_bytecode


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    base = Base(share_bytecode(tmp_path_factory.mktemp("environments") / "base", tmp_path_factory))
    prepare_base(base)
    return base


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shelf_of_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def provisioner(base: Base, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Provisioner:
    monkeypatch.setenv("UV_FIND_LINKS", str(shelf))
    return Provisioner(base)


@pytest.fixture
async def home(base: Base, provisioner: Provisioner, request: pytest.FixtureRequest) -> WorkerHome:
    """A worker with its own environment, settled."""
    number = len(list(base.workers.iterdir()))
    home = WorkerHome(base, f"w{number}")
    await provisioner.create(home, Heard())
    await provisioner.settle(home)
    return home


@pytest.fixture
def cached(home: WorkerHome, base: Base, monkeypatch: pytest.MonkeyPatch) -> Provisioner:
    """Who changes `home` without asking the registry of each package whether there is a newer one.

    For tests of what happens around an installation: what they install lies on the shelf.
    """
    monkeypatch.setenv("UV_OFFLINE", "1")
    return Provisioner(base)
