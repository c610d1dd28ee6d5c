"""Previews: bounded while they are made, honest about what was cut."""

from __future__ import annotations

import array
import collections
import dataclasses
import enum
import json
import math
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from funcnodes_core.novalue import NoValue
from funcnodes_worker.runtime.feed import preview_of
from funcnodes_worker.runtime.previews import full_value, is_json, make_preview
from funcnodes_worker.server.frames import json_value, our_preview, result_frame, value_frame


@dataclasses.dataclass
class Point:
    x: int
    y: float


class Colour(enum.Enum):
    RED = "r"


class Endless(Mapping[str, int]):
    """A mapping so large that walking it whole would never end."""

    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            yield str(number)
            number += 1

    def __len__(self) -> int:
        return 10**12


def shown(value: object) -> Any:
    preview = make_preview(value)
    assert preview is not None
    return json.loads(preview.data) if preview.mime == "application/json" else preview.data.decode()


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (5, 5), (2.5, 2.5), (True, True), (None, None), ("text", "text"), ("", ""), ("\ud800", "?"),
        (float("nan"), None), (float("inf"), None), (2**80, str(2**80)), (2**53, 2**53),
        ([1, (2, {3})], [1, [2, [3]]]), ({1: "a"}, {"1": "a"}), (Path("a/b"), "a/b"),
        (Point(1, 2.5), {"x": 1, "y": 2.5}), ([NoValue], ["<NoValue>"]),
    ],
)  # fmt: skip
def test_what_is_shown(value: object, seen: object) -> None:
    assert shown(value) == seen


@pytest.mark.parametrize(
    ("value", "summary"),
    [
        (float("nan"), "nan"), (float("-inf"), "-inf"), (np.float64("inf"), "inf"), (None, ""), (1.5, ""),
        (list(range(1000)), "1,000 items"), ([1], ""), (set(range(11)), "11 items"),
        (dict.fromkeys(range(101)), "101 keys"), ("x" * 2000, "2,000 characters"), (["x" * 2000], "1 item"),
        (np.zeros((20, 3)), "20 \u00d7 3"), (pd.DataFrame({"a": range(1000)}), "1,000 \u00d7 1"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_told_in_a_word(value: object, summary: str) -> None:
    """Infinity was shown as None, and the beginning of a list as if it were the whole."""
    preview = make_preview(value)
    assert preview is not None
    told = our_preview(preview) or {}
    assert (preview.summary, told.get("summary", "")) == (summary, summary)


def test_a_librarys_number_is_shown_as_a_number() -> None:
    """`numpy.float64` was shown as "9 bytes of application/fn.struct.!d"."""
    preview = make_preview(np.float64(0.25))
    assert preview is not None
    assert (preview.mime, preview.data, preview.type) == ("application/json", b"0.25", "float64")


def test_no_value_is_no_preview() -> None:
    assert make_preview(NoValue) is None


@pytest.mark.alone
@pytest.mark.parametrize(
    "value",
    [list(range(10**6)), "x" * 10**7, {str(i): i for i in range(10**5)}, Endless(), [[[[[[[[[[1]]]]]]]]]]],
)  # fmt: skip
def test_large_values_cost_little_and_say_that_they_are_cut(value: object) -> None:
    begun = time.thread_time()
    preview = make_preview(value)
    assert time.thread_time() - begun < 0.2
    assert preview is not None
    assert preview.cut
    assert len(preview.data) < 100_000


def test_wide_and_deep_values_stay_bounded() -> None:
    value: Any = 1
    for _ in range(8):
        value = dict.fromkeys(map(str, range(100)), value)
    preview = make_preview(value)
    assert preview is not None
    assert preview.cut
    assert len(preview.data) < 200_000


def test_a_value_that_raises_when_shown_is_shown_as_that() -> None:
    class Shy:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    preview = preview_of(Shy())
    assert preview is not None
    assert "cannot be shown: RuntimeError: no" in preview.data.decode()


def test_full_values() -> None:
    assert full_value("x" * 5000) == ("text/plain", b"x" * 5000)
    assert full_value(b"\x00\x01") == ("application/octet-stream", b"\x00\x01")
    assert json.loads(full_value(list(range(1000)))[1]) == list(range(1000))
    assert full_value(NoValue) == ("application/json", b'"<NoValue>"')
    assert json.loads(full_value({"c": Colour.RED})[1]) == {"c": "Colour.RED"}


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"a": [1, None]}, True),
        ((1,), False),
        ({1: 2}, False),
        (float("nan"), False),
        (2**70, False),
        (b"", False),
    ],
)
def test_what_is_json(value: object, answer: bool) -> None:
    assert is_json(value) is answer


@pytest.mark.parametrize(
    ("value", "mime", "body"),
    [
        (5, "application/fn.struct.!q", b"\x00" * 7 + b"\x05"),
        (-1, "application/fn.struct.!q", b"\xff" * 8),
        (1.0, "application/fn.struct.!d", b"\x3f\xf0" + b"\x00" * 6),
        (True, "application/fn.struct.?", b"\x01"),
        (None, "application/json", b"null"),
        ("", "text/plain", b""),
        (2**80, "application/json", json.dumps(str(2**80)).encode()),
        (NoValue, "application/json", b'"<NoValue>"'),
    ],
)
def test_published_frames(value: object, mime: str, body: bytes) -> None:
    """Never nothing: empty text, null and no value have frames of their own."""
    frame = value_frame("n", "p", make_preview(value))
    head, _, payload = frame.body.partition(b"\r\n\r\n")
    fields = dict(part.strip().split("=") for part in head.decode().split(";"))
    assert {k: v for k, v in fields.items() if k != "msgid"} == {
        "chunk": "1/1", "node": "n", "io": "p", "mime": mime, "type": "io_value", "preview": "1",
    }  # fmt: skip
    assert (frame.is_text, payload) == (False, body)


