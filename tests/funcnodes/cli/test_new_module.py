"""`funcnodes new-module`: what it makes works at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from funcnodes.cli import main
from funcnodes.environment.catalog import installed_modules

ROOT = Path(__file__).resolve().parents[3]


def made(folder: Path, name: str = "funcnodes-rain") -> Path:
    """Return the folder of a new module."""
    assert main.run(["new-module", name, "--into", str(folder)]) == 0
    return folder / "funcnodes-rain"


def run(*command: str, cwd: Path) -> str:
    """Run a program to its good end and return what it printed."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_its_tests_pass_at_once(tmp_path: Path) -> None:
    """With the tools at hand; any way of writing the name gives the same names."""
    module = made(tmp_path, "Funcnodes_Rain")
    said = run(sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=module)
    assert "3 passed" in said


@pytest.mark.registry
@pytest.mark.timeout(180)
def test_it_is_installed_tested_and_found_in_a_fresh_environment(tmp_path: Path) -> None:
    """What its author and its CI do: a venv of its own, the module in it, pytest; a worker would find it."""
    module, python = made(tmp_path), tmp_path / "venv" / "bin" / "python"
    uv = (sys.executable, "-m", "uv")
    run(*uv, "venv", "--python", sys.executable, str(tmp_path / "venv"), cwd=tmp_path)
    ours = ["-e", str(ROOT / "funcnodes_core")]
    install = [*uv, "pip", "install", "--python", str(python), *ours]
    run(*install, "-e", str(module), "--group", f"{module / 'pyproject.toml'}:dev", cwd=tmp_path)
    assert "3 passed" in run(str(python), "-m", "pytest", "-q", cwd=module)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    assert [found.name for found in installed_modules(packages)] == ["funcnodes-rain"]


@pytest.mark.parametrize("name", ["", "1", "class", "a b", "../x", "-x"])
def test_a_name_that_no_package_can_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """It is said, and nothing is made."""
    assert main.run(["new-module", "--into", str(tmp_path), "--", name]) == 2
    assert "cannot be the name of a package" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An author's work is not overwritten."""
    (tmp_path / "funcnodes-rain").mkdir()
    assert main.run(["new-module", "funcnodes-rain", "--into", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert list((tmp_path / "funcnodes-rain").iterdir()) == []
