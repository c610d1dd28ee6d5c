"""The dialects of one conversation: text becomes a call, results and failures become text.

Owns the published envelope (`{"type": "cmd"}`) and JSON-RPC 2.0. The documented forms of the seed come later
and have their place in `Dialect`. Does not know which methods exist (`dispatch`) nor who may call them
(`gate`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import msgspec

from funcnodes_worker.rpc.errors import INVALID_REQUEST, PARSE_ERROR, Failure

Scalar: TypeAlias = str | int | float | bool | None
MAX_BATCH = 1000


class Dialect(enum.Enum):
    """The form a client speaks, and is answered in."""

    PUBLISHED = "published"
    JSONRPC = "jsonrpc"


class Call(msgspec.Struct, frozen=True):
    """A call as it was written: arguments are not checked yet."""

    dialect: Dialect
    method: str
    params: Mapping[str, Any]
    id: Scalar = None
    wants_answer: bool = True
    as_bytes: bool = False
    said: int = 0
    """A sum of the whole frame: a call that is sent again is the same text."""


@dataclass(frozen=True)
class Ping:
    """The published `{"type": "ping"}`."""


@dataclass(frozen=True)
class Ignored:
    """A message the contract says to ignore: JSON without a `type` that anybody knows."""


@dataclass(frozen=True)
class Malformed:
    """A message that cannot be a call, with the failure to answer."""

    dialect: Dialect
    failure: Failure
    id: Scalar = None


@dataclass(frozen=True)
class Batch:
    """Several JSON-RPC messages in one frame; their answers go back in one frame."""

    messages: tuple[Call | Malformed, ...]


Message: TypeAlias = Call | Ping | Ignored | Malformed | Batch

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read(text: str | bytes, last: Dialect = Dialect.PUBLISHED) -> Message:
    """Return what a frame says. `last` is the dialect to complain in when the frame is not even JSON."""
    try:
        content: object = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return Malformed(
            last, _mistake(PARSE_ERROR, f"the message is not JSON ({problem}); nothing was changed")
        )
    if isinstance(content, list):
        return _read_batch(cast("list[object]", content))
    if not isinstance(content, dict):
        return Malformed(last, _mistake(INVALID_REQUEST, "a message is a JSON object; nothing was changed"))
    fields = cast("dict[str, Any]", content)
    if "jsonrpc" in fields:
        return _read_jsonrpc(fields, hash(text))
    match fields.get("type"):
        case "cmd":
            return _read_published(fields, hash(text))
        case "ping":
            return Ping()
        case _:
            return Ignored()


def _read_published(fields: dict[str, Any], said: int) -> Call | Malformed:
    call_id = _scalar(fields.get("id"))
    method, params = fields.get("cmd"), fields.get("kwargs", {})
    if not isinstance(method, str):
        return Malformed(
            Dialect.PUBLISHED, _mistake(INVALID_REQUEST, "a command needs its name in 'cmd'"), call_id
        )
    if not isinstance(params, dict):
        problem = _mistake(
            INVALID_REQUEST, f"'kwargs' of {method[:80]!r} is an object with the arguments by name"
        )
        return Malformed(Dialect.PUBLISHED, problem, call_id)
    as_bytes = fields.get("as_bytes") is True
    arguments = cast("dict[str, Any]", params)
    return Call(Dialect.PUBLISHED, method, arguments, call_id, as_bytes=as_bytes, said=said)


def _read_jsonrpc(fields: dict[str, Any], said: int = 0) -> Call | Malformed:
    call_id = _scalar(fields.get("id"))
    method, params = fields.get("method"), fields.get("params", {})
    if fields["jsonrpc"] != "2.0" or not isinstance(method, str):
        problem = _mistake(INVALID_REQUEST, 'a JSON-RPC call has "jsonrpc": "2.0" and a text as "method"')
        return Malformed(Dialect.JSONRPC, problem, call_id)
    if not isinstance(params, dict):
        problem = _mistake(
            INVALID_REQUEST, f"'params' of {method[:80]!r} is an object with the arguments by name"
        )
        return Malformed(Dialect.JSONRPC, problem, call_id)
    arguments = cast("dict[str, Any]", params)
    return Call(Dialect.JSONRPC, method, arguments, call_id, wants_answer="id" in fields, said=said)


def _read_batch(contents: list[object]) -> Batch | Malformed:
    if not contents or len(contents) > MAX_BATCH:
        problem = _mistake(INVALID_REQUEST, f"a batch holds 1 to {MAX_BATCH} calls")
        return Malformed(Dialect.JSONRPC, problem)
    wrong = Malformed(Dialect.JSONRPC, _mistake(INVALID_REQUEST, "each part of a batch is a JSON-RPC call"))
    return Batch(
        tuple(
            _read_jsonrpc(cast("dict[str, Any]", part))
            if isinstance(part, dict) and "jsonrpc" in part
            else wrong
            for part in contents
        )
    )


def _scalar(given: object) -> Scalar:
    return given if isinstance(given, str | int | float | bool) else None


def _mistake(code: int, sentence: str) -> Failure:
    return Failure(code, sentence, "ParseError" if code == PARSE_ERROR else "InvalidRequest")


def write_result(call: Call, result: object) -> bytes:
    """Return the answer to a call as JSON text. `result` may hold `msgspec.Raw` for parts already written."""
    match call.dialect:
        case Dialect.PUBLISHED:
            return _encode({"type": "result", "result": result, "id": call.id})
        case Dialect.JSONRPC:
            return _encode({"jsonrpc": "2.0", "result": result, "id": call.id})


def write_failure(dialect: Dialect, call_id: Scalar, failure: Failure) -> bytes:
    """Return a failure as JSON text."""
    match dialect:
        case Dialect.PUBLISHED:
            return _encode(
                {"type": "error", "error": failure.message, "tb": failure.traceback, "id": call_id}
            )
        case Dialect.JSONRPC:
            data: dict[str, object] = {"kind": failure.kind}
            if failure.traceback:
                data["traceback"] = failure.traceback
            error = {"code": failure.code, "message": failure.message, "data": data}
            return _encode({"jsonrpc": "2.0", "error": error, "id": call_id})


def write_notification(method: str, params: object) -> bytes:
    """Return a JSON-RPC notification as JSON text."""
    return _encode({"jsonrpc": "2.0", "method": method, "params": params})


def write_batch(answers: Sequence[bytes]) -> bytes:
    """Return the answers of a batch in one frame."""
    return b"[" + b",".join(answers) + b"]"


PONG = b'{"type":"pong"}'
