"""The browser editor's build hook: without node too, only when needed, never in a developer's way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from funcnodes.environment.uv import find_uv

pytestmark = pytest.mark.registry

PACKAGE = Path(__file__).resolve().parents[2] / "funcnodes_react_flow"
WRITES_A_PAGE = """
const fs = require("fs"), folder = "funcnodes_react_flow/static";
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(folder + "/index.html", process.version + " " + Date.now());
"""
FAILS = "console.error('the page does not build'); process.exit(1);"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Our package with a page of one line in place of the editor."""
    folder = tmp_path / "project"
    (folder / "funcnodes_react_flow").mkdir(parents=True)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "funcnodes_react_flow/__init__.py"):
        shutil.copyfile(PACKAGE / name, folder / name)
    package = {
        "name": "page",
        "version": "1.0.0",
        "private": True,
        "scripts": {"build": "node src/build.cjs"},
    }
    lock = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "page"}}}
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "src").mkdir()
    (folder / "src" / "build.cjs").write_text(WRITES_A_PAGE)
    return folder


def build(project: Path, *, path: str | None = None) -> subprocess.CompletedProcess[str]:
    uv = find_uv()
    assert uv is not None
    command = [
        uv,
        "build",
        "--wheel",
        "--python",
        sys.executable,
        "--out-dir",
        str(project.parent / "wheels"),
    ]
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def page(project: Path) -> str:
    return (project / "funcnodes_react_flow" / "static" / "index.html").read_text()


def without_node(tmp_path: Path) -> str:
    """Return a PATH with the few programs a build needs, node not among them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env"):
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return str(folder)


def test_a_wheel_holds_the_page_and_it_is_built_once(project: Path) -> None:
    assert build(project).returncode == 0
    first = page(project)
    assert build(project).returncode == 0

    assert page(project) == first
    with zipfile.ZipFile(next((project.parent / "wheels").glob("*.whl"))) as wheel:
        assert wheel.read("funcnodes_react_flow/static/index.html").decode() == first
        assert not [name for name in wheel.namelist() if "src/" in name or "node_modules" in name]

    (project / "src" / "more.ts").write_text("export const more = 1;\n")
    assert build(project).returncode == 0
    assert page(project) != first


def test_a_machine_without_node_builds_it_too(project: Path, tmp_path: Path) -> None:
    """The hook asks for a node of the pinned major, in the build's own environment."""
    ended = build(project, path=without_node(tmp_path))

    assert ended.returncode == 0, ended.stderr
    assert page(project).startswith("v22.")


def test_a_page_that_does_not_build_fails_a_wheel_but_not_a_checkout(project: Path, tmp_path: Path) -> None:
    """A developer gets everything but the page, and no half-built one."""
    (project / "src" / "build.cjs").write_text(FAILS)

    ended = build(project)
    assert ended.returncode != 0
    assert "the page does not build" in ended.stderr

    uv, venv = find_uv(), tmp_path / "venv"
    assert uv is not None
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(venv), "-e", str(project)], check=True)
    code = "import funcnodes_react_flow as f; print(f.static_folder())"
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    assert (
        subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "None"
    )


def test_without_a_page_project_nothing_is_built(project: Path) -> None:
    (project / "package.json").unlink()

    assert build(project).returncode == 0
    assert not (project / "funcnodes_react_flow" / "static").exists()
