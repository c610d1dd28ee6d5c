"""New ids for nodes, ports, groups and nodespaces."""

from __future__ import annotations

import os

__all__ = ["new_id"]


_BYTES, _AT_ONCE = 16, 64
_drawn: list[str] = []
"""Drawn and not given out yet: each draw is a call of the system, which lets other threads go first."""


def new_id() -> str:
    """Return what `uuid.uuid4().hex` would, in a third of the time and without importing it."""
    try:
        drawn = _drawn.pop()
    except IndexError:
        text = os.urandom(_BYTES * _AT_ONCE).hex()
        size = 2 * _BYTES
        _drawn.extend(text[at : at + size] for at in range(size, len(text), size))
        drawn = text[:size]
    return f"{drawn[:12]}4{drawn[13:16]}{'89ab'[int(drawn[16], 16) & 3]}{drawn[17:]}"


if hasattr(os, "register_at_fork"):
    # Else parent and child would give out the same.
    os.register_at_fork(after_in_child=_drawn.clear)
