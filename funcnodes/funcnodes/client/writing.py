"""A call as it is sent: JSON-RPC 2.0 in JSON, or a refusal of what JSON cannot say.

Owns that nothing is changed silently on its way: JSON has no word for nan and infinity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, cast

import msgspec
from funcnodes_core.document.layers import as_written

from funcnodes.client.errors import BadCall

_KNOWN = "a worker keeps values as JSON: None, booleans, numbers, texts, lists, and dicts with texts as keys"


def request(call_id: str, method: str, params: Mapping[str, Any], *, as_bytes: bool = False) -> bytes:
    """Return a call as it is sent; raise `BadCall` when JSON cannot say what it is given."""
    wish = {"as_bytes": True} if as_bytes else {}
    call = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params, **wish}
    try:
        written = _ENCODER.encode(call)
    except (TypeError, ValueError, RecursionError) as problem:
        raise _bad(f"this cannot be sent ({problem}): {_KNOWN}") from problem
    # What JSON has no word for is written as null: only where there is one, it is looked for.
    if b"null" in written:
        for place, number in _numbers(msgspec.to_builtins(params, enc_hook=_plain), ""):
            if not math.isfinite(number):
                raise _bad(
                    f"{number!r} in {place} cannot be sent: a worker keeps values as JSON, which has no nan "
                    "and no infinity; leave it out, or let a node make it"
                )
    return written


def _plain(value: object) -> Any:
    try:
        return as_written(value)
    except TypeError:
        _refuse(value)


def _refuse(value: object) -> NoReturn:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    hint = "; tolist() gives such a value" if hasattr(value, "tolist") else ""
    raise _bad(f"a value of type {name} cannot be sent: {_KNOWN}{hint}")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def _numbers(value: Any, place: str) -> Iterator[tuple[str, float]]:
    """Yield all floats in a value, and where each stands."""
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, dict):
        for key, one in cast("dict[Any, Any]", value).items():
            yield from _numbers(one, f"{place}[{key!r}]" if place else str(key))
    elif isinstance(value, list | tuple):
        for at, one in enumerate(cast("list[Any]", value)):
            yield from _numbers(one, f"{place}[{at}]")


def _bad(sentence: str) -> BadCall:
    return BadCall(-32602, sentence, {"kind": "NotJson"})
