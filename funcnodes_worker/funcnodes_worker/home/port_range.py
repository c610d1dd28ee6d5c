"""Which ports workers may take, as the environment of the process says."""

from __future__ import annotations

from collections.abc import Mapping

START, END = 9382, 9582
FIRST_PORT, LAST_PORT = "FUNCNODES_WS_WORKER_STARTPORT", "FUNCNODES_WS_WORKER_ENDPORT"
"""The variables that name another range."""


def port_range(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return the first and the last port; what is no number counts as not said."""
    first = _number(environment, FIRST_PORT, START)
    return first, max(first, _number(environment, LAST_PORT, END))


def _number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    given = environment.get(name, "")
    return int(given) if given.isdecimal() else otherwise
