"""The dialects of one conversation: text becomes a call, results and failures become text.

Owns the published envelope (`{"type": "cmd"}`), the documented one (the same, with the command's name in its
answers) and JSON-RPC 2.0. Does not know which methods exist (`dispatch`), what documented names mean
(`server/documented`), nor who may call (`gate`).
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import msgspec

from funcnodes_worker.rpc.errors import INVALID_REQUEST, PARSE_ERROR, Failure

Scalar: TypeAlias = str | int | float | bool | None
MAX_BATCH = 1000


class Dialect(enum.Enum):
    """The form a client speaks, and is answered in."""

    PUBLISHED = "published"
    DOCUMENTED = "documented"
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
    """A sum of the whole frame, the same in every process: a call that is sent again is the same text."""
    spoken: str = ""
    """The command by the name the client gave it, for the documented answer."""
    acknowledges: bool = False
    """Whether the answer is just `{"success": true}`, as documented."""
    problem: Exception | None = None
    """Why it was not understood; told in its turn, in place of a result."""


class ByPosition(dict[Any, Any]):
    """Arguments that were given in a list: by their places in place of their names."""


class Ping(msgspec.Struct, frozen=True):
    """The published `{"type": "ping"}`."""


class Ignored(msgspec.Struct, frozen=True):
    """A message the contract says to ignore: JSON without a `type` that anybody knows."""


class Malformed(msgspec.Struct, frozen=True):
    """A message that cannot be a call, with the failure to answer."""

    dialect: Dialect
    failure: Failure
    id: Scalar = None


class Batch(msgspec.Struct, frozen=True):
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
        return _read_jsonrpc(fields, _sum(text))
    match fields.get("type"):
        case "cmd":
            return _read_published(fields, _sum(text))
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


def _read_jsonrpc(fields: dict[str, Any], said: int = 0, *, is_part: bool = False) -> Call | Malformed:
    call_id = _scalar(fields.get("id"))
    method, params = fields.get("method"), fields.get("params", {})
    if fields["jsonrpc"] != "2.0" or not isinstance(method, str):
        problem = _mistake(INVALID_REQUEST, 'a JSON-RPC call has "jsonrpc": "2.0" and a text as "method"')
        return Malformed(Dialect.JSONRPC, problem, call_id)
    if "id" in fields and (isinstance(fields["id"], bool) or _scalar(fields["id"]) is not fields["id"]):
        problem = _mistake(INVALID_REQUEST, "'id' is a text, a number or null")
        return Malformed(Dialect.JSONRPC, problem)
    if not isinstance(params, dict | list):
        problem = _mistake(
            INVALID_REQUEST, f"'params' of {method[:80]!r} is an object with the arguments by name, or a list"
        )
        return Malformed(Dialect.JSONRPC, problem, call_id)
    arguments = cast("dict[str, Any]", params)
    if isinstance(params, list):
        arguments = ByPosition(enumerate(cast("list[Any]", params)))
    # The answers of a batch go in one text.
    as_bytes = fields.get("as_bytes") is True and "id" in fields and not is_part
    return Call(Dialect.JSONRPC, method, arguments, call_id, "id" in fields, as_bytes, said)


def _read_batch(contents: list[object]) -> Batch | Malformed:
    if not contents or len(contents) > MAX_BATCH:
        problem = _mistake(INVALID_REQUEST, f"a batch holds 1 to {MAX_BATCH} calls")
        return Malformed(Dialect.JSONRPC, problem)
    wrong = Malformed(Dialect.JSONRPC, _mistake(INVALID_REQUEST, "each part of a batch is a JSON-RPC call"))
    return Batch(
        tuple(
            _read_jsonrpc(cast("dict[str, Any]", part), _sum(_encode(part)), is_part=True)
            if isinstance(part, dict) and "jsonrpc" in part
            else wrong
            for part in contents
        )
    )


def _sum(text: str | bytes) -> int:
    return zlib.crc32(text.encode() if isinstance(text, str) else text)


def _scalar(given: object) -> Scalar:
    return given if isinstance(given, str | int | float | bool) else None


def _mistake(code: int, sentence: str) -> Failure:
    return Failure(code, sentence, "ParseError" if code == PARSE_ERROR else "InvalidRequest")


def write_result(call: Call, result: object, revision: int | None = None) -> bytes:
    """Return the answer to a call as JSON text. `result` may hold `msgspec.Raw` for parts already written.

    `revision` is that of the edit this call made; published clients pass over the field.
    """
    answer: dict[str, object]
    match call.dialect:
        case Dialect.PUBLISHED:
            answer = {"type": "result", "result": result, "id": call.id}
        case Dialect.DOCUMENTED:
            said = {"success": True} if call.acknowledges else result
            answer = {"type": "result", "cmd": call.spoken or call.method, "result": said, **_id_of(call.id)}
        case Dialect.JSONRPC:
            answer = {"jsonrpc": "2.0", "result": result, "id": call.id}
    if revision is not None:
        answer["revision"] = revision
    return _encode(answer)


def _id_of(call_id: Scalar) -> dict[str, Scalar]:
    # The documented forms know no ids; who sends one gets it back.
    return {} if call_id is None else {"id": call_id}


def write_failure(dialect: Dialect, call_id: Scalar, failure: Failure, spoken: str | None = None) -> bytes:
    """Return a failure as JSON text. `spoken` is the command by the name the client gave it."""
    match dialect:
        case Dialect.PUBLISHED:
            return _encode(
                {"type": "error", "error": failure.message, "tb": failure.traceback, "id": call_id}
            )
        case Dialect.DOCUMENTED:
            said: dict[str, object] = {"type": "error", "cmd": spoken, "error": failure.message}
            traces = {"traceback": failure.traceback, "tb": failure.traceback}
            return _encode({**said, **traces, **_id_of(call_id)})
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
