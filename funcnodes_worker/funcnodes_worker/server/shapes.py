"""Nodes, ports, views and groups in the published shapes, from the document and what is known of the living.

Owns the form only. Nothing here touches a living node, so a stuck graph answers like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.keys import key_of
from funcnodes_core.document.model import (
    TRIGGER_INPUT,
    TRIGGER_OUTPUT,
    TRIGGER_PAIR,
    ClassRecord,
    Document,
    Edge,
    NodeId,
    NodeRecord,
    PortRecord,
)
from funcnodes_core.document.serialize import dump_group
from msgspec import UNSET, UnsetType

from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.records import NodeState
from funcnodes_worker.server.choices import raw_choice

NO_VALUE = "<NoValue>"
POSITION, SIZE, COLLAPSED = "frontend:pos", "frontend:size", "frontend:collapsed"

_TRIGGER_IN = PortRecord(
    id=TRIGGER_INPUT,
    name="( )",
    type="Any",
    class_default=None,
    required=False,
    hidden=True,
    emit_value_set=False,
)
_TRIGGER_OUT = PortRecord(
    id=TRIGGER_OUTPUT, is_input=False, name="➡", type="Any", hidden=True, emit_value_set=False
)


def full_node(document: Document, node: NodeRecord, board: Board) -> dict[str, Any]:
    """Return a node with all its ports (contract 5.1)."""
    edges = wires_of(document).get(node.id, ())
    ports = all_ports(node)
    shape: dict[str, Any] = {
        "id": node.id,
        "node_id": node.class_id,
        "node_name": _said(node.class_name, node.class_id),
        "name": name_of(node),
        "description": option_of(node, "description", board) or "",
        "reset_inputs_on_trigger": option_of(node, "reset_inputs_on_trigger", board),
        "io": [full_port(node, port, edges) for port in ports],
        "status": status(node, ports, edges, board),
    }
    if shown := option_of(node, "render_options", board):
        shape["render_options"] = shown
    if node.properties:
        shape["properties"] = node.properties
    return shape


def option_of(node: NodeRecord, key: str, board: Board) -> Any:
    """Return an option of a node as its user set it, else as its class says."""
    said = getattr(node, key)
    return getattr(board.classes.get(node.class_id, _NO_CLASS), key) if said is UNSET else said


_NO_CLASS = ClassRecord(class_id="")


def all_ports(node: NodeRecord) -> list[PortRecord]:
    """Return the ports of a node, inputs first, the trigger pair behind the others of its kind."""
    own = [port for port in node.ports.values() if port.id not in TRIGGER_PAIR]
    inputs = [port for port in own if port.is_input]
    outputs = [port for port in own if not port.is_input]
    return [*inputs, _TRIGGER_IN, *outputs, _TRIGGER_OUT]


def find_port(node: NodeRecord, port: str) -> PortRecord | None:
    """Return a port of a node, the trigger pair included."""
    if port == TRIGGER_INPUT:
        return _TRIGGER_IN
    if port == TRIGGER_OUTPUT:
        return _TRIGGER_OUT
    return node.ports.get(port)


def name_of(node: NodeRecord) -> str:
    """Return the name a node is called by."""
    return _said(node.name, first_name_of(node))


def first_name_of(node: NodeRecord) -> str:
    """Return the name a node had when it was made."""
    return f"{_said(node.class_name, node.class_id)}({node.id})"


def full_port(node: NodeRecord, port: PortRecord, edges: Sequence[Edge]) -> dict[str, Any]:
    """Return a port (contract 5.2)."""
    connected = is_connected(node.id, port, edges)
    facts = _facts_of(port)
    return {
        **facts,
        "full_id": f"{node.id}__{port.id}",
        "connected": connected,
        "node": node.id,
        "hidden": facts["hidden"] and not connected,
    }


def _facts_of(port: PortRecord) -> Mapping[str, Any]:
    """Return what is said of a port whatever its node is and its wires are. Not to be changed."""
    # All nodes of a class share the records of its ports until something of their own is said about one.
    known = _facts.get(id(port))
    if known is not None and known[0] is port:
        return known[1]
    facts: dict[str, Any] = {
        "id": port.id,
        "name": _said(port.name, port.id),
        "type": _said(port.type, "Any"),
        "is_input": port.is_input,
        "does_trigger": _said(port.does_trigger, True),
        "render_options": _said(port.render_options, {}),
        "value_options": _said(port.value_options, {}),
        "hidden": _said(port.hidden, False),
        "emit_value_set": port.emit_value_set,
    }
    if port.is_input:
        facts["default"] = default_of(port)
        facts["required"] = _said(port.required, True)
    if len(_facts) >= _MAX_FACTS:
        _facts.clear()
    _facts[id(port)] = port, facts
    return facts


_MAX_FACTS = 2000
_facts: dict[int, tuple[PortRecord, Mapping[str, Any]]] = {}
"""By the identity of a record, which is kept alive here; used in the server's thread only."""


