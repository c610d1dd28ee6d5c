"""Binary frames and JSON values of previews, in the published form (contract 7) and in ours.

Owns the header and the mimes. Does not know who gets a frame (`client`).
"""

from __future__ import annotations

import base64
import struct
from secrets import token_hex
from typing import Any

import msgspec

from funcnodes_worker.rpc.envelope import Scalar
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.runtime.records import Preview
from funcnodes_worker.server.shapes import NO_VALUE

_JSON = "application/json"
_INT64 = range(-(2**63), 2**63)
_NONE = Preview(_JSON, b'"<NoValue>"', cut=False, type="NoValueType")


def value_frame(node: str, port: str, preview: Preview | None) -> Frame:
    """Return the published frame that says a port has a new value."""
    shown = preview or _NONE
    mime, data = _published(shown.type, shown.mime, shown.data)
    head = f"chunk=1/1;msgid={token_hex(16)};node={node}; io={port}; mime={mime}; type=io_value; preview=1"
    return Frame(head.encode() + b"\r\n\r\n" + data, is_text=False)


def result_frame(call_id: Scalar, mime: str, data: bytes, *, as_published: bool = True) -> Frame:
    """Return the published answer to a command sent with `as_bytes`; ours leaves numbers as they are."""
    if as_published:
        mime, data = _published(_kind_of(mime, data), mime, data)
    shown = "null" if call_id is None else str(call_id)
    head = f"chunk=1/1;msgid={token_hex(16)};id={shown}; mime={mime}; type=result"
    return Frame(head.encode() + b"\r\n\r\n" + data, is_text=False)


def _kind_of(mime: str, data: bytes) -> str:
    return type(msgspec.json.decode(data)).__name__ if mime == _JSON and len(data) < 64 else ""


def _published(kind: str, mime: str, data: bytes) -> tuple[str, bytes]:
    """Return numbers and booleans as the published clients know them; whatever does not fit stays JSON."""
    if mime != _JSON or kind not in ("int", "float", "bool"):
        return mime, data
    value: object = msgspec.json.decode(data)
    if isinstance(value, bool):
        return "application/fn.struct.?", struct.pack("?", value)
    if kind == "int" and isinstance(value, int) and value in _INT64:
        return "application/fn.struct.!q", struct.pack("!q", value)
    if kind == "float" and isinstance(value, int | float):
        return "application/fn.struct.!d", struct.pack("!d", value)
    return mime, data


def json_value(preview: Preview | None) -> Any:
    """Return a preview as a JSON value: what `get_io_value` answers."""
    if preview is None:
        return NO_VALUE
    if preview.mime == _JSON:
        return msgspec.Raw(preview.data or b"null")
    if preview.mime.startswith("text/"):
        return preview.data.decode(errors="replace")
    return base64.b64encode(preview.data).decode()


def our_preview(preview: Preview | None) -> dict[str, Any] | None:
    """Return a preview as our own clients get it."""
    if preview is None:
        return None
    shape: dict[str, Any] = {"mime": preview.mime, "cut": preview.cut, "type": preview.type}
    if preview.summary:
        shape["summary"] = preview.summary
    if preview.too_slow:
        shape["too_slow"] = True
    elif preview.mime == _JSON or preview.mime.startswith("text/"):
        shape["value"] = json_value(preview)
    else:
        shape["data"] = base64.b64encode(preview.data).decode()
    return shape
