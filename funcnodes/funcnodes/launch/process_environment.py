"""The process environment of a worker: ours, without what would lead its interpreter astray. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_LEFT_OUT = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"})
_LEFT_OUT_BEGINNINGS = ("UV_",)


def worker_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker is started with.

    `PYTHONPATH` and `PYTHONHOME` would lend it modules its environment does not have, `VIRTUAL_ENV` and
    `UV_*` would send what it runs into another environment, and without bytecode each start takes twice as
    long.
    """
    return {
        name: value
        for name, value in ours.items()
        if name.upper() not in _LEFT_OUT and not name.upper().startswith(_LEFT_OUT_BEGINNINGS)
    }
