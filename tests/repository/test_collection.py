"""Tests are collected the same way in every process: else `pytest -n 2` runs none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def collecting(seed: str, *paths: str) -> subprocess.Popen[str]:
    """Return a pytest that collects with this seed of hashes, at addresses of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *paths],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "paths",
    [("tests/core", "tests/basic"), pytest.param(("tests",), marks=pytest.mark.soak)],
    ids=["core and basic", "all"],
)
def test_every_process_collects_the_same_tests_in_the_same_order(paths: tuple[str, ...]) -> None:
    """No id shows an address, none comes from the order of a set."""
    lists: list[list[str]] = []
    for process in [collecting(seed, *paths) for seed in ("1", "2")]:
        said, _ = process.communicate(timeout=100)
        assert process.returncode == 0, said
        lists.append([line for line in said.splitlines() if "::" in line])
    assert lists[0] == lists[1]
    assert len(lists[0]) > 500
