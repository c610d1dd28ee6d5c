"""How many examples property tests try: some in the usual run, many in `make soak`."""

from __future__ import annotations

import pytest
from hypothesis import settings

SAID = 100
"""What a test's own figure is to be compared with: one that says none has as many."""
USUAL, LONG = 40, 500
"""The same in the usual run, and in the long one."""

settings.register_profile("usual", max_examples=USUAL, deadline=None)
settings.register_profile("long", max_examples=LONG, deadline=None)


def part_of(count: int) -> int:
    """Return how many examples this run tries where a test says so many."""
    assert settings.default is not None
    return max(1, count * settings.default.max_examples // SAID)


def is_long_run(config: pytest.Config) -> bool:
    """Tell whether the long figures were asked for."""
    return config.getoption("markexpr") == "soak"


def set_profile(config: pytest.Config) -> None:
    """Load the profile of this run. Called before any test is imported."""
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile("long" if is_long_run(config) else "usual")


def take_property_tests_along(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a long run have the property tests too. Called before it is decided which tests are left out."""
    if is_long_run(config):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(pytest.mark.soak)
