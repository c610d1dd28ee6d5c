"""The properties of a graph that mean something to us; all others are kept as they are.

Owns their names and what they may hold, so that a document and a living graph refuse the same.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CYCLE_LIMIT", "HIGHEST_CYCLE_LIMIT", "wanted_for"]

CYCLE_LIMIT = "cycle_limit"
"""How often a cycle goes round without a cause from outside before it is stopped."""

HIGHEST_CYCLE_LIMIT = 1_000_000_000


def wanted_for(key: str, value: Any) -> str | None:
    """Return what the property takes in place of this value, or None when the value is fine."""
    if key != CYCLE_LIMIT:
        return None
    if type(value) is int and 1 <= value <= HIGHEST_CYCLE_LIMIT:
        return None
    return f"a whole number from 1 to {HIGHEST_CYCLE_LIMIT}"
