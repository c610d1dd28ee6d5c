"""Values as they are shown: bounded while they are encoded, so that a huge one costs no more than a small.

Owns the bounds, and the whole value as mime and bytes. Encoders that modules registered are asked with
`preview=True`, one step at a time, so that what they leave to us is bounded as well. Called in the graph's
thread only, between runs.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, cast

import msgspec
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.serialization import ByteEncoder, JSONEncoder, plain_json

from funcnodes_worker.runtime import kinds
from funcnodes_worker.runtime.records import Preview

MAX_TEXT = 1000
MAX_ITEMS = 10
MAX_KEYS = 100
MAX_DEPTH = 8
MAX_PARTS = 4000
"""Parts of a value that are shown, over all levels."""
MAX_ROOM = 64 * 1024
"""Characters of text that are shown, over all levels."""
MAX_RAW = 64 * 1024
"""Plain bytes that are shown."""
MAX_BYTES = 4 * 1024 * 1024
"""An encoder's own bytes (an image) beyond this are not shown as a preview."""
_MAX_EXACT_INT = 2**53
_MOST_BITS = 10_000
"""Python refuses to write longer numbers in tens; in hexadecimal they cost little."""
_JSON = "application/json"
_RAW = "application/octet-stream"
_RAW_TYPES = (bytes, bytearray, memoryview)
_encode = msgspec.json.Encoder().encode
_PLAIN = (str, int, float, bool, type(None), list, tuple, dict, set, frozenset)


def make_preview(value: object) -> Preview | None:
    """Return a value as it is shown; None when there is no value."""
    if value is NoValue:
        return None
    kind = type(value).__name__
    if _is_number(value):
        return Preview(_JSON, _encode(value), cut=False, type=kind)
    if isinstance(value, str):
        cut = len(value) > MAX_TEXT
        shown = value[:MAX_TEXT] + "..." if cut else value
        summary = _counted(len(value), "character") if cut else ""
        return Preview("text/plain", shown.encode(errors="replace"), cut, kind, summary=summary)
    if (raw := kinds.raw_bytes(value)) is not None and not _has_encoder(value):
        return Preview(_RAW, bytes(raw[:MAX_RAW]), raw.nbytes > MAX_RAW, kind)
    if not _is_plain(value) and (encoded := encoded_by_module(value)) is not None:
        mime, data = encoded
        return Preview(mime, data if len(data) <= MAX_BYTES else b"", len(data) > MAX_BYTES, kind)
    bounds = _Bounds()
    data = _encode(bounds.bound(value, MAX_DEPTH))
    return Preview(_JSON, data, bounds.cut, kind, summary=_summary(value, bounds.cut))


def _summary(value: object, cut: bool) -> str:
    if isinstance(value, float):
        return "" if math.isfinite(value) else repr(float(value))
    if not cut:
        return ""
    if isinstance(value, Mapping):
        return _counted(len(cast("Mapping[object, object]", value)), "key")
    if isinstance(value, list | tuple | set | frozenset):
        return _counted(len(cast("Collection[object]", value)), "item")
    return " \u00d7 ".join(f"{length:,}" for length in kinds.shape_of(value))


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _is_number(value: object) -> bool:
    """Tell whether a value is a number that is shown as it stands: most are, and need no walk."""
    kind = type(value)
    if kind is float:
        return math.isfinite(cast("float", value))
    return kind is bool or (kind is int and -_MAX_EXACT_INT <= cast("int", value) <= _MAX_EXACT_INT)


def full_value(value: object) -> tuple[str, bytes]:
    """Return a whole value as mime and bytes; what has no encoder goes as JSON."""
    if value is NoValue:
        return _JSON, b'"<NoValue>"'
    if isinstance(value, str):
        return "text/plain", value.encode(errors="replace")
    if not _is_plain(value):
        if (encoded := encoded_by_module(value, preview=False)) is not None:
            return encoded
        if (raw := kinds.raw_bytes(value)) is not None:
            return _RAW, bytes(raw)
    return _JSON, json_text(value)


def json_text(value: object) -> bytes:
    """Return a whole value as JSON text: in one go where it is made of plain values."""
    if JSONEncoder.ask_encoders(value) is None and kinds.is_array(value) and kinds.is_plainly_typed(value):
        return _encode(cast("Any", value).tolist())
    text = plain_json(value)
    return _encode(as_json(value)) if text is None else text


def as_json(value: object) -> Any:
    """Return a whole value as JSON data, with nothing left out; what is no JSON becomes text."""
    try:
        return _whole(value, ())
    except RecursionError:
        raise ValueError(
            "a value nested this deep cannot be written as JSON; hand on a flatter one"
        ) from None


def is_json(value: object, depth: int = 32) -> bool:
    """Tell whether a value is JSON as it stands, so that it can be kept and come back equal."""
    if value is None or isinstance(value, str | bool):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    if isinstance(value, float):
        return math.isfinite(value)
    if depth and type(value) is list:
        return all(is_json(item, depth - 1) for item in cast("list[object]", value))
    if depth and type(value) is dict:
        entries = cast("dict[object, object]", value)
        return all(isinstance(key, str) and is_json(item, depth - 1) for key, item in entries.items())
    return False


def encoded_by_module(value: object, preview: bool = True) -> tuple[str, bytes] | None:
    """Return what an encoder for this class makes of a value, as mime and bytes; None when there is none."""
    try:
        encoded = ByteEncoder.encode(value, preview=preview, json_fallback=False)
    except ByteEncoder.NoEncoderException:
        return None
    mime = encoded.mime or _RAW
    # Parameters would carry '=' and ';' into the published frame header, whose readers break on them.
    return mime.split(";")[0].strip(), bytes(encoded.data)


