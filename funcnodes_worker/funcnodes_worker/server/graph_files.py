"""Saved graphs that come in and go out: checked, made an edit; whole, with all values in place.

Owns what counts as a saved graph. One edit replaces the graph, so that it is all or nothing and can be taken
back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from funcnodes_core.document.edits import ReplaceGraph
from funcnodes_core.document.model import Document, JsonValue, PortRecord, is_stored_reference
from funcnodes_core.document.reading import left_out
from funcnodes_core.document.serialize import load
from msgspec import UNSET, UnsetType

from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.runtime.writer import Plan
from funcnodes_worker.server.context import WorkerProcess

_log = logging.getLogger("funcnodes.worker")

_BACKEND = ("nodes", "edges", "prop", "groups")
_SHAPE = {"backend": dict, "view": dict, "nodes": list, "edges": list, "prop": dict, "groups": dict}
_KINDS = {dict: "object", list: "list"}


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """Return a saved graph in one shape, or raise: a file of something else must not empty this graph."""
    if given and not given.keys() & _SHAPE.keys():
        raise InvalidParams(
            f"this is no saved graph: it has none of {', '.join(_SHAPE)}; nothing was changed"
        )
    backend: Any = given.get("backend")
    wholes: list[dict[str, Any]] = [given, backend] if isinstance(backend, dict) else [given]
    for part, kind in _SHAPE.items():
        for whole in wholes:
            if not isinstance(whole.get(part, kind()), kind):
                raise InvalidParams(
                    f"this is no saved graph: {part!r} is no {_KINDS[kind]}; nothing was changed, "
                    "load a file that was saved or exported"
                )
    if "backend" not in given and ("nodes" in given or "edges" in given):
        around = {key: value for key, value in given.items() if key not in _BACKEND}
        return {**around, "backend": {key: given[key] for key in _BACKEND if key in given}}
    return given


Keep: TypeAlias = Callable[[JsonValue], JsonValue]
"""Returns what stands for a value in the document: itself, or a reference when it is large."""


def replacing(given: dict[str, Any], process: WorkerProcess, keep: Keep) -> Plan:
    """Return the plan that puts a checked saved graph in the place of the present one."""
    document = load(given, process.library.classes)
    if (said := left_out(given, document.surroundings)) is not None:
        _log.warning("%s", said)
    whole = process.externals.take_in(document)
    loaded = _with_references(whole, process, keep)

    def replace(document: Document) -> list[ReplaceGraph]:
        # The id of the graph and where its history stands go with the worker, not with the file.
        news = {key: value for key, value in loaded.surroundings.items() if key != "journal"}
        surroundings = {**document.surroundings, **news}
        surroundings["meta"] = document.surroundings.get("meta", {})
        return [ReplaceGraph(msgspec.structs.replace(loaded, surroundings=surroundings))]

    return replace


def _with_references(document: Document, process: WorkerProcess, keep: Keep) -> Document:
    nodes = dict(document.nodes)
    for name, node in document.nodes.items():
        ports = {key: _kept(port, name, process, keep) for key, port in node.ports.items()}
        if any(ports[key] is not port for key, port in node.ports.items()):
            nodes[name] = msgspec.structs.replace(node, ports=ports)
    return msgspec.structs.replace(document, nodes=nodes)


def _kept(port: PortRecord, node: str, process: WorkerProcess, keep: Keep) -> PortRecord:
    if port.value is UNSET and port.default is UNSET:
        return port
    value, default = (_reference(said, node, port, process, keep) for said in (port.value, port.default))
    if value is port.value and default is port.default:
        return port
    return msgspec.structs.replace(port, value=value, default=default)


def _reference(
    value: JsonValue | UnsetType, node: str, port: PortRecord, process: WorkerProcess, keep: Keep
) -> JsonValue | UnsetType:
    if value is UNSET:
        return value
    if not is_stored_reference(value):
        return keep(value)
    try:
        return keep(process.stored(value))
    except KeyError:
        raise InvalidParams(
            f"the value of {port.id!r} of node {node!r} lies in the folder this file was taken from, not in "
            "the file; nothing was changed, export the flow there and import that"
        ) from None
