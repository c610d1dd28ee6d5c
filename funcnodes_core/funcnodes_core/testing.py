"""Help for tests of node modules: settings kept apart from the user's own."""

from __future__ import annotations

from typing import Any

from funcnodes_core import config

__all__ = ["setup", "teardown"]


def setup(*_: Any, **__: Any) -> None:
    """Keep the settings in a temporary folder from now on."""
    config.set_in_test()


def teardown(*_: Any, **__: Any) -> None:
    """Say that the test is over; the settings stay apart, as other tests may follow."""
