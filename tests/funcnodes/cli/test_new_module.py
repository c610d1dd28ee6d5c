"""`funcnodes new-module`: what it makes works at once."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from funcnodes.cli import main
from funcnodes.cli.module_template import files_of
from funcnodes.environment.catalog import installed_modules
from funcnodes.environment.own_source import source_of

from funcnodes import __version__

ROOT = Path(__file__).resolve().parents[3]
UV = (sys.executable, "-m", "uv")


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
def test_it_is_installed_tested_and_found_in_a_fresh_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the guide's own command: a venv of its own with our core, not the index's; a worker finds it."""
    module = made(tmp_path)
    monkeypatch.setenv("UV_CACHE_DIR", run(*UV, "cache", "dir", cwd=ROOT).strip())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    assert "3 passed" in run(*UV, "run", "pytest", "-q", cwd=module)
    assert not (tmp_path / "home" / ".funcnodes").exists()
    (packages,) = (module / ".venv" / "lib").glob("python*/site-packages")
    assert [found.name for found in installed_modules(packages)] == ["funcnodes-rain"]
    (core,) = packages.glob("funcnodes_core-*.dist-info")
    assert core.name == f"funcnodes_core-{__version__}.dist-info"


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ({}, None),
        ({"url": "file:///a/b", "dir_info": {"editable": True}}, {"path": "/a/b", "editable": True}),
        ({"url": "file:///a/b.whl", "archive_info": {}}, {"path": "/a/b.whl"}),
        ({"url": "https://h/b.whl", "archive_info": {}}, {"url": "https://h/b.whl"}),
        (
            {"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "ab"}, "subdirectory": "core"},
            {"git": "https://h/r", "rev": "ab", "subdirectory": "core"},
        ),
    ],
)
def test_it_takes_our_core_from_where_this_machine_has_it(
    said: dict[str, Any], source: dict[str, str | bool] | None
) -> None:
    """And whoever tests it elsewhere takes the index's, if that is ours."""
    assert source_of(said) == source
    files = files_of("funcnodes-rain", "funcnodes_rain", source)
    project = tomllib.loads(files["pyproject.toml"])
    assert project.get("tool", {}).get("uv", {}).get("sources", {}).get("funcnodes-core") == source
    assert project["project"]["dependencies"] == ["funcnodes-core>=3"]
    is_here = source is not None and "path" in source
    assert ("--no-sources" in files[".github/workflows/tests.yml"]) is is_here


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
