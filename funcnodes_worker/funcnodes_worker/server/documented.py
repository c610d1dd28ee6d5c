"""Commands by the names the documentation gives them (contract 18), as calls of the method table.

Owns which names mean what, in every dialect. A client of the published envelope that has used one of them is
answered, and told events, in the documented forms from then on. Pure: a call in, a call out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from msgspec.structs import replace

from funcnodes_worker.rpc.envelope import ByPosition, Call, Dialect
from funcnodes_worker.rpc.errors import InvalidParams

Params = Mapping[str, Any]
Meaning = tuple[str, dict[str, Any]]
"""The name in the table, and the arguments it takes."""


def understand(call: Call, last: Dialect) -> Call:
    """Return a call by the names of the table. `last` is the dialect its connection spoke so far.

    Arguments that cannot be read are the call's `problem`.
    """
    reading = _READINGS.get(call.method)
    try:
        meant = reading(call.params) if reading is not None else None
    except InvalidParams as problem:
        dialect = call.dialect if call.dialect is Dialect.JSONRPC else Dialect.DOCUMENTED
        return replace(call, dialect=dialect, spoken=call.method, problem=problem)
    if meant is None:
        if last is Dialect.DOCUMENTED and call.dialect is Dialect.PUBLISHED:
            return replace(call, dialect=Dialect.DOCUMENTED, spoken=call.method)
        return call
    method, params = meant
    if call.dialect is Dialect.JSONRPC:
        return replace(call, method=method, params=params)
    return replace(
        call,
        dialect=Dialect.DOCUMENTED,
        method=method,
        params=params,
        spoken=call.method,
        acknowledges=call.method in _ACKNOWLEDGED,
    )


_ACKNOWLEDGED: Final = frozenset({"update_node", "update_node_input"})
"""Commands whose documented answer is `{"success": true}`."""

Reading = Callable[[Params], Meaning | None]
"""What a command's arguments mean; None when they are the published ones."""


def _renamed(method: str, names: Mapping[str, str]) -> Reading:
    """Return the reading of a command some of whose arguments have other names."""
    documented = frozenset(names)

    def read(params: Params) -> Meaning | None:
        if documented.isdisjoint(params):
            return None
        return method, {names.get(key, key): value for key, value in params.items()}

    return read


def _called(method: str, names: Mapping[str, str] | None = None) -> Reading:
    """Return the reading of a command that itself has another name."""
    known = names or {}

    def read(params: Params) -> Meaning:
        if isinstance(params, ByPosition):
            # They have the order of the command that is meant.
            return method, params
        return method, {known.get(key, key): value for key, value in params.items()}

    return read


def _update_node(params: Params) -> Meaning | None:
    if "uuid" not in params:
        return None
    node = params["uuid"]
    rest = {key: value for key, value in params.items() if key not in ("uuid", "io_type")}
    port = rest.pop("io_id", rest.pop("input_id", None))
    if port is not None:
        return "set_io_value", {"nid": node, "ioid": port, **rest}
    if set(rest) == {"frontend"}:
        return "update_node_view", {"nid": node, "data": rest["frontend"]}
    # Whatever else is there is refused by name, like any argument too many.
    return "update_node", {"nid": node, **rest}


def _add_node(params: Params) -> Meaning | None:
    if "node_id" not in params and "frontend" not in params:
        return None
    rest = {key: value for key, value in params.items() if key not in ("node_id", "frontend")}
    if "node_id" in params:
        rest["id"] = params["node_id"]
    frontend, properties = params.get("frontend"), params.get("properties")
    if frontend is not None:
        places = {f"frontend:{key}": value for key, value in _object("frontend", frontend).items()}
        rest["properties"] = {**({} if properties is None else _object("properties", properties)), **places}
    return "add_node", rest


def _object(name: str, given: object) -> Params:
    if not isinstance(given, Mapping):
        raise InvalidParams(f"'add_node': {name!r} is an object; nothing was changed")
    return cast("Params", given)


def _group_nodes(params: Params) -> Meaning | None:
    if "nodes" not in params:
        return None
    # A group is known by its id: the documented name has no place in the published form.
    rest = {key: value for key, value in params.items() if key not in ("nodes", "name")}
    return "group_nodes", {"group_ids": [], **rest, "node_ids": params["nodes"]}


_EDGE: Final = {"src_uuid": "src_nid", "src_io": "src_ioid", "dst_uuid": "trg_nid", "dst_io": "trg_ioid"}

_READINGS: Final[Mapping[str, Reading]] = {
    "import_worker": _called("update_from_export"),
    "export_worker": _renamed("export_worker", {"include_files": "with_files"}),
    "add_node": _add_node,
    "remove_node": _renamed("remove_node", {"uuid": "id"}),
    "update_node": _update_node,
    "update_node_input": _called("set_io_value", {"uuid": "nid", "input_id": "ioid", "io_id": "ioid"}),
    "add_edge": _renamed("add_edge", _EDGE),
    "remove_edge": _renamed("remove_edge", _EDGE),
    "add_package_dependency": _renamed("add_package_dependency", {"package": "name"}),
    "remove_package_dependency": _renamed("remove_package_dependency", {"package": "name"}),
    "group_nodes": _group_nodes,
    "list_local_workers": _called("get_worker_dependencies"),
    "start_local_worker": _called("add_external_worker"),
    "stop_local_worker": _called("remove_external_worker"),
}
"""Section 18 of the contract; `load_data` with the graph directly in `data` is read by the method itself."""
