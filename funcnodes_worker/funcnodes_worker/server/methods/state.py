"""Methods about the graph as a whole: what it looks like, saving, replacing, clearing."""

from __future__ import annotations

from typing import Any

import msgspec
from funcnodes_core.document.edits import ReplaceGraph
from funcnodes_core.document.model import Document
from funcnodes_core.document.serialize import load

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server import shapes
from funcnodes_worker.server.context import CallContext

TABLE: MethodTable[CallContext] = MethodTable()


@TABLE.method("full_state", Right.VIEW, NoParams)
async def full_state(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return everything a client needs to show the graph."""
    document, services = context.document, context.services
    return {
        "backend": {
            "nodes": [shapes.full_node(document, node, services.board) for node in document.nodes.values()],
            "prop": document.properties,
            "lib": msgspec.Raw(services.process.library.shelves),
            "edges": [list(edge) for edge in document.edges],
            "groups": shapes.groups(document),
        },
        "view": shapes.view_state(document, services.process.library.render_options),
        "worker": {},
        "worker_dependencies": [],
        "progress_state": services.hub.last_progress,
        "meta": document.surroundings.get("meta", {}),
    }


@TABLE.method("view_state", Right.VIEW, NoParams)
async def view_state(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return places and sizes of nodes, and how modules want types to be shown."""
    return shapes.view_state(context.document, context.services.process.library.render_options)


class SaveWish(msgspec.Struct, frozen=True):
    """What the saved state is for."""

    export: bool = False


@TABLE.method("get_save_state", Right.VIEW, SaveWish)
async def get_save_state(context: CallContext, params: SaveWish) -> dict[str, Any]:
    """Return what goes into `nodespace.json`."""
    return context.services.process.save()


@TABLE.method("save", Right.EDIT, NoParams)
async def save(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return the saved state once the snapshot is on disk. Edits are safe without it."""
    await context.services.process.write_snapshot()
    return context.services.process.save()


class Data(msgspec.Struct, frozen=True):
    """A saved graph."""

    data: dict[str, Any]


@TABLE.method("load_data", Right.EDIT, Data, Turn.EDIT)
async def load_data(context: CallContext, params: Data) -> None:
    """Put a saved graph in the place of the present one."""
    given = params.data
    _check_shape(given)
    if "backend" not in given and ("nodes" in given or "edges" in given):
        given = {**{k: v for k, v in given.items() if k not in _BACKEND}, "backend": _backend(given)}
    classes = context.services.process.library.classes

    def replace(document: Document) -> list[ReplaceGraph]:
        loaded = load(given, classes)
        # The id of the graph goes with the worker, not with the file that was loaded into it.
        surroundings = {**document.surroundings, **loaded.surroundings}
        surroundings["meta"] = document.surroundings.get("meta", {})
        return [ReplaceGraph(msgspec.structs.replace(loaded, surroundings=surroundings))]

    await context.commit(replace)


_BACKEND = ("nodes", "edges", "prop", "groups")
_SHAPE = {"backend": dict, "view": dict, "nodes": list, "edges": list, "prop": dict, "groups": dict}


def _check_shape(given: dict[str, Any]) -> None:
    """Raise unless this is a saved graph: a file of something else must not empty the present one."""
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


_KINDS = {dict: "object", list: "list"}


def _backend(given: dict[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in _BACKEND if key in given}


@TABLE.method("clear", Right.EDIT, NoParams, Turn.EDIT)
async def clear(context: CallContext, params: NoParams) -> None:
    """Remove all nodes, edges, groups and properties."""

    def empty(document: Document) -> list[ReplaceGraph]:
        return [ReplaceGraph(Document(surroundings=document.surroundings))]

    await context.commit(empty)
