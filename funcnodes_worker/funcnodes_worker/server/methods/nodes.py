"""Methods about nodes."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from funcnodes_core.document.edits import (
    AddNode,
    Edit,
    RemoveNode,
    RenameNode,
    SetDefault,
    SetNodeOption,
    SetPortOption,
    SetProperty,
)
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import Document, NodeId, PortRecord
from msgspec import UNSET

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.errors import InvalidParams, NotFound
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server import node_texts, shapes
from funcnodes_worker.server.coerce import coerce
from funcnodes_worker.server.context import CallContext, node_of
from funcnodes_worker.server.methods.trust import refuse_held
from funcnodes_worker.server.node_ids import check_new_id
from funcnodes_worker.server.places import check_places

TABLE: MethodTable[CallContext] = MethodTable()


class NewNode(msgspec.Struct, frozen=True):
    """A node to add: `id` is the id of its class."""

    id: str
    uuid: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    reset_inputs_on_trigger: bool | None = None
    render_options: dict[str, Any] | None = None
    io_options: dict[str, dict[str, Any]] | None = None
    trigger_on_create: bool | None = None
    pretrigger_delay: float | None = None


@TABLE.method("add_node", Right.EDIT, NewNode, Turn.EDIT)
async def add_node(context: CallContext, params: NewNode) -> msgspec.Raw:
    """Return the new node."""
    kind = context.services.process.library.classes.get(params.id)
    if kind is None:
        # A held flow has no library: the class may be there once it is trusted.
        refuse_held(context.services.process, "add_node")
        raise NotFound(
            f"there is no node class {params.id[:80]!r} in this worker; add the package that brings it, "
            "or ask get_library for what there is"
        )
    node = params.uuid if params.uuid is not None else context.new_id()
    check_new_id(node)
    check_places(params.properties or {})
    if params.pretrigger_delay is not None and params.pretrigger_delay < 0:
        raise InvalidParams("'pretrigger_delay' is a number of seconds, 0 or more")
    record = new_node(kind, node, name=params.name, properties=params.properties)
    # How a node runs belongs to it like its name; a saved file has it under the published name.
    run = {"trigger_on_create": params.trigger_on_create, "pretrigger_delay": params.pretrigger_delay}
    extra = {key: value for key, value in run.items() if value is not None}
    edits: list[Edit] = [AddNode(msgspec.structs.replace(record, extra=extra) if extra else record)]
    if params.reset_inputs_on_trigger is not None:
        edits.append(SetNodeOption(node, "reset_inputs_on_trigger", params.reset_inputs_on_trigger))
    if params.render_options is not None:
        edits.append(SetNodeOption(node, "render_options", params.render_options))
    for port, options in (params.io_options or {}).items():
        if port in record.ports:
            edits += _option_edits(context, node, record.ports[port], options)
    committed = await context.commit(edits)
    return node_texts.full_node_json(
        committed.document, committed.document.nodes[node], context.services.board
    )


_OPTIONS = ("name", "description", "required", "does_trigger", "hidden", "value_options", "render_options")


def _option_edits(
    context: CallContext, node: NodeId, port: PortRecord, options: dict[str, Any]
) -> list[Edit]:
    """Return the edits for options of a port; those that only Python code can give are passed over."""
    edits: list[Edit] = [
        SetPortOption(node, port.id, key, options[key]) for key in _OPTIONS if key in options
    ]
    if port.is_input and "default" in options:
        edits.append(SetDefault(node, port.id, context.kept(coerce(options["default"], port))))
    return edits


class OneNode(msgspec.Struct, frozen=True):
    """A node, by its id."""

    id: NodeId


class NodeById(msgspec.Struct, frozen=True):
    """A node, by its id."""

    nid: NodeId


@TABLE.method("remove_node", Right.EDIT, OneNode, Turn.EDIT)
async def remove_node(context: CallContext, params: OneNode) -> str | None:
    """Return the id of the removed node, or null when there was none."""
    if params.id not in context.head.nodes:
        return None
    await context.commit([RemoveNode(params.id)])
    return params.id


@TABLE.method("get_node", Right.VIEW, OneNode)
async def get_node(context: CallContext, params: OneNode) -> dict[str, Any]:
    """Return a node with all its ports."""
    return _full(context, params.id)


@TABLE.method("get_node_state", Right.VIEW, NodeById)
async def get_node_state(context: CallContext, params: NodeById) -> dict[str, Any]:
    """Return a node with all its ports."""
    return _full(context, params.nid)


@TABLE.method("get_node_status", Right.VIEW, NodeById)
async def get_node_status(context: CallContext, params: NodeById) -> dict[str, Any]:
    """Return what a node is doing and lacks."""
    return _full(context, params.nid)["status"]


def _full(context: CallContext, node: NodeId) -> dict[str, Any]:
    document = context.document
    return shapes.full_node(document, node_of(document, node), context.services.board)


class WhichNodes(msgspec.Struct, frozen=True):
    """How much is asked about nodes."""

    with_frontend: bool = False


@TABLE.method("get_nodes", Right.VIEW, WhichNodes)
async def get_nodes(context: CallContext, params: WhichNodes) -> list[dict[str, Any]]:
    """Return all nodes."""
    document, board = context.document, context.services.board
    nodes = [shapes.full_node(document, node, board) for node in document.nodes.values()]
    if params.with_frontend:
        for node in nodes:
            node["frontend"] = shapes.view_of(document.nodes[node["id"]])
    return nodes


class NodeChanges(msgspec.Struct, frozen=True):
    """Fields of a node to change; others are passed over."""

    nid: NodeId
    data: dict[str, Any]


@TABLE.method("update_node", Right.EDIT, NodeChanges, Turn.EDIT)
async def update_node(context: CallContext, params: NodeChanges) -> dict[str, Any]:
    """Return the fields that changed; for an unknown node an object with `error`, as published."""
    node = context.head.nodes.get(params.nid)
    if node is None and not context.call.acknowledges:
        return {"error": f"there is no node {params.nid[:80]!r}; it may have been removed"}
    # The documented answer has no place for that, and would say that it went well.
    node = node or node_of(context.head, params.nid)
    changed: dict[str, Any] = {}
    edits: list[Edit] = []
    if (name := params.data.get("name")) is not None:
        # A name that was emptied is the one it had at first.
        name = str(name).strip() or shapes.first_name_of(node)
        if name != shapes.name_of(node):
            edits.append(RenameNode(params.nid, name))
            changed["name"] = name
    for key in ("description", "reset_inputs_on_trigger"):
        if key in params.data and params.data[key] != shapes.option_of(node, key, context.services.board):
            edits.append(SetNodeOption(params.nid, key, params.data[key]))
            changed[key] = params.data[key]
    properties: Any = params.data.get("properties") or {}
    if not isinstance(properties, dict):
        raise InvalidParams("'properties' is an object; nothing was changed")
    properties = cast("dict[str, Any]", properties)
    check_places(properties)
    news = {key: value for key, value in properties.items() if node.properties.get(key, UNSET) != value}
    if news:
        edits += [SetProperty(params.nid, key, value) for key, value in news.items()]
        # All of them: a client that puts what is answered in the place of what it knows loses none.
        changed["properties"] = {**node.properties, **news}
    if edits:
        await context.commit(edits)
    return changed


class View(msgspec.Struct, frozen=True):
    """Where a node stands, and how large it is."""

    pos: list[float] | None = None
    size: list[float] | None = None
    collapsed: bool | None = None


class ViewChanges(msgspec.Struct, frozen=True):
    """A node's new place or size."""

    nid: NodeId
    data: View


