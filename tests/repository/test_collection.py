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
    ("paths", "limit_s"),
    [
        (("tests/core", "tests/basic"), 100),
        # At a load of 20 on two cores one of them took 116 s.
        pytest.param(("tests",), 600, marks=[pytest.mark.soak, pytest.mark.timeout(700)]),
    ],
    ids=["core and basic", "all"],
)
def test_every_process_collects_the_same_tests_in_the_same_order(
    paths: tuple[str, ...], limit_s: float
) -> None:
    """No id shows an address, none comes from the order of a set."""
    lists: list[list[str]] = []
    processes = [collecting(seed, *paths) for seed in ("1", "2")]
    try:
        for process in processes:
            said, _ = process.communicate(timeout=limit_s)
            assert process.returncode == 0, said
            lists.append([line for line in said.splitlines() if "::" in line])
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert lists[0] == lists[1]
    assert len(lists[0]) > 500
