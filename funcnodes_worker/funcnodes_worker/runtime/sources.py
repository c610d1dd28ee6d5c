"""Whole values as bytes of a mime, piece by piece: nothing large is copied whole or written whole.

Owns which formats a value can go in and how each is cut into pieces. A source is made and read in the graph's
thread only; it holds the value it was made of, so that what is read is one value from beginning to end.
"""

from __future__ import annotations

import csv
import importlib
import io
import struct
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

import msgspec
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.serialization import JSONEncoder

from funcnodes_worker.runtime import kinds
from funcnodes_worker.runtime.grids import Grid, grid_of
from funcnodes_worker.runtime.pictures import as_png
from funcnodes_worker.runtime.previews import encoded_by_module, json_text
from funcnodes_worker.runtime.windows import ARROW, JSON, Column, arrow_batch, has_arrow

PIECE = 1024 * 1024
"""Bytes of one piece, about."""
ITEMS = 16 * 1024
"""Cells of a table or entries of a mapping that are written in one go."""
LISTED = 64 * 1024
"""Items of a list that are written in one go: mostly numbers, which are quick."""
RAW = "application/octet-stream"
TEXT = "text/plain"
NPY = "application/x-npy"
CSV = "text/csv"
PNG = "image/png"
FORMATS: Mapping[str, str] = {
    "json": JSON, "npy": NPY, "csv": CSV, "arrow": ARROW, "png": PNG, "text": TEXT, "raw": RAW,
}  # fmt: skip
"""What a client may ask for, by the word it asks with."""


def words_of(mimes: Iterable[str]) -> list[str]:
    """Return the words a client asks for these mimes with."""
    words = {mime: word for word, mime in FORMATS.items()}
    return [words[mime] for mime in mimes]


class NoSuchFormat(ValueError):
    """Raised when a value cannot be written in a format somebody asks for."""


class Source:
    """A whole value in one format."""

    def __init__(self, mime: str, size: int | None) -> None:
        self.mime, self.size = mime, size
        """`size` in bytes, where it is known without writing the value; then any part can be read."""

    def read(self, start: int, stop: int) -> bytes:
        """Return these bytes. Only where the size is known."""
        raise NotImplementedError

    def next_piece(self) -> bytes:
        """Return the next piece, from the beginning on; an empty one at the end."""
        raise NotImplementedError


class _Sized(Source):
    def __init__(self, mime: str, size: int, read: Callable[[int, int], bytes]) -> None:
        super().__init__(mime, size)
        self._read = read
        self._at = 0

    def read(self, start: int, stop: int) -> bytes:
        return self._read(start, stop)

    def next_piece(self) -> bytes:
        start, self._at = self._at, min(cast("int", self.size), self._at + PIECE)
        return self._read(start, self._at)


class _Flowing(Source):
    def __init__(self, mime: str, pieces: Iterator[bytes]) -> None:
        super().__init__(mime, None)
        self._pieces = pieces

    def next_piece(self) -> bytes:
        # An empty piece would say that this is the end.
        return next((piece for piece in self._pieces if piece), b"")


def formats_of(value: object) -> tuple[str, ...]:
    """Return the mimes a value can go in, its own first."""
    if value is NoValue:
        return (JSON,)
    if isinstance(value, str):
        return (TEXT, JSON)
    if kinds.raw_bytes(value) is not None:
        return (RAW,)
    if kinds.is_frame(value) or kinds.is_series(value):
        return (JSON, CSV, *((ARROW,) if has_arrow() else ()))
    if kinds.is_array(value):
        return (NPY, JSON, *((CSV,) if len(kinds.shape_of(value)) <= 2 else ()))
    if kinds.is_picture(value):
        return (PNG,)
    if isinstance(value, list | tuple) and value:
        numbers = (NPY,) if _number_code(cast("list[Any]", value)) else ()
        return (JSON, CSV, *numbers)
    return (JSON,)


