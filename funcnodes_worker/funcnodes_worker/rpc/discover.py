"""What a method table can be asked, as an OpenRPC document: made from the table, so it is never stale.

Owns the translation of rows into schemas. Does not know what methods do beyond what their first line says.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from typing import Any

import msgspec

from funcnodes_worker.rpc import errors
from funcnodes_worker.rpc.dispatch import Method, MethodTable, Turn

OPENRPC = "1.3.2"
_REFERENCE = "#/components/schemas/{name}"

MEANINGS: dict[int, str] = {
    errors.PARSE_ERROR: "the message is no JSON",
    errors.INVALID_REQUEST: "the message is no call",
    errors.METHOD_NOT_FOUND: "there is no such method",
    errors.INVALID_PARAMS: "an argument is missing, unknown or of another type",
    errors.REFUSED_EDIT: "the graph does not allow this edit, or it could not be written",
    errors.NOT_FOUND: "something that was named does not exist",
    errors.NO_RIGHT: "this client does not have the right",
    errors.GRAPH_BUSY: "a node keeps the graph busy; the message names it",
    errors.INSTALLATION_FAILED: "a package could not be installed or removed",
    errors.FLOW_HELD: "the flow has not been trusted yet, so nothing is run, imported or installed",
    errors.OWN_ERROR: "an error of our own",
}
"""What each code on the wire says."""


def describe(table: MethodTable[Any], title: str, version: str) -> dict[str, Any]:
    """Return all methods of a table with the schemas of their arguments and results."""
    methods = sorted(table, key=lambda method: method.name)
    wanted = [kind for method in methods for kind in (method.params, result_of(method))]
    schemas, components = msgspec.json.schema_components(wanted, ref_template=_REFERENCE)
    listed = [
        _described(method, schemas[2 * index], schemas[2 * index + 1], components)
        for index, method in enumerate(methods)
    ]
    return {
        "openrpc": OPENRPC,
        "info": {"title": title, "version": version},
        "methods": listed,
        "components": {"schemas": components},
    }


def result_of(method: Method[Any]) -> Any:
    """Return the type of a method's result, as its handler declares it; anything when it declares none."""
    try:
        kind: Any = typing.get_type_hints(inspect.unwrap(method.origin)).get("return", Any)
    except NameError:
        # A name that is only there for the type checker.
        return Any
    return _schemable(kind)


def _schemable(kind: Any) -> Any:
    """Return a type that msgspec has a schema for; what is written already can be anything."""
    if kind is msgspec.Raw or kind is object:
        return Any
    try:
        msgspec.json.schema(kind)
    except TypeError:
        return Any
    return kind


def errors_of(method: Method[Any]) -> Sequence[int]:
    """Return the codes a caller of this method should know."""
    codes = [errors.INVALID_PARAMS, errors.NO_RIGHT]
    if method.turn in (Turn.EDIT, Turn.CHANGE):
        codes.append(errors.REFUSED_EDIT)
    if method.params.__struct_fields__:
        codes.append(errors.NOT_FOUND)
    if method.waits:
        codes.append(errors.GRAPH_BUSY)
    if method.is_held_back:
        codes.append(errors.FLOW_HELD)
    return sorted(codes, reverse=True)


def _described(
    method: Method[Any], params: dict[str, Any], result: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    record = components[params["$ref"].rpartition("/")[2]] if "$ref" in params else params
    properties: dict[str, Any] = record.get("properties", {})
    required = record.get("required", ())
    summary, _, more = inspect.getdoc(inspect.unwrap(method.origin) or method).partition("\n\n")  # type: ignore[union-attr]
    said: dict[str, Any] = {
        "name": method.name,
        "summary": summary,
        "paramStructure": "either",
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in properties.items()
        ],
        "result": {"name": "result", "schema": result},
        "errors": [{"code": code, "message": MEANINGS[code]} for code in errors_of(method)],
        "x-right": method.right.value,
        "x-turn": method.turn.value,
    }
    return {**said, "description": more} if more else said
