"""Values as grids of rows and columns: tables, arrays, lists of rows, records or items, mappings.

Owns how each kind of value is cut into columns, at the cost of what is cut out. Does not know windows nor
formats (`windows`, `sources`). Called in the graph's thread only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Any, Protocol, cast

from funcnodes_worker.runtime import kinds

SAMPLE = 100
"""Rows of a list that are looked at to find out its columns."""


class Grid(Protocol):
    """A value as rows and columns. Made anew for each question; holds the value, copies nothing."""

    kind: str
    rows: int
    width: int

    def name(self, column: int) -> str:
        """Return the name of a column."""
        ...

    def dtype(self, column: int) -> str:
        """Return what a column is made of; an empty text where nobody says."""
        ...

    def column(self, column: int, start: int, stop: int) -> Any:
        """Return these rows of a column: a list, or a slice of the library's own."""
        ...

    def index(self, start: int, stop: int) -> list[Any] | None:
        """Return what these rows are called; None when they only have numbers."""
        ...


def grid_of(value: object, at: Sequence[int] = ()) -> Grid | None:
    """Return a value as a grid, or None for one that has no rows.

    `at` names the place in the leading dimensions of an array of more than two.
    """
    if kinds.is_frame(value):
        return _FrameGrid(value)
    if kinds.is_series(value):
        return _SeriesGrid(value)
    if kinds.is_array(value):
        return _array_grid(value, at)
    if isinstance(value, Mapping):
        return _MappingGrid(cast("Mapping[Any, Any]", value))
    if isinstance(value, list | tuple):
        return _list_grid(cast("Sequence[Any]", value))
    if isinstance(value, Set | deque | range):
        return _ItemsGrid(cast("Any", value))
    return None


class _FrameGrid:
    """A table with named columns."""

    kind = "table"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.rows, self.width = kinds.shape_of(frame)[:2]

    def name(self, column: int) -> str:
        return str(self._frame.columns[column])

    def dtype(self, column: int) -> str:
        return str(self._frame.dtypes.iloc[column])

    def column(self, column: int, start: int, stop: int) -> Any:
        return self._frame.iloc[start:stop, column]

    def index(self, start: int, stop: int) -> list[Any] | None:
        return self._frame.index[start:stop].tolist()


class _SeriesGrid:
    """One column with an index."""

    kind, width = "table", 1

    def __init__(self, series: Any) -> None:
        self._series = series
        self.rows = kinds.shape_of(series)[0]

    def name(self, column: int) -> str:
        name = getattr(self._series, "name", None)
        return "value" if name is None else str(name)

    def dtype(self, column: int) -> str:
        return kinds.dtype_of(self._series)

    def column(self, column: int, start: int, stop: int) -> Any:
        return self._series.iloc[start:stop]

    def index(self, start: int, stop: int) -> list[Any] | None:
        return self._series.index[start:stop].tolist()


def _array_grid(array: Any, at: Sequence[int]) -> Grid:
    lengths = kinds.shape_of(array)
    leading = len(lengths) - 2
    place = tuple(at) + (0,) * (max(0, leading) - len(at))
    if len(place) != max(0, leading) or any(
        not 0 <= index < length for index, length in zip(place, lengths, strict=False)
    ):
        raise IndexError(f"'at' names {leading} places below {lengths[: max(0, leading)]}, not {tuple(at)}")
    return _ArrayGrid(array[place] if place and all(lengths) else array)


class _ArrayGrid:
    """An array of one or two dimensions."""

    kind = "array"

    def __init__(self, array: Any) -> None:
        lengths = kinds.shape_of(array)
        self._array, self._flat = array, len(lengths) == 1
        self.rows = lengths[0]
        self.width = 1 if self._flat else lengths[1]

    def name(self, column: int) -> str:
        return "value" if self._flat else str(column)

    def dtype(self, column: int) -> str:
        return kinds.dtype_of(self._array)

    def column(self, column: int, start: int, stop: int) -> Any:
        return self._array[start:stop] if self._flat else self._array[start:stop, column]

    def index(self, start: int, stop: int) -> list[Any] | None:
        return None


def _list_grid(items: Sequence[Any]) -> Grid:
    sample = items[:SAMPLE]
    if sample and all(isinstance(row, Mapping) for row in sample):
        return _RecordsGrid(items, sample)
    if sample and all(isinstance(row, list | tuple) for row in sample):
        return _RowsGrid(items, max(len(row) for row in sample))
    return _ItemsGrid(items)


class _RecordsGrid:
    """A list of mappings: one row each."""

    kind = "rows"

    def __init__(self, records: Sequence[Any], sample: Sequence[Any]) -> None:
        self._records = records
        self._keys = list(dict.fromkeys(key for row in sample for key in islice(row, 1000)))
        self.rows, self.width = len(records), len(self._keys)

    def name(self, column: int) -> str:
        return str(self._keys[column])

    def dtype(self, column: int) -> str:
        return ""

    def column(self, column: int, start: int, stop: int) -> Any:
        key = self._keys[column]
        rows = self._records[start:stop]
        return [row.get(key) if isinstance(row, Mapping) else None for row in cast("list[Any]", rows)]

    def index(self, start: int, stop: int) -> list[Any] | None:
        return None


class _RowsGrid:
    """A list of lists: one row each."""

    kind = "rows"

    def __init__(self, rows: Sequence[Any], width: int) -> None:
        self._rows, self.rows, self.width = rows, len(rows), width

    def name(self, column: int) -> str:
        return str(column)

    def dtype(self, column: int) -> str:
        return ""

    def column(self, column: int, start: int, stop: int) -> Any:
        return [_cell(row, column) for row in self._rows[start:stop]]

    def index(self, start: int, stop: int) -> list[Any] | None:
        return None


def _cell(row: Any, column: int) -> Any:
    cells = cast("Sequence[Any]", row if isinstance(row, list | tuple) else ())
    return cells[column] if column < len(cells) else None


class _ItemsGrid:
    """A list, range, deque or set of anything: one column."""

    kind, width = "items", 1

    def __init__(self, items: Any) -> None:
        self._items, self.rows = items, len(items)

    def name(self, column: int) -> str:
        return "value"

    def dtype(self, column: int) -> str:
        return ""

    def column(self, column: int, start: int, stop: int) -> Any:
        if isinstance(self._items, list | tuple | range):
            return list(cast("Sequence[Any]", self._items[start:stop]))
        return list(islice(cast("Iterable[Any]", self._items), start, stop))

    def index(self, start: int, stop: int) -> list[Any] | None:
        return None


class _MappingGrid:
    """A mapping: its keys and its values."""

    kind, width = "mapping", 2

    def __init__(self, mapping: Mapping[Any, Any]) -> None:
        self._mapping, self.rows = mapping, len(mapping)

    def name(self, column: int) -> str:
        return ("key", "value")[column]

    def dtype(self, column: int) -> str:
        return ""

    def column(self, column: int, start: int, stop: int) -> Any:
        entries: Iterable[Any] = self._mapping.values() if column else self._mapping
        return list(islice(entries, start, stop))

    def index(self, start: int, stop: int) -> list[Any] | None:
        return None