def open_source(value: object, mime: str | None = None) -> Source:
    """Return a whole value in a format; without one in its own: a module's encoder is asked first."""
    if mime is None and not isinstance(value, str) and kinds.raw_bytes(value) is None:
        encoded = None if type(value) in _JSON_TYPES else encoded_by_module(value, preview=False)
        if encoded is not None:
            return _of_bytes(encoded[0], memoryview(encoded[1]))
    known = formats_of(value)
    wanted = mime or known[0]
    if wanted not in known:
        raise NoSuchFormat(
            f"a value of type {type(value).__name__} cannot be sent as {wanted}; it can as {', '.join(known)}"
        )
    return _make(value, wanted)


def published_source(value: object) -> Source:
    """Return a whole value as published clients know it: by its module's encoder, as text, bytes or JSON."""
    if type(value) not in _JSON_TYPES and not isinstance(value, str | int | float):
        encoded = encoded_by_module(value, preview=False)
        if encoded is not None:
            return _of_bytes(encoded[0], memoryview(encoded[1]))
    if isinstance(value, str) or kinds.raw_bytes(value) is not None:
        return open_source(value)
    if JSONEncoder.ask_encoders(value) is not None:
        return _of_bytes(JSON, memoryview(json_text(value)))
    return _of_json(value)


_JSON_TYPES = (list, tuple, dict, set, frozenset, int, float, bool, type(None))


def _make(value: Any, mime: str) -> Source:
    if mime == TEXT:
        return _of_text(value)
    if mime == RAW:
        return _of_bytes(RAW, cast("memoryview", kinds.raw_bytes(value)))
    if mime == PNG:
        return _of_bytes(PNG, memoryview(as_png(value)))
    if mime == NPY:
        return _npy_of_array(value) if kinds.is_array(value) else _npy_of_numbers(value)
    if mime == CSV:
        return _Flowing(CSV, _csv(cast("Grid", grid_of(value))))
    if mime == ARROW:
        return _Flowing(ARROW, _arrow(value))
    return _of_json(value)


def _of_bytes(mime: str, view: memoryview) -> Source:
    return _Sized(mime, view.nbytes, lambda start, stop: bytes(view[start:stop]))


def _of_text(text: str) -> Source:
    if text.isascii():
        return _Sized(TEXT, len(text), lambda start, stop: text[start:stop].encode())
    step = PIECE // 4
    return _Flowing(TEXT, (text[at : at + step].encode(errors="replace") for at in range(0, len(text), step)))


# --- npy: numpy's own format, a line of text and the raw numbers -------------------------------------
_MAGIC = b"\x93NUMPY\x01\x00"


def _npy_head(descr: str, fortran: bool, shape: tuple[int, ...]) -> bytes:
    # https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}"
    room = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    line = (text + " " * room + "\n").encode("latin1")
    return _MAGIC + len(line).to_bytes(2, "little") + line