@TABLE.method("update_node_view", Right.EDIT, ViewChanges, Turn.EDIT)
async def update_node_view(context: CallContext, params: ViewChanges) -> None:
    """Place a node."""
    check_places({shapes.POSITION: params.data.pos, shapes.SIZE: params.data.size})
    given = {
        shapes.POSITION: params.data.pos,
        shapes.SIZE: params.data.size,
        shapes.COLLAPSED: params.data.collapsed,
    }

    def place(document: Document) -> list[SetProperty]:
        node_of(document, params.nid)
        return [SetProperty(params.nid, key, value) for key, value in given.items() if value is not None]

    await context.commit(place)


# After the edits before it, and once however often it is sent.
@TABLE.method("trigger_node", Right.RUN, NodeById, Turn.LONG)
async def trigger_node(context: CallContext, params: NodeById) -> bool:
    """Return True; the node runs as soon as the graph is free and it has what it needs."""
    return _request_run(context, params.nid)


# After the edits before it, and once however often it is sent.
@TABLE.method("request_trigger", Right.RUN, NodeById, Turn.LONG)
async def request_trigger(context: CallContext, params: NodeById) -> bool:
    """Return True; the same as `trigger_node`."""
    return _request_run(context, params.nid)


def _request_run(context: CallContext, node: NodeId) -> bool:
    node_of(context.document, node)
    living = context.services.living
    context.services.graph.post(lambda: living.request_trigger(node))
    return True
