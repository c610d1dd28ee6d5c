"""Methods about values of any size: what one is like, and windows of it. Whole ones go over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from funcnodes_core.document.model import NodeId, PortId

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.sources import words_of
from funcnodes_worker.runtime.values import Reader
from funcnodes_worker.runtime.windows import ROWS, Wish
from funcnodes_worker.server.context import CallContext, port_of

TABLE: MethodTable[CallContext] = MethodTable()


class OnePort(msgspec.Struct, frozen=True):
    """A port of a node."""

    nid: NodeId
    ioid: PortId


@TABLE.method("get_value_info", Right.VIEW, OnePort, Turn.LONG)
async def get_value_info(context: CallContext, params: OnePort) -> dict[str, Any]:
    """Return what a port's value is like: kind, type, shape, columns, the formats it can be had in."""
    reader = await _reader(context, params.nid, params.ioid)
    try:
        about = await reader.about()
    finally:
        reader.close()
    return {"generation": about.generation, **about.facts, "formats": words_of(about.formats)}


class OneWindow(msgspec.Struct, frozen=True):
    """Which rows and columns of a port's value; columns by place or by name."""

    nid: NodeId
    ioid: PortId
    rows: tuple[int, int] = (0, ROWS)
    columns: list[int | str] | None = None
    at: tuple[int, ...] = ()
    generation: str | None = None


@TABLE.method("get_value_window", Right.VIEW, OneWindow, Turn.LONG)
async def get_value_window(context: CallContext, params: OneWindow) -> dict[str, Any]:
    """Return some rows and columns of a port's value; of this generation only, when one is named."""
    wish = Wish(params.rows, _columns(params.columns), params.at)
    reader = await _reader(context, params.nid, params.ioid)
    try:
        if params.generation not in (None, reader.generation):
            raise InvalidParams("the value has changed meanwhile; ask for its new generation")
        found = await reader.window(wish, as_arrow=False)
    finally:
        reader.close()
    assert isinstance(found, dict)
    return {"generation": reader.generation, **found}


async def _reader(context: CallContext, node: NodeId, port: PortId) -> Reader:
    port_of(context.document, node, port)
    reader = context.services.reader()
    await reader.open(node, port)
    return reader


def _columns(given: list[int | str] | None) -> tuple[int, int | None] | tuple[str, ...]:
    """Return the columns meant by two places, or by names."""
    if given is None:
        return (0, None)
    names = tuple(name for name in given if isinstance(name, str))
    places = [place for place in given if isinstance(place, int)]
    if not places:
        return names
    if names or len(places) != 2:
        raise InvalidParams("'columns' is two places, the first and the one behind the last, or names")
    return (places[0], places[1])
