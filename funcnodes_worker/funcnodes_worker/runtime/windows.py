"""Windows of a value: some of its rows and columns, as JSON columns or an Arrow stream; and what it is like.

Owns the bounds of a window and the steps it is made in. Called in the graph's thread only; `steps` yields
between columns so that the graph has its turn.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Generator, Sequence
from typing import Any, cast

import msgspec
from funcnodes_core.novalue import NoValue

from funcnodes_worker.runtime import kinds
from funcnodes_worker.runtime.grids import Grid, grid_of
from funcnodes_worker.runtime.pictures import is_image_array
from funcnodes_worker.runtime.previews import shown_cell

MOST_ROWS = 10_000
MOST_COLUMNS = 500
MOST_NAMED = 20
"""Columns that are named to who asks for another."""
MOST_CELLS = 100_000
NAMED_COLUMNS = 1000
"""Columns that a description names."""
ROWS = 100
"""Rows of a window whose wish names none."""
ARROW = "application/vnd.apache.arrow.stream"
JSON = "application/json"

Span = tuple[int, int | None]


class BadWindow(ValueError):
    """Raised for a window that the value does not have; the caller's mistake."""


class Wish(msgspec.Struct, frozen=True):
    """Which part of a value somebody wants to see."""

    rows: Span = (0, ROWS)
    columns: Span | tuple[str, ...] = (0, None)
    at: tuple[int, ...] = ()
    """The place in the leading dimensions of an array of more than two."""


class Column(msgspec.Struct, frozen=True):
    """Some rows of one column."""

    name: str
    dtype: str
    values: Any
    """A list, or a slice of the library's own."""


class Window(msgspec.Struct, frozen=True):
    """Some rows and columns of a grid."""

    kind: str
    rows: tuple[int, int]
    total_rows: int
    total_columns: int
    places: tuple[int, ...]
    """Which columns of the whole these are."""
    columns: tuple[Column, ...]
    index: list[Any] | None


def describe(value: object) -> dict[str, Any]:
    """Return what a value is like: kind, type, shape, columns; without any of its data."""
    about: dict[str, Any] = {"kind": "other", "type": type(value).__name__}
    if value is NoValue:
        return {"kind": "nothing", "type": ""}
    if isinstance(value, str):
        return {**about, "kind": "text", "length": len(value)}
    if (raw := kinds.raw_bytes(value)) is not None:
        return {**about, "kind": "bytes", "length": raw.nbytes}
    if kinds.is_picture(value):
        return {**about, "kind": "image", "shape": list(cast("Any", value).size)}
    grid = grid_of(value)
    if grid is None:
        return about
    about |= {"kind": grid.kind, "rows": grid.rows, "total_columns": grid.width}
    if kinds.is_array(value) and not kinds.is_series(value):
        about |= {"shape": list(kinds.shape_of(value)), "dtype": kinds.dtype_of(value)}
        if is_image_array(value):
            about["image"] = True
        return about
    named = range(min(grid.width, NAMED_COLUMNS))
    return {**about, "columns": [{"name": grid.name(i), "dtype": grid.dtype(i)} for i in named]}


def steps(value: object, wish: Wish) -> Generator[None, None, Window]:
    """Return a window of a value, in steps of one column each."""
    try:
        grid = grid_of(value, wish.at)
    except IndexError as problem:
        raise BadWindow(str(problem)) from problem
    if grid is None:
        raise BadWindow(f"a value of type {type(value).__name__} has no rows; ask for the whole of it")
    places = _places(grid, wish.columns)
    start, stop = _span(wish.rows, grid.rows)
    stop = min(stop, start + min(MOST_ROWS, max(1, MOST_CELLS // max(1, len(places)))))
    columns: list[Column] = []
    for place in places:
        columns.append(Column(grid.name(place), grid.dtype(place), grid.column(place, start, stop)))
        yield
    index = grid.index(start, stop)
    return Window(grid.kind, (start, stop), grid.rows, grid.width, places, tuple(columns), index)


def _places(grid: Grid, wanted: Span | tuple[str, ...]) -> tuple[int, ...]:
    if not wanted or isinstance(wanted[0], str):
        return _named(grid, cast("tuple[str, ...]", wanted))
    start, stop = _span(cast("Span", wanted), grid.width)
    return tuple(range(start, min(stop, start + MOST_COLUMNS)))


def _named(grid: Grid, names: Sequence[str]) -> tuple[int, ...]:
    known = {grid.name(place): place for place in range(grid.width - 1, -1, -1)}
    missing = [name for name in names if name not in known]
    if missing:
        there = ", ".join(repr(name[:80]) for name in [*reversed(known)][:MOST_NAMED])
        more = " and more" if len(known) > MOST_NAMED else ""
        raise BadWindow(f"there is no column {missing[0][:80]!r}; there are {there or 'none'}{more}")
    return tuple(known[name] for name in names[:MOST_COLUMNS])


def _span(span: Span, total: int) -> tuple[int, int]:
    start, stop, _ = slice(*span).indices(total)
    return start, max(start, stop)


def window_json(window: Window) -> Generator[None, None, dict[str, Any]]:
    """Return a window as JSON data: columns with their dtypes, cells bounded; in steps of one column."""
    columns: list[dict[str, Any]] = []
    for column in window.columns:
        columns.append({"name": column.name, "dtype": column.dtype, "values": _cells(column.values)})
        yield
    return {
        "kind": window.kind,
        "rows": list(window.rows),
        "total_rows": window.total_rows,
        "total_columns": window.total_columns,
        "places": list(window.places),
        "index": None if window.index is None else [shown_cell(name) for name in window.index],
        "columns": columns,
    }


def _cells(values: Any) -> Any:
    if not isinstance(values, list):
        if kinds.is_array(values) and kinds.is_plainly_typed(values):
            # Written at once: what is left for the server's thread is a copy of text.
            return msgspec.Raw(msgspec.json.encode(values.tolist()))
        values = values.tolist()
    return [shown_cell(cell) for cell in cast("list[Any]", values)]


def has_arrow() -> bool:
    """Tell whether the user's environment can write Arrow."""
    return importlib.util.find_spec("pyarrow") is not None


def window_arrow(window: Window) -> bytes:
    """Return a window as an Arrow IPC stream. The import was made before, outside the graph's thread."""
    arrow: Any = importlib.import_module("pyarrow")
    batch = arrow_batch(window.columns, window.index)
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def arrow_batch(columns: Sequence[Column], index: list[Any] | None, schema: Any = None) -> Any:
    """Return columns as one Arrow record batch; what rows are called stands in a column `__index__`."""
    arrow: Any = importlib.import_module("pyarrow")
    named = [*([] if index is None else [Column("__index__", "", index)]), *columns]
    types = [None] * len(named) if schema is None else schema.types
    parts = [_arrow_array(arrow, one.values, kind) for one, kind in zip(named, types, strict=True)]
    return arrow.RecordBatch.from_arrays(parts, names=[one.name for one in named])


def _arrow_array(arrow: Any, values: Any, kind: Any) -> Any:
    try:
        return arrow.array(values, type=kind, from_pandas=not isinstance(values, list))
    # Columns of mixed or unknown objects have no Arrow type: they are shown as in JSON, as text.
    except (arrow.ArrowException, TypeError, ValueError, OverflowError):
        if kind not in (None, arrow.string()):
            raise
        listed: list[Any] = cast("Any", values) if isinstance(values, list) else values.tolist()
        cells = [shown_cell(cell) for cell in listed]
        return arrow.array([None if cell is None else _text(cell) for cell in cells], type=arrow.string())


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()