def _has_encoder(value: object) -> bool:
    return any(ByteEncoder.encoder_registry.get(base) for base in type(value).__mro__)


def _is_plain(value: object) -> bool:
    # Numbers of libraries are numbers too: `numpy.float64` is a `float` that would else go as eight bytes.
    return type(value) in _PLAIN or isinstance(value, int | float)


def _whole(value: Any, around: tuple[int, ...]) -> Any:
    if id(value) in around:
        raise ValueError("a value that contains itself cannot be written as JSON")
    answer = JSONEncoder.ask_encoders(value)
    if answer is not None and answer.data is not value:
        return _whole(answer.data, (*around, id(value)))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _sayable(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else _long(int(value))
    return _whole_of_many(value, (*around, id(value)))


def _whole_of_many(value: Any, inside: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, Any]", value).items()
        return {_sayable(str(key)): _whole(item, inside) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_whole(item, inside) for item in cast("Iterable[Any]", value)]
    if kinds.says_json(value):
        return _whole(value._repr_json_(), inside)
    if kinds.is_frame(value):
        return _whole(kinds.split_form(value), inside)
    if kinds.is_array(value):
        return _whole(value.tolist(), inside)
    if kinds.is_scalar(value):
        return _whole_item(value.item())
    return _sayable(str(value))


def _whole_item(value: Any) -> Any:
    # What `item` gives for a moment in time or for an object is that library's own, and goes as text.
    return _whole(value, ()) if _is_plain(value) else str(value)


def _sayable(text: str) -> str:
    # Half a surrogate pair can stand in a Python text, but in no UTF-8.
    return str(text) if text.isascii() else text.encode(errors="replace").decode()


def _long(number: int) -> str:
    return str(number) if number.bit_length() <= _MOST_BITS else hex(number)


class _Bounds:
    """Walks a value and leaves out what goes beyond the bounds, saying so."""

    def __init__(self, room: int = MAX_ROOM) -> None:
        self.cut = False
        self._left = MAX_PARTS
        self._room = room

    def bound(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth < 0 or self._room <= 0:
            self.cut = True
            return "..."
        if value is NoValue:
            return "<NoValue>"
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            # Larger numbers lose digits in a browser; as text they keep them.
            return int(value) if abs(value) <= _MAX_EXACT_INT else self._number(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[object, Any]", value), depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(cast("Collection[Any]", value), depth)
        return self._other(value, depth)

    def _text(self, value: str) -> str:
        shown = value[: min(MAX_TEXT, self._room)]
        self._room -= len(shown)
        if len(shown) < len(value):
            self.cut = True
            shown += "..."
        return _sayable(shown)

    def _number(self, value: int) -> str:
        bits = value.bit_length()
        if bits <= _MOST_BITS:
            return self._text(str(value))
        self.cut = True
        return f"{'-' if value < 0 else ''}{hex(abs(value) >> (bits - 200))}... ({bits} bits)"

    def _mapping(self, value: Mapping[object, Any], depth: int) -> dict[str, Any]:
        self.cut = self.cut or len(value) > MAX_KEYS
        shown = islice(value.items(), MAX_KEYS)
        return {self._text(str(key)): self.bound(item, depth - 1) for key, item in shown}

    def _items(self, value: Collection[Any], depth: int) -> list[Any]:
        self.cut = self.cut or len(value) > MAX_ITEMS
        return [self.bound(item, depth - 1) for item in islice(value, MAX_ITEMS)]

    def _other(self, value: Any, depth: int) -> Any:
        if type(value) in _RAW_TYPES and (raw := kinds.raw_bytes(value)) is not None:
            return self._raw(raw)
        answer = JSONEncoder.ask_encoders(value, preview=True)
        if answer is not None and answer.data is not value:
            return self.bound(answer.data, depth - 1)
        if kinds.says_json(value):
            return self.bound(value._repr_json_(), depth - 1)
        if kinds.is_frame(value):
            return self._frame(value, depth)
        if kinds.is_array(value):
            return self._array(value, depth)
        if kinds.is_scalar(value):
            return self.bound(_whole_item(value.item()), depth - 1)
        # Writing such a container as text would walk all of it.
        if kinds.is_container(value):
            return self._items(cast("Collection[Any]", value), depth)
        return self._text(str(value))

    def _raw(self, raw: memoryview) -> str:
        self.cut = self.cut or raw.nbytes > MAX_TEXT
        return base64.b64encode(raw[:MAX_TEXT]).decode()

    def _frame(self, frame: Any, depth: int) -> Any:
        rows, columns = kinds.shape_of(frame)[:2]
        self.cut = self.cut or rows > MAX_ITEMS or columns > MAX_KEYS
        split = kinds.split_form(frame.iloc[:MAX_ITEMS, :MAX_KEYS])
        rows_shown = [[self.bound(cell, depth - 2) for cell in row] for row in split["data"]]
        names = [self._text(name) for name in split["columns"]]
        return {"columns": names, "index": [self._text(str(i)) for i in split["index"]], "data": rows_shown}

    def _array(self, array: Any, depth: int) -> Any:
        lengths = kinds.shape_of(array)
        self.cut = self.cut or any(length > MAX_ITEMS for length in lengths) or len(lengths) > 2
        return self.bound(kinds.corner_of(array, MAX_ITEMS, MAX_ITEMS), depth)


def shown_cell(value: object) -> Any:
    """Return one cell of a table as JSON data, bounded like a preview."""
    if value is None or value is NoValue:
        return None
    # Most cells are these; the walk is for the others.
    if type(value) in (int, float, bool) and (type(value) is not int or abs(value) < 2**53):
        return value
    return _Bounds(room=MAX_TEXT).bound(value, 3)
