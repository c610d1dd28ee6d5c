"""Lists of floats as they lie in memory: the very same numbers, or not at all."""

from __future__ import annotations

import struct
from array import array
from typing import Any

import pytest
from funcnodes.client.mirror import NPY, value_of
from funcnodes_worker.runtime.sources import FLOATS_AT_ONCE, exact_floats, npy_of_floats
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=9), st.binary(max_size=8)
)


def written(items: list[Any]) -> bytes | None:
    steps = npy_of_floats(items)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@given(st.lists(st.floats(), min_size=1))
def test_floats_come_back_bit_by_bit(items: list[float]) -> None:
    raw = exact_floats(items)
    assert raw == struct.pack(f"<{len(items)}d", *items)
    whole = written(items)
    assert whole is not None
    assert array("d", value_of(NPY, whole)).tobytes() == array("d", items).tobytes()


@given(st.lists(SCALARS))
def test_anything_else_among_them_is_seen(items: list[Any]) -> None:
    is_all_floats = bool(items) and {*map(type, items)} == {float}
    assert (exact_floats(items) is not None) is is_all_floats


@pytest.mark.parametrize("place", [0, FLOATS_AT_ONCE - 1, FLOATS_AT_ONCE, 2 * FLOATS_AT_ONCE])
def test_one_integer_among_very_many_is_seen(place: int) -> None:
    items: list[Any] = [0.5] * (2 * FLOATS_AT_ONCE + 1)
    whole = written(items)
    assert whole is not None
    assert value_of(NPY, whole) == items
    items[place] = 3
    assert written(items) is None


class Odd(float):
    """A float of a module."""


def test_floats_of_other_kinds_and_what_cannot_be_written_are_none() -> None:
    for other in (Odd(1.0), object(), 10**400, [1.0]):
        assert exact_floats([1.0, other]) is None
