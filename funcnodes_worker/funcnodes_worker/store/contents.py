"""Large values by their content: in the document stands a reference, the value lies in the journal.

Owns the size at which a value is large, the form of a reference, and finding references in saved text.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec
from funcnodes_core.document.model import Document, is_stored_reference
from msgspec import structs

LARGE_BYTES = 64 * 1024
"""A value whose JSON text is longer is stored by its content."""

_REFERENCE = re.compile(rb'\{"\$stored":"([0-9a-f]{64})"\}')


def reference_to(identity: str) -> dict[str, str]:
    """Return the reference that stands in a document for the value with this hash."""
    return {"$stored": identity}


def hash_in(value: Any) -> str | None:
    """Return the hash a reference names, or None for any other value."""
    if not isinstance(value, dict) or len(cast("dict[Any, Any]", value)) != 1:
        return None
    found: Any = cast("dict[Any, Any]", value).get("$stored")
    return found if isinstance(found, str) else None


def pack(value: Any) -> tuple[str, bytes] | None:
    """Return hash and JSON text of a large value, None for any other. Raises for what is not JSON."""
    text = msgspec.json.encode(value)
    if len(text) <= LARGE_BYTES:
        return None
    return hashlib.sha256(text).hexdigest(), text


def hashes_in(text: bytes) -> set[str]:
    """Return the hashes of all references in compact JSON text.

    A user's text that looks like one is quoted inside JSON and does not match; were it matched, a value would
    be kept too long, never lost.
    """
    return {found.decode() for found in _REFERENCE.findall(text)}


def resolve(value: Any, content: Callable[[str], bytes]) -> Any:
    """Return a JSON value with what its references stand for: for a file that leaves the folder.

    `content` gives the JSON text of a hash or raises `KeyError`; such a reference stays.
    """
    if isinstance(value, list):
        return [resolve(item, content) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    identity = hash_in(value)
    if identity is not None:
        try:
            return msgspec.json.decode(content(identity))
        except KeyError:
            return cast("Any", value)
    return {key: resolve(item, content) for key, item in cast("dict[str, Any]", value).items()}


def with_contents(document: Document, content: Callable[[str], bytes]) -> Document:
    """Return a document with large values in place of references: for a file that leaves the folder.

    `content` gives the JSON text of a hash or raises `KeyError`; such a reference stays.
    """
    nodes = dict(document.nodes)
    for name, node in document.nodes.items():
        ports = {
            key: structs.replace(
                port, value=resolve(port.value, content), default=resolve(port.default, content)
            )
            for key, port in node.ports.items()
            if is_stored_reference(port.value) or is_stored_reference(port.default)
        }
        if ports:
            nodes[name] = structs.replace(node, ports={**node.ports, **ports})
    return structs.replace(document, nodes=nodes)
