"""What the ecosystem's tests share: our wheels, made once, and what is printed at the end about versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment, build_wheels

_report: list[str] = []


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
def note() -> list[str]:
    """Lines for the end of the run."""
    return _report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which versions were met, and which had to be pinned."""
    if _report:
        terminalreporter.section("published packages")
        for line in _report:
            terminalreporter.write_line(line)
