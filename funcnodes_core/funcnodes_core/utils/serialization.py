"""Values as JSON and as bytes, by encoders that modules register for their classes.

Owns both registries and what is encoded without any. How much of a value a client gets to see, and when, is
decided by who asks (`preview`).
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import Any, ClassVar, cast

from funcnodes_core.exceptions import a_kind_of
from funcnodes_core.novalue import NoValue, NoValueType
from funcnodes_core.utils.special_types import databytes

__all__ = ["ByteEncoder", "BytesEncdata", "Encdata", "JSONDecoder", "JSONEncoder", "plain_json"]

PREVIEW_TEXT = 1000
PREVIEW_ITEMS = 10
LONGEST_BITS = 10_000
_WHITESPACE = re.compile(r"[ \t\n\r]*").match


@dataclasses.dataclass
class Encdata:
    """What an encoder made of a value."""

    data: Any
    done: bool = False
    """Whether the data is JSON already, so that nothing in it is encoded again."""
    handeled: bool = False
    continue_preview: bool | None = None


@dataclasses.dataclass
class BytesEncdata:
    """What an encoder made of a value."""

    data: Any
    handeled: bool = False
    mime: str | None = None


Encoder = Callable[..., Any]


def _as_encdata(answer: Any) -> Encdata:
    """Return an encoder's answer as a record: older ones answer `(data, handled)`."""
    if isinstance(answer, Encdata):
        return answer
    data, handled = answer
    return Encdata(data=data, handeled=bool(handled))


class JSONEncoder(json.JSONEncoder):
    """Values as JSON, by the encoders that are registered for their classes."""

    encoder_registry: ClassVar[dict[type, list[Encoder]]] = {}

    @classmethod
    def add_encoder(cls, encoder: Encoder, enc_cls: list[type] | None = None) -> None:
        """Ask `encoder` for values of these classes, after those that are there."""
        for each in enc_cls or [object]:
            cls.encoder_registry.setdefault(each, []).append(encoder)

    @classmethod
    def prepend_encoder(cls, encoder: Encoder, enc_cls: list[type] | None = None) -> None:
        """Ask `encoder` for values of these classes, before those that are there."""
        for each in enc_cls or [object]:
            cls.encoder_registry.setdefault(each, []).insert(0, encoder)

    @classmethod
    def apply_custom_encoding(cls, obj: Any, preview: bool = False) -> Any:
        """Return a value as what JSON can say."""
        try:
            return cls._encoded(obj, preview, ())
        except RecursionError:
            raise ValueError(
                "a value nested this deep cannot be written as JSON; hand on a flatter one"
            ) from None

    @classmethod
    def ask_encoders(cls, obj: Any, preview: bool = False) -> Encdata | None:
        """Return what the first encoder that takes a value makes of it, one step only."""
        return cls._asked(obj, preview)

    @classmethod
    def _encoded(cls, obj: Any, preview: bool, around: tuple[int, ...]) -> Any:
        if id(obj) in around:
            raise ValueError("a value that contains itself cannot be written as JSON")
        answer = cls._asked(obj, preview)
        if answer is not None:
            if answer.done:
                return answer.data
            if answer.continue_preview is not None:
                preview = answer.continue_preview
            if answer.data is not obj:
                return cls._encoded(answer.data, preview, (*around, id(obj)))
        return cls._plain(obj, preview, around)

    @classmethod
    def _asked(cls, obj: Any, preview: bool) -> Encdata | None:
        """Return the first answer of an encoder, the class's own before those of its bases."""
        for base in type(obj).__mro__:
            for encoder in cls.encoder_registry.get(base, ()):
                answer = _as_encdata(encoder(obj, preview))
                if answer.handeled:
                    return answer
        return None

    @classmethod
    def _plain(cls, obj: Any, preview: bool, around: tuple[int, ...]) -> Any:
        kind, content = _opened(obj, preview)
        inside = (*around, id(obj))
        if kind is dict:
            return {key: cls._encoded(value, preview, inside) for key, value in content}
        if kind is list:
            return [cls._encoded(element, preview, inside) for element in content]
        # Whole also in a preview: half of what an object says of itself says nothing.
        return content if kind is None else cls._encoded(content, False, inside)

    def default(self, o: Any) -> Any:
        """Return what the standard encoder is to write in place of a value it does not know."""
        return self.apply_custom_encoding(o)

    def encode(self, o: Any) -> str:
        """Return the value as JSON text."""
        return "".join(self.iterencode(o, _one_shot=True))

    def iterencode(self, o: Any, _one_shot: bool = False) -> Any:
        """Return the value as JSON text, in pieces."""
        return super().iterencode(_sayable(self.apply_custom_encoding(o)), _one_shot)