def default_of(port: PortRecord) -> Any:
    """Return what an input has while nobody set it."""
    return raw_choice(_said(port.default, _said(port.class_default, NO_VALUE)), port)


def is_connected(node: NodeId, port: PortRecord, edges: Sequence[Edge]) -> bool:
    """Tell whether an edge ends at this input or begins at this output; forwards count."""
    if not edges:
        return False
    if port.is_input:
        return any(edge.trg_node == node and edge.trg_port == port.id for edge in edges)
    return any(edge.src_node == node and edge.src_port == port.id for edge in edges)


def status(
    node: NodeRecord, ports: Iterable[PortRecord], edges: Sequence[Edge], board: Board
) -> dict[str, Any]:
    """Return what a node is doing and lacks (contract 5.3)."""
    state = board.state(node.id)
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    for port in ports:
        has_value = board.value(node.id, key_of(node.ports, port)) is not None
        one: dict[str, Any] = {"has_node": True, "connected": is_connected(node.id, port, edges)}
        if port.is_input:
            has_value = has_value or port.value is not UNSET or default_of(port) != NO_VALUE
            required: bool = _said(port.required, True)
            inputs[port.id] = {**one, "required": required, "has_value": has_value}
            inputs[port.id]["ready"] = has_value or not required
        else:
            # Its value is the time of the last run that went well.
            has_value = has_value or (port.id == TRIGGER_OUTPUT and _has_run(state))
            outputs[port.id] = {**one, "has_value": has_value, "ready": True}
    ready = all(one["ready"] for one in inputs.values())
    return {
        "ready": ready,
        "ready_state": {
            "inputs": {name: {"node": True, "value": one["has_value"]} for name, one in inputs.items()}
        },
        "in_trigger": state.status in ("marked", "running"),
        "requests_trigger": state.status == "marked",
        "inputs": inputs,
        "outputs": outputs,
    }


def _has_run(state: NodeState) -> bool:
    return state.figures.runs > 0 and state.error is None


def view_of(node: NodeRecord) -> dict[str, Any] | None:
    """Return place and size of a node, or None when it has no place yet."""
    if POSITION not in node.properties:
        return None
    view = {"pos": node.properties[POSITION], "size": node.properties.get(SIZE, [200, 250])}
    if COLLAPSED in node.properties:
        view["collapsed"] = node.properties[COLLAPSED]
    return view


def view_state(document: Document, render_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the view of the whole graph. A node without a place is left out: clients place it themselves."""
    views = {node.id: view for node in document.nodes.values() if (view := view_of(node)) is not None}
    return {"renderoptions": render_options, "nodes": views}


def groups(document: Document) -> dict[str, Any]:
    """Return all groups (contract 5.8)."""
    return {name: dump_group(group) for name, group in document.groups.items()}


def _said(value: Any | UnsetType, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value
