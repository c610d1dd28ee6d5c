"""Values as they are shown: bounded while they are encoded, so that a huge one costs no more than a small.

Owns the bounds. Encoders that modules registered are asked with `preview=True`; what they return is bounded
too. Called in the graph's thread only, between runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Any, cast

import msgspec
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.serialization import ByteEncoder, JSONEncoder

from funcnodes_worker.runtime.records import Preview

MAX_TEXT = 1000
MAX_ITEMS = 10
MAX_KEYS = 100
MAX_DEPTH = 8
MAX_BYTES = 4 * 1024 * 1024
"""An encoder's own bytes (an image) beyond this are not shown as a preview."""
_MAX_EXACT_INT = 2**53
_JSON = "application/json"
_encode = msgspec.json.Encoder().encode
_PLAIN = (str, int, float, bool, type(None), list, tuple, dict, set, frozenset)


def make_preview(value: object) -> Preview | None:
    """Return a value as it is shown; None when there is no value."""
    if value is NoValue:
        return None
    kind = type(value).__name__
    if isinstance(value, str):
        cut = len(value) > MAX_TEXT
        shown = value[:MAX_TEXT] + "..." if cut else value
        return Preview("text/plain", shown.encode(errors="replace"), cut, kind)
    if not _is_plain(value) and (encoded := _encoded_by_module(value)) is not None:
        mime, data = encoded
        return Preview(mime, data if len(data) <= MAX_BYTES else b"", len(data) > MAX_BYTES, kind)
    bounds = _Bounds()
    return Preview(_JSON, _encode(bounds.bound(value, MAX_DEPTH)), bounds.cut, kind)


def full_value(value: object) -> tuple[str, bytes]:
    """Return a whole value as mime and bytes; what has no encoder goes as JSON."""
    if value is NoValue:
        return _JSON, b'"<NoValue>"'
    if isinstance(value, str):
        return "text/plain", value.encode(errors="replace")
    if not _is_plain(value):
        if (encoded := _encoded_by_module(value, preview=False)) is not None:
            return encoded
        if isinstance(value, bytes):
            return "application/octet-stream", value
    return _JSON, _encode(as_json(value))


def as_json(value: object) -> Any:
    """Return a whole value as JSON data, with nothing left out; what is no JSON becomes text."""
    return _plain(JSONEncoder.apply_custom_encoding(value, preview=False))


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


def _is_plain(value: object) -> bool:
    # Numbers of libraries are numbers too: `numpy.float64` is a `float` that would else go as eight bytes.
    return type(value) in _PLAIN or isinstance(value, int | float)


def _encoded_by_module(value: object, preview: bool = True) -> tuple[str, bytes] | None:
    try:
        encoded = ByteEncoder.encode(value, preview=preview, json_fallback=False)
    except ByteEncoder.NoEncoderException:
        return None
    mime = encoded.mime or "application/octet-stream"
    # Parameters would carry '=' and ';' into the published frame header, whose readers break on them.
    return mime.split(";")[0].strip(), bytes(encoded.data)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, Any]", value).items()
        return {key if isinstance(key, str) else str(key): _plain(item) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) if -(2**63) <= value < 2**64 else str(int(value))
    if value is None or isinstance(value, str | bool):
        return value
    return str(value)


class _Bounds:
    """Walks a value and leaves out what goes beyond the bounds, saying so."""

    def __init__(self) -> None:
        self.cut = False
        self._left = 4000
        """Parts that may still be shown, over all levels."""

    def bound(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth < 0:
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
            return int(value) if abs(value) <= _MAX_EXACT_INT else self._text(str(int(value)))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[object, Any]", value), depth)
        if isinstance(value, list | tuple | Set):
            return self._items(cast("Sequence[Any]", value), depth)
        return self._other(value, depth)

    def _text(self, value: str) -> str:
        if len(value) <= MAX_TEXT:
            return value
        self.cut = True
        return value[:MAX_TEXT] + "..."

    def _mapping(self, value: Mapping[object, Any], depth: int) -> dict[str, Any]:
        self.cut = self.cut or len(value) > MAX_KEYS
        shown = islice(value.items(), MAX_KEYS)
        return {self._text(str(key)): self.bound(item, depth - 1) for key, item in shown}

    def _items(self, value: Sequence[Any], depth: int) -> list[Any]:
        self.cut = self.cut or len(value) > MAX_ITEMS
        return [self.bound(item, depth - 1) for item in islice(value, MAX_ITEMS)]

    def _other(self, value: object, depth: int) -> Any:
        encoded = JSONEncoder.apply_custom_encoding(value, preview=True)
        if type(encoded) in _PLAIN:
            return self.bound(encoded, depth - 1)
        return self._text(str(encoded))