def _npy_of_array(value: Any) -> Source:
    dtype = value.dtype
    if getattr(dtype, "hasobject", True):
        raise NoSuchFormat(f"an array of {dtype} holds objects; ask for JSON")
    shape = kinds.shape_of(value)
    if not getattr(getattr(value, "flags", None), "c_contiguous", False):
        return _npy_of_rows(value, shape)
    flat, size = value.reshape(-1), int(dtype.itemsize)

    def raw(start: int, stop: int) -> bytes:
        first = start // size
        return flat[first : -(-stop // size)].tobytes()[start - first * size : stop - first * size]

    return _headed(_npy_head(_descr(dtype), False, shape), int(flat.shape[0]) * size, raw)


def _npy_of_rows(value: Any, shape: tuple[int, ...]) -> Source:
    """Return a source for an array that does not lie in one piece: its rows are put in order one by one."""
    size = int(value.dtype.itemsize)
    row = size
    for length in shape[1:]:
        row *= length

    if not row:
        return _headed(_npy_head(_descr(value.dtype), False, shape), 0, lambda start, stop: b"")
    return _headed(
        _npy_head(_descr(value.dtype), False, shape), shape[0] * row, lambda a, b: _cut(value, row, a, b)
    )


def _cut(value: Any, row: int, start: int, stop: int) -> bytes:
    """Return these bytes of an array whose rows have so many: of long rows no more than is asked for."""
    first, behind = start // row, -(-stop // row)
    if row <= PIECE or len(shape := kinds.shape_of(value)) == 1:
        return value[first:behind].tobytes()[start - first * row : stop - first * row]
    parts = ((at, max(0, start - at * row), min(row, stop - at * row)) for at in range(first, behind))
    return b"".join(_cut(value[at], row // shape[1], begin, end) for at, begin, end in parts)


def _descr(dtype: Any) -> str:
    return repr(dtype.descr if dtype.names else dtype.str)


def _number_code(items: list[Any]) -> str:
    """Return how a list of numbers is written: `q` integers, `d` floats, empty when it holds others."""
    step = max(1, len(items) // 1000)
    seen = {*map(type, items[::step]), type(items[-1])}
    if seen == {int}:
        return "q"
    return "d" if seen <= {float, int} else ""


def _npy_of_numbers(items: list[Any]) -> Source:
    code = _number_code(items)

    def raw(start: int, stop: int) -> bytes:
        # A number that is none, or too large, ends the answer here: what was sent is then visibly cut short.
        first = start // 8
        part = items[first : -(-stop // 8)]
        if code == "d" and (floats := exact_floats(part)) is not None:
            return floats[start - first * 8 : stop - first * 8]
        try:
            # In half the time that `array` takes, which asks each item in turn what it is.
            written = struct.pack(f"<{len(part)}{code}", *part)
        except struct.error as wrong:
            raise TypeError(str(wrong)) from wrong
        return written[start - first * 8 : stop - first * 8]

    descr = repr("<i8" if code == "q" else "<f8")
    return _headed(_npy_head(descr, False, (len(items),)), 8 * len(items), raw)


def exact_floats(items: list[Any]) -> bytes | None:
    """Return the numbers of a list of floats as they lie in memory; None when it holds anything else.

    By way of msgpack, which writes each float as a mark and its eight bytes, biggest first. `struct.pack`
    takes as long and cannot tell: it takes integers for floats.
    """
    try:
        written = msgspec.msgpack.encode(items)
    # Whatever it holds, it is no list of floats, and is written in another way.
    except Exception:  # noqa: BLE001
        return None
    head = len(written) - _MARKED * len(items)
    # Every element but a float has another mark or another length, so the first that is none shows.
    if not items or head not in (1, 3, 5) or written[head::_MARKED] != _FLOAT_MARK * len(items):
        return None
    numbers = bytearray(8 * len(items))
    for place in range(8):
        numbers[7 - place :: 8] = written[head + 1 + place :: _MARKED]
    return bytes(numbers)


_MARKED, _FLOAT_MARK = 9, b"\xcb"
FLOATS_AT_ONCE = 128 * 1024


def npy_of_floats(items: list[Any]) -> Generator[None, None, bytes | None]:
    """Return a list of floats whole, as npy, in steps; None when it holds anything else."""
    count = len(items)
    parts = [_npy_head(repr("<f8"), False, (count,))]
    for at in range(0, count, FLOATS_AT_ONCE):
        part = items if count <= FLOATS_AT_ONCE else items[at : at + FLOATS_AT_ONCE]
        written = exact_floats(part)
        if written is None:
            return None
        parts.append(written)
        yield
    whole = b"".join(parts)
    return whole if len(items) == count and len(whole) == len(parts[0]) + 8 * count else None


def _headed(head: bytes, size: int, raw: Callable[[int, int], bytes]) -> Source:
    length = len(head)

    def read(start: int, stop: int) -> bytes:
        begin = head[start:stop]
        return begin + raw(max(0, start - length), stop - length) if stop > length else begin

    return _Sized(NPY, length + size, read)


# --- JSON and tables, written as they are read ---------------------------------------------------------
def _of_json(value: Any) -> Source:
    if kinds.is_frame(value):
        return _Flowing(JSON, _json_columns(cast("Grid", grid_of(value))))
    if kinds.is_array(value) and not kinds.is_series(value) and kinds.is_plainly_typed(value):
        return _Flowing(JSON, _json_rows(value))
    if type(value) in (list, tuple) and len(value) > LISTED:
        return _Flowing(JSON, _json_items(value))
    if type(value) is dict and len(cast("dict[Any, Any]", value)) > ITEMS:
        return _Flowing(JSON, _json_entries(cast("dict[Any, Any]", value)))
    return _of_bytes(JSON, memoryview(_json(value)))


def _json(value: Any) -> bytes:
    return b'"<NoValue>"' if value is NoValue else json_text(value)


def _json_items(items: Any) -> Iterator[bytes]:
    yield b"["
    for at in range(0, len(items), LISTED):
        yield (b"," if at else b"") + json_text(list(items[at : at + LISTED]))[1:-1]
    yield b"]"


def _json_entries(entries: dict[Any, Any]) -> Iterator[bytes]:
    yield b"{"
    between = b""
    walk = iter(entries.items())
    while part := dict(islice(walk, ITEMS)):
        yield between + json_text(part)[1:-1]
        between = b","
    yield b"}"


def _json_rows(value: Any) -> Iterator[bytes]:
    shape = kinds.shape_of(value)
    cells = 1
    for length in shape[1:]:
        cells *= length
    step = max(1, ITEMS // max(1, cells))
    yield b"["
    if cells > ITEMS:
        for at in range(shape[0]):
            yield b"," if at else b""
            yield from _json_rows(value[at])
        yield b"]"
        return
    for at in range(0, shape[0], step):
        yield (b"," if at else b"") + msgspec.json.encode(value[at : at + step].tolist())[1:-1]
    yield b"]"


def _json_columns(grid: Grid) -> Iterator[bytes]:
    """Write the split form, as an editor shows it: columns, index, rows."""
    names = [grid.name(place) for place in range(grid.width)]
    yield b'{"columns":' + json_text(names)
    yield from _named_list(b',"index":[', grid, lambda at, to: json_text(grid.index(at, to)))
    yield from _named_list(b'],"data":[', grid, lambda at, to: json_text(_rows(grid, at, to)))
    yield b"]}"


def _named_list(head: bytes, grid: Grid, write: Callable[[int, int], bytes]) -> Iterator[bytes]:
    yield head
    step = max(1, ITEMS // max(1, grid.width))
    for at in range(0, grid.rows, step):
        yield (b"," if at else b"") + write(at, min(at + step, grid.rows))[1:-1]


def _rows(grid: Grid, start: int, stop: int) -> list[list[Any]]:
    columns = [_listed(grid.column(place, start, stop)) for place in range(grid.width)]
    return [list(row) for row in zip(*columns, strict=True)]


def _listed(values: Any) -> list[Any]:
    return cast("list[Any]", values) if isinstance(values, list) else values.tolist()


def _csv(grid: Grid) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    named = grid.index(0, 0) is not None
    writer.writerow([*([""] if named else []), *(grid.name(place) for place in range(grid.width))])
    step = max(1, ITEMS // max(1, grid.width))
    for at in range(0, grid.rows, step):
        stop = min(at + step, grid.rows)
        rows = _rows(grid, at, stop)
        index = grid.index(at, stop)
        writer.writerows(
            rows if index is None else [[name, *row] for name, row in zip(index, rows, strict=True)]
        )
        yield _taken(text).encode(errors="replace")
    yield _taken(text).encode(errors="replace")


def _taken(text: io.StringIO) -> str:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written


def _arrow(value: Any) -> Iterator[bytes]:
    arrow: Any = importlib.import_module("pyarrow")
    grid = cast("Grid", grid_of(value))
    step = max(1, 8 * ITEMS // max(1, grid.width))
    first = _batch(grid, 0, step)
    sink = _Sink()
    with arrow.ipc.new_stream(sink, first.schema) as writer:
        writer.write_batch(first)
        yield sink.take()
        for at in range(step, grid.rows, step):
            writer.write_batch(_batch(grid, at, at + step, first.schema))
            yield sink.take()
    yield sink.take()


def _batch(grid: Grid, start: int, stop: int, schema: Any = None) -> Any:
    columns = [
        Column(grid.name(place), grid.dtype(place), grid.column(place, start, stop))
        for place in range(grid.width)
    ]
    return arrow_batch(columns, grid.index(start, stop), schema)


class _Sink(io.RawIOBase):
    """A file that keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        written = b"".join(self._pieces)
        self._pieces.clear()
        return written
