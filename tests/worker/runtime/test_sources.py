"""Whole values piece by piece: every format comes back equal, and nothing large is copied whole."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from funcnodes_core.novalue import NoValue
from funcnodes_worker.runtime import sources
from funcnodes_worker.runtime.sources import (
    ARROW,
    CSV,
    NPY,
    PIECE,
    NoSuchFormat,
    Source,
    formats_of,
    open_source,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image


def whole(source: Source) -> bytes:
    pieces: list[bytes] = []
    while piece := source.next_piece():
        pieces.append(piece)
    data = b"".join(pieces)
    assert source.size in (None, len(data))
    return data


ARRAYS = arrays(st.sampled_from(["<f8", ">i4", "u1", "?", "<M8[ms]", "<c16"]), array_shapes(max_dims=3))


@given(ARRAYS, st.booleans(), st.integers(0, 200), st.integers(0, 200))
def test_any_part_of_an_array_is_the_part_of_the_whole(
    value: Any, turned: bool, start: int, length: int
) -> None:
    """Arrays that lie in memory in one piece and those that do not."""
    source = open_source(value.T if turned else value, NPY)
    data = whole(source)
    back = np.load(io.BytesIO(data))
    np.testing.assert_array_equal(back, value.T if turned else value)
    assert source.read(start, min(start + length, len(data))) == data[start : start + length]


@pytest.mark.parametrize(
    ("value", "kind"), [([1.5, 2, float("nan")], "<f8"), ([1, -2, 2**62], "<i8"), (tuple(range(3000)), "<i8")]
)
def test_lists_of_numbers_go_as_raw_numbers(value: Any, kind: str) -> None:
    back = np.load(io.BytesIO(whole(open_source(value, NPY))))
    assert back.dtype == np.dtype(kind)
    np.testing.assert_array_equal(back, np.array(value))


@pytest.mark.parametrize("value", [["a", 1.0], [True], [], [[1.0]], {"a": 1}])
def test_what_holds_others_has_no_raw_numbers(value: Any) -> None:
    with pytest.raises(NoSuchFormat, match="cannot be sent as application/x-npy"):
        open_source(value, NPY)


def test_a_hidden_text_between_numbers_ends_the_answer() -> None:
    """A look at a thousand places did not see it: what was sent is cut short, not wrong."""
    value: list[Any] = [0.5] * 100_000
    value[50_001] = "no number"
    with pytest.raises(TypeError):
        whole(open_source(value, NPY))


@pytest.mark.parametrize(
    "value",
    [
        [], [1, "a", None, {"b": [1.5]}], list(range(150_000)), {str(i): i for i in range(40_000)}, {}, 5,
        None, tuple(range(20_000)), [float("inf")] * 20_000, "x", "ä" * 10,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_json_of_any_length_is_the_same_text(value: Any) -> None:
    expected = json.loads(json.dumps(value).replace("Infinity", "null"))
    assert json.loads(whole(open_source(value, "application/json"))) == expected


def test_arrays_and_tables_as_json() -> None:
    value = np.arange(60_000).reshape(3, 100, 200)
    assert json.loads(whole(open_source(value, "application/json"))) == value.tolist()
    frame = pd.DataFrame({"a": range(30_000), "b": ["x"] * 30_000})
    back = json.loads(whole(open_source(frame)))
    assert (back["columns"], back["index"][-1], back["data"][-1]) == (["a", "b"], 29_999, [29_999, "x"])
    assert len(back["data"]) == 30_000


def test_tables_as_csv_and_arrow() -> None:
    frame = pd.DataFrame({"a": range(200_000), "b": ["x,y"] * 200_000}, index=range(5, 200_005))
    rows = list(csv.reader(io.StringIO(whole(open_source(frame, CSV)).decode())))
    assert (rows[0], rows[1], len(rows)) == (["", "a", "b"], ["5", "0", "x,y"], 200_001)
    source = open_source(frame, ARROW)
    first = source.next_piece()
    rest = whole(source)
    assert len(first) < len(rest)
    back = pa.ipc.open_stream(first + rest).read_all().to_pydict()
    assert back == {"__index__": list(range(5, 200_005)), "a": list(range(200_000)), "b": ["x,y"] * 200_000}
    records = [{"a": 1, "b": "é"}, {"b": 2}]
    assert whole(open_source(records, CSV)).decode().splitlines() == ["a,b", "1,é", ",2"]


def test_texts_bytes_pictures_and_nothing() -> None:
    assert whole(open_source("a" * 3_000_000)) == b"a" * 3_000_000
    assert whole(open_source("\ud800é")) == "?é".encode()
    assert open_source("abc").read(1, 2) == b"b"
    assert whole(open_source(bytearray(b"raw"))) == b"raw"
    assert whole(open_source(NoValue)) == b'"<NoValue>"'
    picture = Image.new("RGB", (3, 2), (255, 0, 0))
    assert Image.open(io.BytesIO(whole(open_source(picture)))).size == (3, 2)
    assert formats_of(picture) == ("image/png",)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(20_000_000),
        np.zeros((5000, 5000))[:, ::2],
        bytes(100_000_000),
        "x" * 100_000_000,
        [0.5] * 2_000_000,
        pd.DataFrame(np.zeros((100_000, 10))),
    ],
    ids=["array", "steps", "bytes", "text", "list", "table"],
)
def test_reading_the_whole_takes_the_memory_of_a_few_pieces(value: Any) -> None:
    """In every format it can go in."""
    for mime in formats_of(value):
        source = open_source(value, mime)
        source.next_piece()
        tracemalloc.start()
        try:
            for _ in range(8):
                source.next_piece()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 16 * PIECE, mime


def test_a_piece_is_small() -> None:
    """A piece is a step of the graph's thread."""
    assert len(open_source(np.zeros(10**7)).next_piece()) <= sources.PIECE
    assert len(open_source([0.5] * 10**6).next_piece()) <= 2 * sources.PIECE


@pytest.mark.parametrize("mime", [NPY, "application/json"])
@pytest.mark.parametrize("shape", [(2, 1_500_000), (1, 2, 1_500_000)])
def test_an_array_of_few_long_rows_is_not_copied_row_by_row(mime: str, shape: tuple[int, ...]) -> None:
    """A transposed array: each piece of a megabyte copied, or listed, a whole row."""
    value = np.arange(3_000_000, dtype=np.float64).reshape(shape[::-1]).T
    source = open_source(value, mime)
    tracemalloc.start()
    try:
        first = source.next_piece() + source.next_piece()
        assert tracemalloc.get_traced_memory()[1] < 5 * PIECE
    finally:
        tracemalloc.stop()
    data = first + whole_rest(source)
    found = np.load(io.BytesIO(data)) if mime == NPY else np.array(json.loads(data))
    assert np.array_equal(found, value)


def whole_rest(source: Source) -> bytes:
    return b"".join(iter(source.next_piece, b""))
