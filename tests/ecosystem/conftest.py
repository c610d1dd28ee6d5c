"""What the ecosystem's tests share: our wheels, made once, and what is printed at the end about versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment, build_wheels
from tests.support import notes


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Our five packages as wheels."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What fetches source distributions: uv does not; pip does, and runs their build backends."""
    folder = tmp_path_factory.mktemp("tools") / "tools"
    return Environment.make(folder, "pip", "hatchling", "setuptools", "poetry-core")


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines for the end of the run: which versions were met, and which had to be pinned."""
    lines: list[str] = []
    yield lines
    notes.say(request.node, "published packages", lines)
