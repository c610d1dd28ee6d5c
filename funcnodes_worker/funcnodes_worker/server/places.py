"""What the place and the size of a node may be when a client sets them.

Owns the rule for commands. A saved graph may hold anything there; clients place such a node themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, cast

from msgspec import UNSET

from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.server.shapes import COLLAPSED, POSITION, SIZE


def check_places(properties: Mapping[str, Any]) -> None:
    """Return when place and size among these properties are some, or are taken away; else `InvalidParams`."""
    for key in (POSITION, SIZE):
        if not _is_none(value := properties.get(key)) and not _are_two_numbers(value):
            raise InvalidParams(f"{key!r} is a list of two numbers, like [120, 80]; nothing was changed")
    if not _is_none(value := properties.get(COLLAPSED)) and not isinstance(value, bool):
        raise InvalidParams(f"{COLLAPSED!r} is true or false; nothing was changed")


def _is_none(value: object) -> bool:
    return value is None or value is UNSET


def _are_two_numbers(value: object) -> bool:
    if not isinstance(value, list | tuple):
        return False
    parts = cast("list[object]", value)
    return len(parts) == 2 and all(
        isinstance(part, int | float) and not isinstance(part, bool) and isfinite(part) for part in parts
    )
