"""Where uv cannot run: the same transactions with virtualenv and pip."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from funcnodes.environment import state
from funcnodes.environment.errors import PackageNotFound
from funcnodes.environment.manifest import OURS
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.venv import Pip
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels

# A minute of pip: the same steps with uv run in every test run.
pytestmark = [pytest.mark.registry, pytest.mark.soak]


def versions(home: WorkerHome) -> dict[str, str]:
    """What is really installed in the worker's current environment."""
    code = "import json; from importlib.metadata import distributions as d; "
    code += "print(json.dumps({x.name.replace('_', '-'): x.version for x in d()}))"
    command = [state.python_of(home), "-I", "-c", code]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def test_pip_adds_refuses_and_rebuilds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(make_shelf_of_wheels(tmp_path / "wheels")))
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
