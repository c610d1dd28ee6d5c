"""Methods about ports: their values, defaults and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import Edit, SetDefault, SetPortOption, SetValue
from funcnodes_core.document.model import Document, NodeId, PortId
from msgspec import UNSET

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.errors import GraphBusy, InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.feed import preview_of
from funcnodes_worker.runtime.sources import NoSuchFormat
from funcnodes_worker.server import shapes
from funcnodes_worker.server.choices import with_raw_choice
from funcnodes_worker.server.client import Encoded
from funcnodes_worker.server.coerce import coerce
from funcnodes_worker.server.context import CallContext, input_of, node_of, port_of
from funcnodes_worker.server.frames import json_value

TABLE: MethodTable[CallContext] = MethodTable()


class NewValue(msgspec.Struct, frozen=True):
    """A value for an input."""

    nid: NodeId
    ioid: PortId
    value: Any
    set_default: bool = False


@TABLE.method("set_io_value", Right.EDIT, NewValue, Turn.EDIT)
async def set_io_value(context: CallContext, params: NewValue) -> Any:
    """Return the value now in effect; of a large one, its preview."""
    port = input_of(context.head, params.nid, params.ioid)
    value = coerce(params.value, port)
    kept = context.kept(value)
    edits: list[Edit] = [SetDefault(params.nid, params.ioid, kept)] if params.set_default else []
    committed = await context.commit([*edits, SetValue(params.nid, params.ioid, kept)])
    if value is UNSET:
        return shapes.default_of(port_of(committed.document, params.nid, params.ioid))
    # What is kept by its content is large: sending all of it back would only cost its sender.
    return value if kept is value else json_value(preview_of(value))


class NewDefault(msgspec.Struct, frozen=True):
    """A default for an input."""

    nid: NodeId
    ioid: PortId
    value: Any


@TABLE.method("set_default_value", Right.EDIT, NewDefault, Turn.EDIT)
async def set_default_value(context: CallContext, params: NewDefault) -> bool:
    """Return True; the input has this default."""
    port = input_of(context.head, params.nid, params.ioid)
    await context.commit([SetDefault(params.nid, params.ioid, context.kept(coerce(params.value, port)))])
    return True


class OnePort(msgspec.Struct, frozen=True):
    """A port of a node."""

    nid: NodeId
    ioid: PortId


class NodeById(msgspec.Struct, frozen=True):
    """A node, by its id."""

    nid: NodeId


@TABLE.method("get_io_value", Right.VIEW, OnePort)
async def get_io_value(context: CallContext, params: OnePort) -> Any:
    """Return a port's value as a preview; the last one known while the graph is busy."""
    port = port_of(context.document, params.nid, params.ioid)
    services = context.services
    try:
        found = await services.look(lambda: services.living.previews(params.nid, (params.ioid,)))
        preview = found.get(params.ioid)
    except GraphBusy:
        preview = services.board.value(params.nid, params.ioid)
    return json_value(with_raw_choice(preview, port))


@TABLE.method("get_ios_values", Right.VIEW, NodeById)
async def get_ios_values(context: CallContext, params: NodeById) -> dict[str, Any]:
    """Return previews of all ports of a node."""
    ports = shapes.all_ports(node_of(context.document, params.nid))
    names = [port.id for port in ports]
    services = context.services
    try:
        found = await services.look(lambda: services.living.previews(params.nid, names))
    except GraphBusy:
        found = {name: services.board.value(params.nid, name) for name in names}
    return {port.id: json_value(with_raw_choice(found.get(port.id), port)) for port in ports}


class WholeValue(msgspec.Struct, frozen=True):
    """A port of a node, and the mime its value is to have; without one that which published clients know.

    `accept` names mimes that the asker reads besides: taken where they say the very same, in less time.
    """

    nid: NodeId
    ioid: PortId
    mime: str | None = None
    accept: list[str] = []


@TABLE.method("get_io_full_value", Right.VIEW, WholeValue)
async def get_io_full_value(context: CallContext, params: WholeValue) -> Encoded:
    """Return a port's whole value. A large one is better read over HTTP (`/values/`), in parts."""
    port_of(context.document, params.nid, params.ioid)
    reader = context.services.reader()
    try:
        await reader.open(params.nid, params.ioid)
        return Encoded(*await reader.whole(params.mime, params.accept))
    except NoSuchFormat as bad:
        raise InvalidParams(str(bad)) from bad
    finally:
        reader.close()


class PortOptions(msgspec.Struct, frozen=True):
    """What a port is called and whether it is shown."""

    nid: NodeId
    ioid: PortId
    name: str | None = None
    hidden: bool | None = None


@TABLE.method("update_io_options", Right.EDIT, PortOptions, Turn.EDIT)
async def update_io_options(context: CallContext, params: PortOptions) -> dict[str, Any]:
    """Return the port; a connected one is never hidden."""
    head = context.head
    port = port_of(head, params.nid, params.ioid)
    edits: list[Edit] = []
    if params.name is not None:
        edits.append(SetPortOption(params.nid, params.ioid, "name", params.name.strip() or params.ioid))
    if params.hidden is not None:
        wires = wires_of(head).get(params.nid, ())
        hidden = params.hidden and not shapes.is_connected(params.nid, port, wires)
        edits.append(SetPortOption(params.nid, params.ioid, "hidden", hidden))
    document = (await context.commit(edits)).document if edits else head
    return _port_shape(document, params.nid, params.ioid)


class ValueOptions(msgspec.Struct, frozen=True):
    """What a port's value may be, merged into what is known."""

    nid: NodeId
    ioid: PortId
    options: dict[str, Any]


@TABLE.method("update_io_value_options", Right.EDIT, ValueOptions, Turn.EDIT)
async def update_io_value_options(context: CallContext, params: ValueOptions) -> dict[str, Any]:
    """Return the port with its new value options."""

    def merge(document: Document) -> list[SetPortOption]:
        port = port_of(document, params.nid, params.ioid)
        before: Mapping[str, Any] = {} if port.value_options is UNSET else port.value_options
        options = {**before, **params.options}
        return [SetPortOption(params.nid, params.ioid, "value_options", options)]

    committed = await context.commit(merge)
    return _port_shape(committed.document, params.nid, params.ioid)


def _port_shape(document: Document, node: NodeId, port: PortId) -> dict[str, Any]:
    wires = wires_of(document).get(node, ())
    return shapes.full_port(document.nodes[node], port_of(document, node, port), wires)
