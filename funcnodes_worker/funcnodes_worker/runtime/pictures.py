"""Images by size: a picture no larger than somebody has room for.

Owns scaling. Pillow does it where the user's environment has it; of an array, rows and columns are left out
and a PNG is written here. Called in the graph's thread only.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import struct
import zlib
from typing import Any, cast

from funcnodes_worker.runtime import kinds

LARGEST = 8192
"""Points of a side that are sent at most."""


class NoPicture(ValueError):
    """Raised for a value that cannot be shown as an image."""


def is_image_array(value: Any) -> bool:
    """Tell whether an array is a picture: bytes, with one, three or four to a point."""
    if not kinds.is_array(value) or kinds.dtype_of(value) != "uint8":
        return False
    lengths = kinds.shape_of(value)
    return len(lengths) == 2 or (len(lengths) == 3 and lengths[2] in (3, 4))


def scaled(value: Any, width: int, height: int, encoded: tuple[str, bytes] | None) -> tuple[str, bytes]:
    """Return a picture as mime and bytes, at most this large, its sides in proportion.

    `encoded` is what a module's encoder made of the value, where it has one.
    """
    room = min(width or LARGEST, LARGEST), min(height or LARGEST, LARGEST)
    if is_image_array(value):
        return "image/png", as_png(_thinned(value, *room))
    if kinds.is_picture(value):
        small = value.copy()
        small.thumbnail(room)
        return "image/png", as_png(small)
    if encoded is not None and encoded[0].startswith("image/"):
        return _scaled_bytes(*encoded, room)
    raise NoPicture(f"a value of type {type(value).__name__} is no image")


def as_png(value: Any) -> bytes:
    """Return a picture as PNG."""
    if is_image_array(value):
        return _png(value)
    file = io.BytesIO()
    value.save(file, format="PNG")
    return file.getvalue()


def _thinned(value: Any, width: int, height: int) -> Any:
    rows, columns = kinds.shape_of(value)[:2]
    step = max(1, -(-columns // width), -(-rows // height))
    return value[::step, ::step]


def _scaled_bytes(mime: str, data: bytes, room: tuple[int, int]) -> tuple[str, bytes]:
    # Vector images have any size; and without Pillow nobody here can read the others.
    if mime == "image/svg+xml" or importlib.util.find_spec("PIL") is None:
        return mime, data
    images: Any = importlib.import_module("PIL.Image")
    image = images.open(io.BytesIO(data))
    if image.size[0] <= room[0] and image.size[1] <= room[1]:
        return mime, data
    image.thumbnail(room)
    file = io.BytesIO()
    image.save(file, format="PNG")
    return "image/png", file.getvalue()


_COLOURS = {1: 0, 3: 2, 4: 6}
"""How PNG names the numbers of bytes to a point: grey, colours, colours with transparency."""


def _png(value: Any) -> bytes:
    # https://www.w3.org/TR/png/: three chunks, each row behind a zero that says "not filtered".
    lengths = kinds.shape_of(value)
    rows, columns = lengths[:2]
    kind = _COLOURS[lengths[2] if len(lengths) == 3 else 1]
    packed = zlib.compressobj(1)
    data = b"".join(packed.compress(b"\0" + cast("bytes", value[row].tobytes())) for row in range(rows))
    head = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data + packed.flush()), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
