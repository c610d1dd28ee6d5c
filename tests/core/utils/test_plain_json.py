"""Plain values are written in one go, and exactly as the encoders would have written them."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import time
from collections import OrderedDict
from typing import Any

import pytest
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.serialization import ByteEncoder, Encdata, JSONEncoder, plain_json
from hypothesis import given
from hypothesis import strategies as st


class Colour(enum.IntEnum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_in_one_go_is_what_the_encoders_write(value: Any) -> None:
    text = plain_json(value)
    if text is not None:
        assert json.loads(text) == json.loads(JSONEncoder().encode(value))


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED, [Colour.RED], {"a": Colour.RED}, datetime.date(2020, 1, 1), [b"x"], Point(1), [NoValue],
        {1: 2}, {None: 1}, OrderedDict(a=1), 2**70, [-(2**70)], "\ud800", {"\ud800": 1}, {1, 2},
    ],
)  # fmt: skip
def test_what_an_encoder_may_want_to_write_is_left_to_it(value: Any) -> None:
    """Each of these is written in another way by an encoder than msgspec would."""
    assert plain_json(value) is None


def test_a_value_that_contains_itself_is_left_to_who_says_so() -> None:
    value: list[Any] = []
    value.append(value)
    assert plain_json(value) is None
    with pytest.raises(ValueError, match="contains itself"):
        ByteEncoder.encode(value)


def test_a_module_that_writes_plain_types_in_its_own_way_is_asked() -> None:
    def shout(obj: str, preview: bool = False) -> Encdata:
        return Encdata(data=obj.upper(), done=True, handeled=True)

    JSONEncoder.prepend_encoder(shout, [str])
    try:
        assert plain_json(["a"]) is None
        assert ByteEncoder.encode(["a"]).data == b'["A"]'
    finally:
        JSONEncoder.encoder_registry[str].remove(shout)
    assert plain_json(["a"]) == b'["a"]'


@pytest.mark.alone
def test_many_floats_take_a_fraction_of_the_walk() -> None:
    """In one run, so that what else the machine does counts for both."""
    value = [number / 7 for number in range(60_000)]
    begun = time.perf_counter()
    quick = plain_json(value)
    between = time.perf_counter()
    slow = json.dumps(JSONEncoder.apply_custom_encoding(value)).encode()
    ended = time.perf_counter()
    assert quick is not None
    assert json.loads(quick) == json.loads(slow)
    assert (between - begun) * 3 < ended - between


class Counting(list[int]):
    """A list that counts how many of its items were looked at."""

    looked = 0

    def __iter__(self) -> Any:
        for item in super().__iter__():
            self.looked += 1
            yield item


def test_a_preview_looks_at_no_more_items_than_it_shows() -> None:
    value = Counting(range(100_000))
    assert JSONEncoder.apply_custom_encoding(value, preview=True) == list(range(10))
    assert value.looked <= 11
