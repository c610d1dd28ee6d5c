"""Another Python for a worker: found on this machine, or refused with what is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from funcnodes.environment import manifest, state
from funcnodes.environment.errors import BadRequest, PythonNotFound
from funcnodes.environment.interpreters import OWN, Python, choose, find_pythons
from funcnodes.environment.provision import Provisioner
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import Heard, run


def script(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder / name


async def test_without_uv_the_path_is_searched(tmp_path: Path) -> None:
    """Also the versions of pyenv, whose scripts on the path run only the one that is chosen."""
    newer = script(tmp_path / "bin", "python3.57")
    script(tmp_path / "bin", "python3.9")
    script(tmp_path / "bin", "python3.57-config")
    script(tmp_path / "shims", "python3.58")
    real = script(tmp_path / "pyenv" / "versions" / "3.58.1" / "bin", "python3.58")
    environment = {
        "PATH": os.pathsep.join([str(tmp_path / "shims"), str(tmp_path / "bin")]),
        "PYENV_ROOT": str(tmp_path / "pyenv"),
    }

    assert await find_pythons(None, environment) == (
        OWN,
        Python("3.57", str(newer)),
        Python("3.58", str(real)),
    )


def test_a_python_that_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(PythonNotFound) as refused:
        choose("3.99", [Python("3.12.1", "/usr/bin/python3.12")])

    assert str(refused.value) == (
        "there is no Python 3.99 on this machine; there is 3.12.1 (/usr/bin/python3.12). "
        "Choose one of these, or install it first: FuncNodes downloads none"
    )
    assert choose(OWN.minor, []) == OWN


@pytest.mark.parametrize("given", ["3.10", "2.7", "three", "3.12; rm", "", "3.12.1"])
def test_what_is_no_python_for_a_worker_is_refused(given: str) -> None:
    with pytest.raises(BadRequest):
        manifest.new_manifest(given)


def test_the_chosen_python_stands_in_the_manifest() -> None:
    wheels = {name: Path(f"/wheels/{name}.whl") for name in manifest.OURS}
    own = f"=={sys.version_info.major}.{sys.version_info.minor}.*"

    assert manifest.chosen_python(manifest.new_manifest()) is None
    assert manifest.required_python(manifest.with_origin(manifest.new_manifest(), wheels)) == own
    chosen = manifest.with_origin(manifest.new_manifest("3.13"), wheels)
    assert (manifest.chosen_python(chosen), manifest.required_python(chosen)) == ("3.13", "==3.13.*")


@pytest.mark.registry
async def test_a_worker_runs_with_another_python(base: Base, provisioner: Provisioner, shelf: Path) -> None:
    """Its platform wheels are those of that Python; modules come and go as with any other."""
    others = [python for python in await provisioner.pythons() if python.minor != OWN.minor]
    if not others:
        pytest.skip("there is only one Python on this machine")
    python = others[0]
    home = WorkerHome(base, "other-python")
    home.folder.mkdir()
    home.project_file.write_text(manifest.new_manifest(python.minor))

    program = await provisioner.create(home, Heard())
    installed = await provisioner.install(home, "fntest-module", "1.0", Heard())

    assert run(program, "import sys; print('%d.%d' % sys.version_info[:2])") == python.minor
    assert run(program, "import msgspec, aiohttp, funcnodes_worker, fntest_module; print('ok')") == "ok"
    assert installed.packages == ("fntest-module",)
    assert state.site_packages(program.parent.parent).is_dir()


@pytest.mark.registry
async def test_uv_names_the_pythons_it_finds(provisioner: Provisioner) -> None:
    found = await provisioner.pythons()

    assert found[0] == OWN
    assert len({python.minor for python in found}) == len(found)
    for python in found:
        assert run(Path(python.path), "import platform; print(platform.python_version())") == python.version
