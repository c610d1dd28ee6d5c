"""What the tests of the manager, its environments and the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shared_bytecode import share_bytecode


@pytest.fixture
def shared_bytecode(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the base folder in a test's own folder have the bytecode that is known."""
    share_bytecode(tmp_path / "base", tmp_path_factory)
