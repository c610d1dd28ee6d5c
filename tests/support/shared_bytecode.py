"""A base folder that has the bytecode of its forerunners in this run, as one in use has it."""

from __future__ import annotations

from pathlib import Path

import pytest


def share_bytecode(base: Path, factory: pytest.TempPathFactory) -> Path:
    """Return the base folder, made now, with a store of bytecode that others of this run fill too.

    For tests that start workers in environments of their own: compiling is most of what those cost, and
    `environment/test_bytecode.py` looks after it.
    """
    kept = factory.getbasetemp() / "bytecode"
    kept.mkdir(exist_ok=True)
    base.mkdir(mode=0o700, parents=True)
    (base / "cache").mkdir()
    (base / "cache" / "bytecode").symlink_to(kept, target_is_directory=True)
    return base
