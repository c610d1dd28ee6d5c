"""What the fleet's tests share."""

from __future__ import annotations

import pytest
from funcnodes.fleet import limits

_TIMES = ("RUN_IS_LONG_S", "DEAF_AFTER_S", "ASK_DEAF_LIMIT_S", "TERMINATE_LIMIT_S")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manager in this process that gives a worker which does not hear a tenth of the usual times.

    For tests of what follows; `test_a_deaf_worker_is_named_and_can_be_killed` holds the times themselves.
    """
    for name in _TIMES:
        monkeypatch.setattr(limits, name, getattr(limits, name) / 10)
