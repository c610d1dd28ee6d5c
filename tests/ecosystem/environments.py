"""Environments with our five wheels and published packages, and the published tests run inside them.

Owns how an environment is made, where a source distribution comes from, and how a run of its tests is
read. What is expected of which package stands in the tests. Published sources are run, never read.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from funcnodes.environment.manifest import OURS
from funcnodes.environment.origin import own_build
from funcnodes.environment.state import python_in
from funcnodes.environment.uv import find_uv

ROOT = Path(__file__).resolve().parents[2]
EDITOR = "funcnodes-react-flow"


def run(*command: str | Path, cwd: Path, limit_s: float, home: Path | None = None) -> str:
    """Return what a program printed; it must succeed. At its limit it is ended with all it started."""
    code, said, complaint = run_any(*command, cwd=cwd, limit_s=limit_s, home=home)
    assert code == 0, f"{' '.join(map(str, command))}\n{said[-4000:]}\n{complaint[-4000:]}"
    return said


def run_any(
    *command: str | Path, cwd: Path, limit_s: float, home: Path | None = None
) -> tuple[int, str, str]:
    """Return how a program ended and what it said."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("FUNCNODES_", "PYTEST_", "COV_"))
    }
    if home is not None:
        environment["HOME"] = str(home)
    with subprocess.Popen(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, complaint = process.communicate(timeout=limit_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, said, complaint


def uv(*arguments: str | Path, cwd: Path, limit_s: float = 120) -> str:
    """Return what uv printed; it must succeed."""
    program = find_uv()
    assert program is not None
    return run(program, *arguments, cwd=cwd, limit_s=limit_s)


def build_wheels(folder: Path) -> dict[str, Path]:
    """Return our five wheels by name.

    The editor's bundle matters to no published module: its wheel is repacked from what is installed here, so
    that no node is needed and nothing of the page is built.
    """
    for name in OURS:
        if name != EDITOR:
            uv(
                "build",
                "-q",
                "--package",
                name,
                "--wheel",
                "--python",
                sys.executable,
                "-o",
                folder,
                cwd=ROOT,
            )
    shutil.copy(own_build(folder / "cache").wheels[EDITOR], folder)
    return {path.name.partition("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *requirements: str | Path, limit_s: float = 120) -> Environment:
        """Return a fresh environment with these packages; the registry gives what is no file."""
        folder.mkdir(parents=True)
        uv("venv", "-q", "--python", sys.executable, folder / "venv", cwd=folder)
        made = cls(folder)
        wanted = ("pip", "install", "-q", "--python", made.python, *requirements)
        uv(*wanted, cwd=folder, limit_s=limit_s)
        return made

    @property
    def python(self) -> Path:
        """The interpreter."""
        return python_in(self.folder / "venv")

    def versions(self) -> dict[str, str]:
        """Return all installed distributions with their versions."""
        listed = json.loads(
            uv("pip", "list", "-q", "--format", "json", "--python", self.python, cwd=self.folder)
        )
        return {entry["name"]: entry["version"] for entry in listed}

    def program(self, program: Path, *arguments: str, limit_s: float = 60) -> str:
        """Return what a program prints that runs here, in a home of its own and away from the checkout."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return run(self.python, "-I", program, *arguments, cwd=home, limit_s=limit_s, home=home)

    def run_tests(self, folder: Path, limit_s: float) -> Outcome:
        """Return how the tests below a folder ended."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        report = self.folder / "report.xml"
        code, said, complaint = run_any(
            self.python, "-m", "pytest", "-q", "-W", "ignore", f"--junitxml={report}", folder.name,
            cwd=folder.parent, limit_s=limit_s, home=home,
        )  # fmt: skip
        assert report.exists(), f"pytest ended with {code}\n{said[-4000:]}\n{complaint[-4000:]}"
        return Outcome.read(report, said)


@dataclass(frozen=True)
class Outcome:
    """How a run of tests ended."""

    passed: int
    failed: tuple[str, ...]
    """Tests that failed or could not be set up, by name."""
    skipped: tuple[str, ...]
    said: str

    @classmethod
    def read(cls, report: Path, said: str) -> Outcome:
        """Return what pytest's own report of a run says."""
        passed, failed, skipped = 0, list[str](), list[str]()
        # Written a moment ago by pytest in an environment of ours.
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            ends = {ending.tag for ending in case}
            if ends & {"failure", "error"}:
                failed.append(name)
            elif "skipped" in ends:
                skipped.append(name)
            else:
                passed += 1
        return cls(passed, tuple(failed), tuple(skipped), said)

    def __str__(self) -> str:
        return f"{self.passed} passed, failed: {list(self.failed)}, skipped: {list(self.skipped)}"


def published_tests(tools: Environment, requirement: str, folder: Path) -> Path:
    """Return the tests folder of a source distribution, unpacked without the package itself.

    So the tests meet what is installed, never the sources beside them.
    """
    sources_only = ("--no-binary", ":all:", "--no-deps", "--no-build-isolation")
    download = ("-m", "pip", "download", "-q", *sources_only, "-d", folder, requirement)
    run(tools.python, *download, cwd=tools.folder, limit_s=90)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        members = [member for member in sources.getmembers() if "/src/" not in f"{member.name}/"]
        sources.extractall(folder, members=members, filter="data")
    [tests] = folder.glob("*/tests")
    return tests


def names_of_ours(versions: dict[str, str]) -> dict[str, str]:
    """Return which of our five are installed in which version."""
    return {name: version for name, version in versions.items() if name in OURS}