def _opened(obj: Any, preview: bool) -> tuple[type | None, Any]:
    """Return what a value holds, and as what: pairs, elements, or what it says of itself.

    With None it is done. A value whose own code raises is named in place of being written, so that it
    keeps nothing else from being told.
    """
    try:
        return _looked_into(obj, preview)
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 - a value's own code raises what it likes
        return None, f"<{type(obj).__name__} that cannot be shown: {type(error).__name__}>"


def _looked_into(obj: Any, preview: bool) -> tuple[type | None, Any]:
    if isinstance(obj, float):
        number = float(obj)
        return None, None if math.isnan(number) else number
    if obj is None or isinstance(obj, bool):
        return None, obj
    if isinstance(obj, int):
        # Python writes no longer ones in tens; in hexadecimal they cost little.
        return None, int(obj) if obj.bit_length() <= LONGEST_BITS else hex(obj)
    if isinstance(obj, str):
        return None, f"{obj[:PREVIEW_TEXT]}..." if preview and len(obj) > PREVIEW_TEXT else str(obj)
    if isinstance(obj, dict):
        return dict, list(cast("dict[Any, Any]", obj).items())
    if isinstance(obj, list | tuple | set | frozenset):
        elements = cast("Iterable[Any]", obj)
        return list, list(islice(elements, PREVIEW_ITEMS) if preview else elements)
    if hasattr(obj, "_repr_json_") and not isinstance(obj, type):
        said = obj._repr_json_()
        if said is not obj:
            return object, said
    return None, str(obj)