def test_result_frames_echo_the_id() -> None:
    frame = result_frame("id-1", "image/png", b"PNG")
    assert b"id=id-1; mime=image/png; type=result\r\n\r\nPNG" in frame.body


def test_both_forms_of_a_preview() -> None:
    assert json_value(None) == "<NoValue>"
    assert json_value(make_preview("a")) == "a"
    preview = make_preview([1])
    assert preview is not None
    assert our_preview(preview) == {
        "mime": "application/json",
        "cut": False,
        "type": "list",
        "value": json_value(preview),
    }


class Counted(list[Any]):
    """A list that counts how often one of its items is asked for."""

    looked = 0

    def __getitem__(self, key: Any) -> Any:
        self.looked += 1
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.looked += 1
            yield item


class CountedDict(dict[Any, Any]):
    """A dictionary that counts how many entries were walked over."""

    looked = 0

    def items(self) -> Any:
        for entry in super().items():
            self.looked += 1
            yield entry


class Numbers:
    """An array of a library that is not there: counts how many of its items became Python objects."""

    dtype = np.dtype("float64")

    def __init__(self, shape: tuple[int, ...], made: list[int]) -> None:
        self.lengths, self.made = shape, made

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lengths

    def __getitem__(self, key: Any) -> Numbers:
        keys = key if isinstance(key, tuple) else (key,)
        cut = [range(*k.indices(n)) for k, n in zip(keys, self.shape, strict=False) if isinstance(k, slice)]
        return Numbers(tuple(map(len, cut)), self.made)

    def tolist(self) -> Any:
        self.made.append(math.prod(self.shape))
        return np.zeros(self.shape).tolist()


@dataclasses.dataclass
class Holder:
    inside: Any


@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"a": v}, Holder, lambda v: [Holder(v)]]
)
def test_a_preview_looks_at_no_more_than_it_shows(wrap: Any) -> None:
    """Also inside of what an encoder makes: the walk is ours at each step."""
    many, named, made = Counted(range(100_000)), CountedDict((str(i), i) for i in range(100_000)), list[int]()
    for value in (many, named, Numbers((10**9,), made), Numbers((10**5, 10**5), made)):
        preview = make_preview(wrap(value))
        assert preview is not None
        assert preview.cut
        assert len(preview.data) < 5000
    assert many.looked <= 11
    assert named.looked <= 101
    assert made == [10, 100]


@pytest.mark.alone
@pytest.mark.parametrize(
    "value",
    [
        np.zeros((20_000, 2_000)),
        pd.DataFrame(np.zeros((200_000, 100))),
        pd.Series(np.zeros(10**7)),
        bytes(10**8), bytearray(10**8), memoryview(bytes(10**8)), [bytearray(10**8)],
        collections.deque(range(10**6)), dict.fromkeys(range(10**6)).keys(), frozenset(range(10**6)),
        array.array("d", bytes(8 * 10**7)), 10**100_000, [["x" * 1000] * 10] * 10,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_preview_costs_by_its_own_size_not_by_the_values(value: Any) -> None:
    """Memory while it is made stays near the preview's size: nothing is copied or written whole."""
    make_preview(value)
    tracemalloc.start()
    try:
        begun = time.thread_time()
        preview = make_preview(value)
        took = time.thread_time() - begun
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert preview is not None
    assert preview.cut
    assert (took < 0.2, peak < 2 * 1024 * 1024, len(preview.data) <= 100_000) == (True, True, True)


def test_text_over_all_levels_is_bounded() -> None:
    """4000 texts of 1000 letters each were four million letters."""
    preview = make_preview({str(i): [["x" * 1000] * 10] * 4 for i in range(100)})
    assert preview is not None
    assert preview.cut
    assert len(preview.data) < 100_000


def test_tables_and_arrays_of_libraries_are_shown_as_such() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=["r", "s"])
    assert shown(frame) == {"columns": ["a", "b"], "index": ["r", "s"], "data": [[1, "x"], [2, None]]}
    assert shown(pd.Series([1.5, float("nan")])) == [1.5, None]
    assert shown(np.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert shown(np.bool_(True)) is True
    assert shown([np.int32(4), np.array(5)]) == [4, 5]


def test_whole_values_of_libraries() -> None:
    """An array was the abbreviated text that Python prints."""
    assert json.loads(full_value(np.arange(2000.0))[1]) == list(range(2000))
    assert json.loads(full_value({"a": np.eye(2)})[1]) == {"a": [[1, 0], [0, 1]]}
    assert json.loads(full_value(pd.DataFrame({"a": range(20)}))[1])["data"] == [[i] for i in range(20)]
    assert full_value(bytearray(b"ab")) == ("application/octet-stream", b"ab")
    assert json.loads(full_value(["\ud800", 10**100_000])[1]) == ["?", hex(10**100_000)]
