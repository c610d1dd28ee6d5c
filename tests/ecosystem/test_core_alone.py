"""The core works in an environment without worker and manager, also for authors with the published plugin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment

pytestmark = [pytest.mark.registry, pytest.mark.timeout(60)]

PROGRAMS = Path(__file__).parent / "programs"
SMALL = {
    "funcnodes-core",
    "cloudpickle",
    "exposedfunctionality",
    "msgspec",
    "pyyaml",
    "tqdm",
    "typing-extensions",
}


def test_the_core_runs_graphs_alone(wheels: dict[str, Path], tmp_path: Path) -> None:
    environment = Environment.make(tmp_path / "alone", wheels["funcnodes-core"])

    said = json.loads(environment.program(PROGRAMS / "core_alone.py"))

    assert said["missing"] == ["funcnodes", "funcnodes_worker", "pytest", "pytest_funcnodes"]
    assert said["modules"] == []
    assert said["values"] == [(1 + 5 + 2) * 2, (2 + 5 + 2) * 2], "5 is a default that was saved and loaded"
    assert said["written"] == [], "importing and running the core wrote into the user's home"
    assert set(environment.versions()) == SMALL


def test_the_published_plugin_serves_authors_with_the_core_alone(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    environment = Environment.make(tmp_path / "author", wheels["funcnodes-core"], "pytest-funcnodes")
    folder = tmp_path / "package" / "tests"
    folder.mkdir(parents=True)
    shutil.copy(PROGRAMS / "author_tests.py", folder / "test_author.py")

    outcome = environment.run_tests(folder, 30)

    assert (outcome.failed, outcome.skipped) == ((), ()), outcome.said
    assert outcome.passed == 3
    assert "funcnodes-worker" not in environment.versions()
