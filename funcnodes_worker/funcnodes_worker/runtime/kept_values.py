"""Values as bytes and back, by decoders that run nobody's code: JSON, bytes, arrays without objects, Arrow.

Owns which values can be kept. One that would not come back equal, type by type, is not kept; its node simply
runs again. Nothing is ever pickled: unpickling runs code that the bytes choose, and a file in a folder can be
changed by whoever can write there (`docs/design/decisions/kept-outputs.md`).
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import msgspec
from funcnodes_core.novalue import NoValue

Buffers: TypeAlias = Sequence[bytes | memoryview]
MAX_ITEMS = 200_000
"""Parts of a nested value that are looked at; beyond, it is not kept."""
NO_VALUE = ""
"""The fingerprint of a port without a value."""


class _TooMuch(Exception):
    """Raised when a nested value has more parts than are looked at, or one that cannot be kept."""


def encode(value: Any) -> tuple[str, Buffers] | None:
    """Return format and bytes of a value, large arrays uncopied; None for what would not come back equal."""
    try:
        return _encode(value)
    except (_TooMuch, RecursionError, UnicodeEncodeError, msgspec.EncodeError, OverflowError):
        return None


def fingerprint(value: Any) -> str | None:
    """Return what tells a value from others; None for one that cannot be told."""
    if value is NoValue:
        return NO_VALUE
    encoded = encode(value)
    return None if encoded is None else fingerprint_of(*encoded)


def fingerprint_of(kind: str, buffers: Buffers) -> str:
    """Return the fingerprint of an encoded value."""
    return f"{kind}:{hash_of(buffers)}"


def hash_of(buffers: Buffers) -> str:
    """Return the SHA-256 of an encoded value."""
    found = hashlib.sha256()
    for part in buffers:
        found.update(part)
    return found.hexdigest()


def size_of(value: Any) -> int:
    """Return about how many bytes a value has, without making them; 0 for what is small or unknown."""
    size: Any = getattr(value, "nbytes", None)
    if isinstance(size, int):
        return size
    return len(value) if isinstance(value, bytes | str) else 0


def decode(kind: str, data: bytes) -> Any:
    """Return the value; raises `ValueError` for bytes that are none of this format."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ValueError(f"no kept value has the format {kind!r}")
    try:
        return decoder(data)
    except (msgspec.DecodeError, KeyError, TypeError, EOFError) as problem:
        raise ValueError(f"the bytes are no {kind}: {problem}") from problem


def _encode(value: Any) -> tuple[str, Buffers] | None:
    kind = cast("Any", type(value))
    if kind is bytes:
        return "bytes", (value,)
    if _is_array(value):
        return "npy", _array_parts(value)
    if kind.__module__.partition(".")[0] == "pyarrow" and kind.__name__ == "Table":
        return "arrow", (_arrow_bytes(value),)
    budget = [MAX_ITEMS]
    if _is_plain(value, budget):
        return "json", (msgspec.json.encode(value),)
    return "tree", (msgspec.json.encode(_tag(value, [MAX_ITEMS])),)


# Plain JSON


def _is_plain(value: Any, budget: list[int]) -> bool:
    budget[0] -= 1
    if budget[0] < 0:
        raise _TooMuch
    kind = cast("Any", type(value))
    if value is None or kind is bool or kind is str:
        return True
    if kind is int:
        return -(2**63) <= value < 2**64
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(_is_plain(item, budget) for item in cast("list[Any]", value))
    if kind is dict:
        entries = cast("dict[Any, Any]", value)
        return all(type(key) is str and _is_plain(item, budget) for key, item in entries.items())
    return False


# Nested values of other kinds


def _tag(value: Any, budget: list[int]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise _TooMuch
    kind = cast("Any", type(value))
    if value is None or kind in (bool, str) or (kind is float and math.isfinite(value)):
        return ["j", value]
    if kind is int:
        return ["i", str(value)]
    if kind is float:
        return ["f", repr(value)]
    if kind is complex:
        return ["c", repr(value)]
    if kind is bytes:
        return ["b", base64.b64encode(value).decode()]
    if kind in (list, tuple):
        return [kind.__name__[0], [_tag(item, budget) for item in value]]
    if kind in (set, frozenset):
        items = [msgspec.json.encode(_tag(item, budget)) for item in value]
        return [kind.__name__[:2], [msgspec.Raw(item) for item in sorted(items)]]
    if kind is dict:
        return ["d", [[_tag(key, budget), _tag(item, budget)] for key, item in value.items()]]
    if _is_array(value):
        return ["a", base64.b64encode(b"".join(_array_parts(value))).decode()]
    raise _TooMuch


def _untag(tagged: Any) -> Any:
    tag, said = tagged
    return _UNTAG[tag](said)


_UNTAG: dict[str, Callable[[Any], Any]] = {
    "j": lambda said: said,
    "i": int,
    "f": float,
    "c": complex,
    "b": lambda said: base64.b64decode(said, validate=True),
    "l": lambda said: [_untag(item) for item in said],
    "t": lambda said: tuple(_untag(item) for item in said),
    "se": lambda said: {_untag(item) for item in said},
    "fr": lambda said: frozenset(_untag(item) for item in said),
    "d": lambda said: {_untag(key): _untag(item) for key, item in said},
    "a": lambda said: _array(base64.b64decode(said, validate=True)),
}


# Arrays and tables: their libraries are asked only when a value of theirs is there, so they are imported.


def _is_array(value: Any) -> bool:
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return False
    if type(value) is not numpy.ndarray and not isinstance(value, numpy.generic):
        return False
    dtype = value.dtype
    return not dtype.hasobject and dtype.metadata is None and dtype.isbuiltin in (0, 1)


def _array_parts(value: Any) -> Buffers:
    np: Any = sys.modules["numpy"]
    # A number of the library comes back as one: an array of no dimension is told by its header.
    is_scalar = isinstance(value, np.generic)
    array = np.ascontiguousarray(value) if not is_scalar else np.asarray(value)
    array = array.reshape(np.shape(value))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    content = memoryview(array.reshape(-1).view(np.uint8)) if array.nbytes else b""
    return b"s" if is_scalar else b"a", header.getvalue(), content


def _array(data: bytes) -> Any:
    np: Any = importlib.import_module("numpy")
    source = io.BytesIO(data[1:])
    version = np.lib.format.read_magic(source)
    if version != (1, 0):
        raise ValueError("an array of another format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(source)
    if dtype.hasobject or fortran:
        raise ValueError("an array of objects")
    # A copy: node code may write into what it is given.
    array = np.frombuffer(data, dtype=dtype, offset=1 + source.tell()).reshape(shape).copy()
    return array[()] if data[:1] == b"s" else array


def _arrow_bytes(value: Any) -> bytes:
    pa: Any = sys.modules["pyarrow"]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write_table(value)
    return sink.getvalue().to_pybytes()


def _arrow(data: bytes) -> Any:
    pa: Any = importlib.import_module("pyarrow")
    return pa.ipc.open_stream(data).read_all()


_DECODERS: dict[str, Callable[[bytes], Any]] = {
    "json": msgspec.json.decode,
    "tree": lambda data: _untag(msgspec.json.decode(data)),
    "bytes": lambda data: data,
    "npy": _array,
    "arrow": _arrow,
}
