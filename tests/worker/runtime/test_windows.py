"""Windows of every kind of value: equal to the library's own slice, bounded, without a look at the rest."""

from __future__ import annotations

import collections
import io
import json
from collections.abc import Generator
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from funcnodes_core.novalue import NoValue
from funcnodes_worker.runtime import pictures
from funcnodes_worker.runtime.windows import (
    MOST_CELLS,
    BadWindow,
    Window,
    Wish,
    describe,
    steps,
    window_arrow,
    window_json,
)
from PIL import Image


def finished(work: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def window(value: object, **wish: Any) -> Window:
    return finished(steps(value, Wish(**wish)))


def columns(value: object, **wish: Any) -> dict[str, Any]:
    data = json.loads(msgspec.json.encode(finished(window_json(window(value, **wish)))))
    return {column["name"]: column["values"] for column in data["columns"]}


FRAME = pd.DataFrame(
    {"n": range(1000), "x": np.linspace(0, 1, 1000), "t": ["text"] * 999 + [None]},
    index=[f"r{i}" for i in range(1000)],
)


CUBE = np.arange(24).reshape(2, 3, 4)
SHAPE = {"shape": [2, 3, 4], "dtype": "int64"}
VALUE = {"name": "value", "dtype": ""}


def test_rows_and_columns_of_a_table() -> None:
    shown = window(FRAME, rows=(998, 2000), columns=(1, None))
    assert (shown.rows, shown.total_rows, shown.total_columns, shown.places) == ((998, 1000), 1000, 3, (1, 2))
    assert (shown.index, [c.dtype for c in shown.columns]) == (["r998", "r999"], ["float64", "str"])
    assert columns(FRAME, rows=(998, 2000), columns=("t", "n")) == {"t": ["text", None], "n": [998, 999]}


@pytest.mark.parametrize(
    ("value", "wish", "seen"),
    [
        (np.arange(10), {"rows": (8, None)}, {"value": [8, 9]}),
        (np.arange(12.0).reshape(3, 4), {"rows": (1, 3), "columns": (2, 4)}, {"2": [6, 10], "3": [7, 11]}),
        (CUBE, {"at": (1,), "rows": (0, 1), "columns": (0, 2)}, {"0": [12], "1": [13]}),
        (np.array([1.5, np.nan, np.inf]), {}, {"value": [1.5, None, None]}),
        (np.array([{"a": 1}, None], dtype=object), {}, {"value": [{"a": 1}, None]}),
        (pd.Series([1, 2], name="s"), {}, {"s": [1, 2]}),
        (list(range(1000)), {"rows": (-2, None)}, {"value": [998, 999]}),
        ([{"a": 1}, {"b": 2, "a": None}], {}, {"a": [1, None], "b": [None, 2]}),
        ([[1, 2], [3]], {}, {"0": [1, 3], "1": [2, None]}),
        ({"a": 1, 2: [3]}, {"rows": (1, 2)}, {"key": [2], "value": [[3]]}),
        (collections.deque([1, 2, 3]), {"rows": (1, 3)}, {"value": [2, 3]}),
        (range(10**12), {"rows": (10**11, 10**11 + 1)}, {"value": [10**11]}),
        ([], {}, {"value": []}), (np.zeros((0, 2)), {}, {"0": [], "1": []}),
        ([1], {"rows": (5, 9)}, {"value": []}),
    ],
)  # fmt: skip
def test_windows_of_every_kind(value: object, wish: dict[str, Any], seen: dict[str, Any]) -> None:
    assert columns(value, **wish) == seen


def test_a_window_is_bounded_whatever_is_asked_for() -> None:
    wide = np.zeros((10**5, 2000), dtype="u1")
    shown = window(wide, rows=(0, None))
    assert (shown.rows[1] * len(shown.columns) <= MOST_CELLS, len(shown.columns)) == (True, 500)
    assert window(range(10**9), rows=(0, None)).rows == (0, 10_000)
    (cell,) = columns(["x" * 10**7])["value"]
    assert len(cell) < 2000


@pytest.mark.parametrize(
    ("value", "wish"),
    [(5, {}), ("text", {}), (FRAME, {"columns": ("nowhere",)}), (np.zeros((2, 2, 2)), {"at": (2,)})],
)
def test_a_window_that_is_not_there(value: object, wish: dict[str, Any]) -> None:
    with pytest.raises(BadWindow):
        window(value, **wish)


def test_a_window_as_arrow_keeps_the_types() -> None:
    table = pa.ipc.open_stream(window_arrow(window(FRAME, rows=(1, 3)))).read_all()
    assert table.to_pydict() == {
        "__index__": ["r1", "r2"], "n": [1, 2], "x": FRAME["x"][1:3].tolist(), "t": ["text", "text"],
    }  # fmt: skip
    assert table.schema.field("n").type == pa.int64()
    mixed = pa.ipc.open_stream(window_arrow(window([{"a": 1}, {"a": "x"}, {"a": object}]))).read_all()
    assert mixed.to_pydict() == {"a": ["1", "x", "<class 'object'>"]}


@pytest.mark.parametrize(
    ("value", "about"),
    [
        (NoValue, {"kind": "nothing", "type": ""}),
        ("abc", {"kind": "text", "type": "str", "length": 3}),
        (b"ab", {"kind": "bytes", "type": "bytes", "length": 2}),
        (5, {"kind": "other", "type": "int"}),
        ([1, 2], {"kind": "items", "type": "list", "rows": 2, "total_columns": 1, "columns": [VALUE]}),
        (CUBE, {"kind": "array", "type": "ndarray", "rows": 3, "total_columns": 4, **SHAPE}),
        (Image.new("L", (3, 2)), {"kind": "image", "type": "Image", "shape": [3, 2]}),
    ],
)  # fmt: skip
def test_what_a_value_is_like(value: object, about: dict[str, Any]) -> None:
    assert describe(value) == about


def test_a_picture_among_arrays_says_so() -> None:
    assert describe(np.zeros((4, 5, 3), dtype="u1"))["image"] is True


def test_a_table_names_its_columns() -> None:
    about = describe(FRAME)
    assert (about["rows"], about["columns"][1]) == (1000, {"name": "x", "dtype": "float64"})


@pytest.mark.parametrize("shape", [(400, 600, 3), (400, 600), (400, 600, 4)])
def test_a_picture_fits_into_the_room_there_is(shape: tuple[int, ...]) -> None:
    value = np.arange(np.prod(shape), dtype="u4").astype("u1").reshape(shape)
    mime, data = pictures.scaled(value, 100, 100, None)
    image = Image.open(io.BytesIO(data))
    assert (mime, image.size) == ("image/png", (100, 67))
    np.testing.assert_array_equal(np.asarray(image), value[::6, ::6])


def test_pictures_of_libraries_and_of_encoders_are_scaled() -> None:
    picture = Image.new("RGB", (600, 400))
    file = io.BytesIO()
    picture.save(file, "JPEG")
    for value, encoded in ((picture, None), (object(), ("image/jpeg", file.getvalue()))):
        mime, data = pictures.scaled(value, 60, 0, encoded)
        assert (mime, Image.open(io.BytesIO(data)).size) == ("image/png", (60, 40))
    assert pictures.scaled(object(), 0, 0, ("image/jpeg", file.getvalue())) == ("image/jpeg", file.getvalue())
    with pytest.raises(pictures.NoPicture):
        pictures.scaled(5, 10, 10, None)
