"""New ids for nodes, ports, groups and nodespaces."""

from __future__ import annotations

import os

__all__ = ["new_id"]


def new_id() -> str:
    """Return what `uuid.uuid4().hex` would, in a third of the time and without importing it."""
    drawn = os.urandom(16).hex()
    return f"{drawn[:12]}4{drawn[13:16]}{'89ab'[int(drawn[16], 16) & 3]}{drawn[17:]}"
