"""Methods about the graph as a whole: what it looks like, saving, replacing, clearing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from funcnodes_core.document.edits import ReplaceGraph
from funcnodes_core.document.model import Document

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server import shapes
from funcnodes_worker.server.context import CallContext
from funcnodes_worker.server.graph_files import checked, replacing

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
        "worker": _instances(services.process.library.externals),
        "worker_dependencies": list(services.process.library.externals),
        "progress_state": services.hub.last_progress,
        "meta": document.surroundings.get("meta", {}),
    }


def _instances(externals: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the ids of the external workers that run, by the ids of their classes."""
    found: dict[str, list[str]] = {}
    for brought in externals:
        for known in brought["worker_classes"]:
            for one in known["instances"]:
                found.setdefault(one["nodeclassid"], []).append(one["uuid"])
    return found


@TABLE.method("view_state", Right.VIEW, NoParams)
async def view_state(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return places and sizes of nodes, and how modules want types to be shown."""
    return shapes.view_state(context.document, context.services.process.library.render_options)


class SaveWish(msgspec.Struct, frozen=True):
    """What the saved state is for."""

    export: bool = False


@TABLE.method("get_save_state", Right.VIEW, SaveWish)
async def get_save_state(context: CallContext, params: SaveWish) -> dict[str, Any]:
    """Return what goes into `nodespace.json`, with large values in place; for an export without secrets."""
    return await context.services.process.portable(for_export=params.export)


@TABLE.method("save", Right.EDIT, NoParams)
async def save(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return the saved state once the snapshot is on disk. Edits are safe without it."""
    await context.services.process.write_snapshot()
    return await context.services.process.portable()


class Data(msgspec.Struct, frozen=True):
    """A saved graph."""

    data: dict[str, Any]


@TABLE.method("load_data", Right.EDIT, Data, Turn.EDIT)
async def load_data(context: CallContext, params: Data) -> None:
    """Put a saved graph in the place of the present one."""
    await context.commit(replacing(checked(params.data), context.services.process, context.kept))


class Update(msgspec.Struct, frozen=True):
    """A worker's settings and a saved graph, each as an object or as JSON text."""

    config: dict[str, Any] | str
    state: dict[str, Any] | str


@TABLE.method("update", Right.EDIT, Update, Turn.EDIT)
async def update(context: CallContext, params: Update) -> None:
    """Put a saved graph in the place of the present one. Settings are read, none of them is applied."""
    _as_object(params.config, "config")
    given = checked(_as_object(params.state, "state"))
    await context.commit(replacing(given, context.services.process, context.kept))


def _as_object(given: dict[str, Any] | str, name: str) -> dict[str, Any]:
    if not isinstance(given, str):
        return given
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as problem:
        raise InvalidParams(f"{name!r} is no JSON object ({problem}); nothing was changed") from problem


@TABLE.method("clear", Right.EDIT, NoParams, Turn.EDIT)
async def clear(context: CallContext, params: NoParams) -> None:
    """Remove all nodes, edges, groups and properties."""

    def empty(document: Document) -> list[ReplaceGraph]:
        return [ReplaceGraph(Document(surroundings=document.surroundings))]

    await context.commit(empty)