def _sayable(value: Any) -> Any:
    """Return an encoded value without what JSON text has no word for: infinity, keys of other kinds."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _sayable(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_sayable(item) for item in cast("list[Any]", value)]
    return value


def _key(key: Any) -> Any:
    if isinstance(key, float) and not math.isfinite(key):
        return str(key)
    return key if key is None or isinstance(key, str | int | float) else str(key)


class JSONDecoder(json.JSONDecoder):
    """JSON as values, by registered decoders."""

    decoder_registry: ClassVar[list[Callable[[Any], tuple[Any, bool]]]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @classmethod
    def add_decoder(cls, decoder: Callable[[Any], tuple[Any, bool]]) -> None:
        """Ask `decoder` for every value, after those that are there."""
        cls.decoder_registry.append(decoder)

    def decode(self, s: str, _w: Any = _WHITESPACE) -> Any:
        """Return the value that a JSON text stands for."""
        return self._decoded(super().decode(s, _w))

    def _decoded(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._decoded(item) for key, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [self._decoded(item) for item in cast("list[Any]", value)]
        for decoder in self.decoder_registry:
            value, handled = decoder(value)
            if handled:
                return value
        return value


class NoEncoderError(Exception):
    """No encoder takes the value."""


class ByteEncoder:
    """Values as bytes with a MIME type, by the encoders that are registered for their classes."""

    NoEncoderException = NoEncoderError
    encoder_registry: ClassVar[dict[type, list[Encoder]]] = {}

    @classmethod
    def add_encoder(cls, encoder: Encoder, enc_cls: list[type] | None = None) -> None:
        """Ask `encoder` for values of these classes, after those that are there."""
        for each in enc_cls or [object]:
            cls.encoder_registry.setdefault(each, []).append(encoder)

    @classmethod
    def prepend_encoder(cls, encoder: Encoder, enc_cls: list[type] | None = None) -> None:
        """Ask `encoder` for values of these classes, before those that are there."""
        for each in enc_cls or [object]:
            cls.encoder_registry.setdefault(each, []).insert(0, encoder)

    @classmethod
    def encode(cls, data: Any, preview: bool = False, json_fallback: bool = True) -> BytesEncdata:
        """Return a value as bytes; what nobody knows becomes JSON."""
        for base in type(data).__mro__:
            for encoder in cls.encoder_registry.get(base, ()):
                answer = encoder(data, preview)
                if answer.handeled:
                    return cast("BytesEncdata", answer)
        known = _known_bytes(data)
        if known is not None:
            return BytesEncdata(data=known[0], handeled=True, mime=known[1])
        if not json_fallback:
            raise NoEncoderError(f"no encoder makes bytes of {a_kind_of(data)}")
        text = None if preview else plain_json(data)
        if text is None:
            text = json.dumps(_sayable(JSONEncoder.apply_custom_encoding(data, preview=preview))).encode()
        return BytesEncdata(data=text, handeled=True, mime="application/json")


def _known_bytes(data: Any) -> tuple[bytes, str] | None:
    if data is None:
        return b"", "application/fn.null"
    if isinstance(data, str):
        # Half a surrogate pair can stand in a Python text, but in no UTF-8.
        return data.encode(errors="replace"), "text/plain"
    if isinstance(data, bytes):
        return bytes(data), "application/octet-stream"
    if isinstance(data, bool):
        return struct.pack("!?", data), "application/fn.struct.?"
    if isinstance(data, int) and -(2**63) <= data < 2**63:
        return struct.pack("!q", data), "application/fn.struct.!q"
    if isinstance(data, float):
        return struct.pack("!d", data), "application/fn.struct.!d"
    return None


# --- plain values in one go -------------------------------------------------------------------------
_DEEPEST = 64
_LEAVES = (str, float, bool, int, type(None))
_BOXES = (list, tuple, dict)


@functools.cache
def _plain_encode() -> Callable[[Any], bytes]:
    # Imported here: who only computes writes nothing, and the import costs time.
    import msgspec

    return msgspec.json.Encoder().encode


def plain_json(value: Any) -> bytes | None:
    """Return the JSON text of a value made of nothing but JSON's own types, written in one go; else None.

    Ten times the speed of asking the encoders for each item, and the same text: it says None for everything
    an encoder might want to write (subclasses, enums, dates, whatever a module registered plain types for).
    """
    if not _is_plain(value) or not _plain_types_are_free():
        return None
    try:
        return _plain_encode()(value)
    except UnicodeEncodeError:  # Half a surrogate pair: no UTF-8 says it.
        return None


def _plain_types_are_free() -> bool:
    """Tell whether no module registered an encoder for the plain types or for everything."""
    registry = JSONEncoder.encoder_registry
    return all(
        encoder is _encode_dataclass
        for base in (*_LEAVES, *_BOXES, object)
        for encoder in registry.get(base, ())
    )


def _is_plain(value: Any) -> bool:
    # Level by level, so that the types of a million items are read by one loop in C.
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        kinds = set(map(type, level))
        if not kinds.issubset(_PLAIN_TYPES):
            return False
        if int in kinds and not _fit_64_bits(level, kinds):
            return False
        if kinds.isdisjoint(_BOXES):
            return True
        boxes = level if kinds.issubset(_BOXES) else [item for item in level if type(item) in _BOXES]
        if dict in kinds and not _keys_are_text(boxes):
            return False
        level = list(chain.from_iterable(map(_items, boxes)))
    return False


def _items(box: Any) -> Iterable[Any]:
    return cast("dict[str, Any]", box).values() if type(box) is dict else box


_PLAIN_TYPES = frozenset((*_LEAVES, *_BOXES))


def _fit_64_bits(level: list[Any], kinds: set[type]) -> bool:
    numbers = level if kinds == {int} else [item for item in level if type(item) is int]
    return min(numbers) >= -(2**63) and max(numbers) < 2**64


def _keys_are_text(boxes: list[Any]) -> bool:
    mappings = [cast("dict[Any, Any]", box) for box in boxes if type(box) is dict]
    return set(map(type, chain.from_iterable(mappings))) <= {str}


# --- what is encoded without any module -------------------------------------------------------------
def _encode_no_value(obj: Any, preview: bool = False) -> Encdata:
    return Encdata(data="<NoValue>", done=True, handeled=True)


def _decode_no_value(obj: Any) -> tuple[Any, bool]:
    return (NoValue, True) if isinstance(obj, str) and obj == "<NoValue>" else (obj, False)


def _encode_bytes(obj: bytes, preview: bool = False) -> Encdata:
    return Encdata(data=base64.b64encode(obj).decode("ascii"), done=not preview, handeled=True)


def _encode_databytes(obj: databytes, preview: bool = False) -> Encdata:
    return Encdata(data=f"databytes({len(obj)})", done=True, handeled=True)


def _encode_path(obj: Path, preview: bool = False) -> Encdata:
    return Encdata(data=obj.as_posix(), done=True, handeled=True)


def _encode_dataclass(obj: Any, preview: bool = False) -> Encdata:
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type) and not hasattr(obj, "_repr_json_"):
        fields: Mapping[str, Any] = {each.name: getattr(obj, each.name) for each in dataclasses.fields(obj)}
        return Encdata(data=fields, handeled=True)
    return Encdata(data=obj, handeled=False)


JSONEncoder.add_encoder(_encode_no_value, [NoValueType])
JSONEncoder.add_encoder(_encode_databytes, [databytes])
JSONEncoder.add_encoder(_encode_bytes, [bytes])
JSONEncoder.add_encoder(_encode_path, [PurePath])
JSONEncoder.add_encoder(_encode_dataclass)
JSONDecoder.add_decoder(_decode_no_value)
