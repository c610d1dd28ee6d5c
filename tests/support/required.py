"""Programs that some tests need: a machine without one skips them and says so; CI fails them."""

from __future__ import annotations

import os

import pytest


def required(path: str | None, program: str, package: str, variable: str) -> str:
    """Return the path found; skip the test (or fail it, where the variable says `required`) without one."""
    if path is None:
        what = variable.removeprefix("FUNCNODES_")
        reason = f"no {program} on this machine; `apt-get install {package}` brings one"
        if os.environ.get(variable) == "required":
            pytest.fail(f"{what} TEST IMPOSSIBLE: {reason}")
        pytest.skip(f"{what} TEST SKIPPED: {reason}")
    return path
